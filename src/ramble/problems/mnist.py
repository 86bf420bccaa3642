"""MNIST through torchvision: given in a folder, or downloaded once, always checked."""

import shutil
import tempfile
import warnings
from pathlib import Path

import torch
from torch import Tensor
from torchvision.datasets import MNIST
from torchvision.datasets.utils import check_integrity

from ramble.errors import RambleError, check_count
from ramble.problems.downloads import data_folder


def mnist_images(
    seed: int, name: str, dataset: int, data_root: str, train: int, test: int, validation: int = 0
) -> dict[str, Tensor]:
    """Return the first `train` training and the first `test` test images of MNIST, uint8, with their labels.

    Where `validation` is not 0, the last so many of the training images, which nothing trains on, are a third split.

    Args:
        seed: unused; every data maker takes it.
        name: unused, likewise.
        dataset: must be 0, there is one MNIST.
        data_root: folder in torchvision's layout (`MNIST/raw/*.gz`); the environment variable RAMBLE_DATA_ROOT
            overrides it. Only the folder named by `data_root` is ever downloaded into.
        train: number of training images, 1 to 60,000.
        test: number of test images, 1 to 10,000.
        validation: number of validation images; 60,000 less `train` at most.

    Raises:
        RambleError: a file is missing, corrupt or cannot be downloaded; no images are asked for, more than there are,
            or an image for training and for validation.
    """
    sizes = {"train": train, "test": test}
    for split, size in sizes.items():
        check_count(f"data.arguments.{split}", size)
    check_count("data.arguments.validation", validation, least=0)
    folder = data_folder(data_root, "MNIST", "MNIST/raw", lambda place: MNIST(place, download=True))
    _check(folder)
    with tempfile.TemporaryDirectory() as scratch:
        # torchvision unpacks beside the archives; a given folder may be read-only, so it unpacks copies
        raw = Path(scratch) / "MNIST" / "raw"
        raw.mkdir(parents=True)
        for file, _ in MNIST.resources:
            shutil.copyfile(folder / file, raw / file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torchvision's own, about read-only arrays
            sets = {split: MNIST(scratch, train=split == "train", download=True) for split in ("train", "test")}
    for split, size in sizes.items():
        if size > len(sets[split]):
            raise RambleError(f"data.arguments.{split}: {size} images asked for, MNIST has {len(sets[split])}.")
    first = len(sets["train"]) - validation
    if train > first:
        raise RambleError(
            f"data.arguments.validation: the last {validation} of MNIST's {len(sets['train'])} training images cannot "
            f"be kept from the first {train}, which are trained on; ask for 0 to {len(sets['train']) - train}."
        )
    parts = {split: (sets[split], slice(size)) for split, size in sizes.items()}
    if validation:
        parts["validation"] = sets["train"], slice(first, None)
    return {
        f"{split}_{part}": values[rows].clone().to(torch.uint8)
        for split, (images, rows) in parts.items()
        for part, values in (("images", images.data), ("labels", images.targets))
    }


def _check(folder: Path) -> None:
    """Compare the four archives with torchvision's MD5 sums."""
    for file, md5 in MNIST.resources:
        if not (folder / file).is_file():
            raise RambleError(
                f"{folder / file}: missing; put MNIST's four .gz files there, or point RAMBLE_DATA_ROOT (or data_root "
                "in params.yaml) at a folder that holds MNIST/raw/*.gz."
            )
        if not check_integrity(str(folder / file), md5):
            raise RambleError(f"{folder / file}: corrupt (its MD5 sum is not {md5}); delete it and fetch it again.")
