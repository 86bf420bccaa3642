"""CIFAR-10 through torchvision: given in a folder, or downloaded once, always checked."""

import os
import tempfile
from pathlib import Path

import torch
from torch import Tensor
from torchvision.datasets import CIFAR10
from torchvision.datasets.utils import check_integrity

from ramble.errors import RambleError, check_count
from ramble.store.places import expanded

FOLDER = CIFAR10.base_folder  # in the data root
# of pixel / 255 by channel, over all 50,000 training images
MEAN, DEVIATION = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)


def cifar_images(
    seed: int, name: str, dataset: int, data_root: str, train: int, test: int, validation: int = 0
) -> dict[str, Tensor]:
    """Return the first `train` training and the first `test` test images (M, 3, 32, 32), uint8, with their labels.

    Where `validation` is not 0, the last so many of the training images, which nothing trains on, are a third split.
    The means and deviations that networks normalise by, `input_mean` and `input_std` (3,), are among the tensors.

    Args:
        seed: unused; every data maker takes it.
        name: unused, likewise.
        dataset: must be 0, there is one CIFAR-10.
        data_root: folder in torchvision's layout (`cifar-10-batches-py/*`); the environment variable RAMBLE_DATA_ROOT
            overrides it. Only the folder named by `data_root` is ever downloaded into.
        train: number of training images, 1 to 50,000.
        test: number of test images, 1 to 10,000.
        validation: number of validation images; 50,000 less `train` at most.

    Raises:
        RambleError: a file is missing, corrupt or cannot be downloaded; no images are asked for, more than there are,
            or an image for training and for validation.
    """
    check_count("data.arguments.train", train)
    check_count("data.arguments.test", test)
    check_count("data.arguments.validation", validation, least=0)
    if not isinstance(data_root, str | Path):
        raise RambleError(f"data.arguments.data_root = {data_root!r} is not the name of a folder; correct the value.")
    given = os.environ.get("RAMBLE_DATA_ROOT")
    root = expanded(given or data_root)
    if not given and not (root / FOLDER).exists():
        _download(root)
    _check(root / FOLDER)
    sets = {split: CIFAR10(str(root), train=split == "train") for split in ("train", "test")}
    parts = {"train": (sets["train"], slice(train)), "test": (sets["test"], slice(test))}
    for split, (images, rows) in parts.items():
        if rows.stop > len(images):
            raise RambleError(f"data.arguments.{split}: {rows.stop} images asked for, CIFAR-10 has {len(images)}.")
    first = len(sets["train"]) - validation
    if train > first:
        raise RambleError(
            f"data.arguments.validation: the last {validation} of CIFAR-10's {len(sets['train'])} training images "
            f"cannot be kept from the first {train}, which are trained on; ask for 0 to {len(sets['train']) - train}."
        )
    if validation:
        parts["validation"] = sets["train"], slice(first, None)
    tensors = {"input_mean": torch.tensor(MEAN), "input_std": torch.tensor(DEVIATION)}
    for split, (images, rows) in parts.items():
        tensors[f"{split}_images"] = torch.from_numpy(images.data[rows]).permute(0, 3, 1, 2).contiguous()
        tensors[f"{split}_labels"] = torch.tensor(images.targets[rows])
    return tensors


def _check(folder: Path) -> None:
    """Compare the files with torchvision's MD5 sums: they are pickled, and nothing else is ever read."""
    files = [*CIFAR10.train_list, *CIFAR10.test_list, [CIFAR10.meta["filename"], CIFAR10.meta["md5"]]]
    for file, md5 in files:
        if not (folder / file).is_file():
            raise RambleError(
                f"{folder / file}: missing; put CIFAR-10's files for Python there, or point RAMBLE_DATA_ROOT (or "
                f"data_root in params.yaml) at a folder that holds {FOLDER}/."
            )
        if not check_integrity(str(folder / file), md5):
            raise RambleError(f"{folder / file}: corrupt (its MD5 sum is not {md5}); delete it and fetch it again.")


def _download(root: Path) -> None:
    """Fetch CIFAR-10 aside, then rename, so that a download that failed leaves no half of it behind."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root, prefix=".cifar-partial-") as scratch:
            CIFAR10(scratch, download=True)
            (Path(scratch) / FOLDER).rename(root / FOLDER)
    except (OSError, RuntimeError) as error:
        raise RambleError(
            f"{root}/{FOLDER}: the download failed ({error}); connect to the network, or point RAMBLE_DATA_ROOT at a "
            f"folder that holds {FOLDER}/."
        ) from error
