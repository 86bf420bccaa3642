"""CIFAR-10 through torchvision: given in a folder, or downloaded once, always checked."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torchvision.datasets import CIFAR10
from torchvision.datasets.utils import check_integrity

from ramble.errors import RambleError, check_count, check_number
from ramble.problems.downloads import data_folder

# Of pixel / 255 over all 50,000 training images, by channel: red, green, blue.
MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)


def cifar10_images(
    seed: int,
    name: str,
    dataset: int,
    data_root: str,
    train: int,
    test: int,
    validation: int = 0,
    mean: Sequence[float] = MEAN,
    std: Sequence[float] = STD,
) -> dict[str, Tensor]:
    """Return the first `train` training and the first `test` test images of CIFAR-10 with their labels.

    Images are (M, 3, 32, 32) uint8. Where `validation` is not 0, the last so many of the training images, which nothing
    trains on, are a third split. The normalisation goes with them, as `input_mean` and `input_std` (3,).

    Args:
        seed: unused; every data maker takes it.
        name: unused, likewise.
        dataset: must be 0, there is one CIFAR-10.
        data_root: folder in torchvision's layout (`cifar-10-batches-py/*`); the environment variable RAMBLE_DATA_ROOT
            overrides it. Only the folder named by `data_root` is ever downloaded into.
        train: number of training images, 1 to 50,000.
        test: number of test images, 1 to 10,000.
        validation: number of validation images; 50,000 less `train` at most.
        mean: of pixel / 255, by channel: what networks subtract.
        std: by which they divide the difference.

    Raises:
        RambleError: a file is missing, corrupt or cannot be downloaded; no images are asked for, more than there are,
            or an image for training and for validation; mean or deviation are not three such numbers.
    """
    sizes = {"train": train, "test": test}
    for split, size in sizes.items():
        check_count(f"data.arguments.{split}", size)
    check_count("data.arguments.validation", validation, least=0)
    for key, values, above in (("mean", mean, -torch.inf), ("std", std, 0)):
        if not isinstance(values, list | tuple) or len(values) != 3:
            raise RambleError(f"data.arguments.{key} = {values!r} is not three numbers, one a channel; correct them.")
        for value in values:
            check_number(f"data.arguments.{key}", value, above=above)
    folder = data_folder(data_root, "CIFAR-10", CIFAR10.base_folder, lambda place: CIFAR10(place, download=True))
    _check(folder)
    images, labels = _read(folder.parent, "train")
    tested = _read(folder.parent, "test")
    for split, own in (("train", images), ("test", tested[0])):
        if sizes[split] > len(own):
            raise RambleError(f"data.arguments.{split}: {sizes[split]} images asked for, CIFAR-10 has {len(own)}.")
    first = len(images) - validation
    if train > first:
        raise RambleError(
            f"data.arguments.validation: the last {validation} of CIFAR-10's {len(images)} training images cannot be "
            f"kept from the first {train}, which are trained on; ask for 0 to {len(images) - train}."
        )
    parts = {"train": (images[:train], labels[:train]), "test": (tested[0][:test], tested[1][:test])}
    if validation:
        parts["validation"] = images[first:], labels[first:]
    tensors = {
        f"{split}_{part}": values.clone()
        for split, both in parts.items()
        for part, values in zip(("images", "labels"), both, strict=True)
    }
    return tensors | {"input_mean": torch.tensor(mean), "input_std": torch.tensor(std)}


def _check(folder: Path) -> None:
    """Compare all files with torchvision's MD5 sums: pickles, which are opened only when they are the known ones."""
    known = [*CIFAR10.train_list, *CIFAR10.test_list, [CIFAR10.meta["filename"], CIFAR10.meta["md5"]]]
    for file, md5 in known:
        if not (folder / file).is_file():
            raise RambleError(
                f"{folder / file}: missing; put the files of CIFAR-10 (python version) there, or point "
                "RAMBLE_DATA_ROOT (or data_root in params.yaml) at a folder that holds cifar-10-batches-py/*."
            )
        if not check_integrity(str(folder / file), md5):
            raise RambleError(f"{folder / file}: corrupt (its MD5 sum is not {md5}); delete it and fetch it again.")


def _read(root: Path, split: str) -> tuple[Tensor, Tensor]:
    """Return all images (M, 3, 32, 32) and labels (M,) of a split, uint8."""
    found = CIFAR10(root, train=split == "train")
    return torch.from_numpy(found.data).permute(0, 3, 1, 2), torch.tensor(found.targets, dtype=torch.uint8)
