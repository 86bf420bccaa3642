"""Networks on colour images: pixels as they were taken, and the normalisation that belongs to them."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ramble.errors import RambleError
from ramble.problems.batch_norm import BatchNorm
from ramble.problems.checks import tensor_called
from ramble.problems.network import NetworkProblem
from ramble.problems.problem import Split


class ImageProblem(NetworkProblem):
    """A network on one set of images with channels; subclasses say which network.

    The network sees (pixel / 255 - mean) / deviation, by channel.

    Args:
        datasets: one dictionary with `train_images` (M, C, H, W) uint8, `train_labels` (M,), the same for `test` and
            for `validation` where there are any, and `input_mean` and `input_std`, (C,), as numbers of pixel / 255.
        size: C, H and W that the network takes.
        device: where images and weights live.
        batch_norm: see `NetworkProblem`.

    Raises:
        RambleError: images are not uint8, and would be normalised twice, or are of another size; means or deviations
            are none; what `NetworkProblem` refuses.
    """

    def __init__(
        self,
        datasets: Sequence[dict[str, Tensor]],
        *,
        size: tuple[int, int, int],
        device: torch.device | str = "cpu",
        batch_norm: BatchNorm | None = None,
    ) -> None:
        where = f"problem {type(self).__name__}"
        if len(datasets) != 1:
            raise RambleError(f"{where}: takes one data set and is given {len(datasets)}; give one.")
        (tensors,) = datasets
        wanted: tuple[Split, ...] = ("train", "validation", "test")
        splits = [split for split in wanted if split == "train" or f"{split}_images" in tensors]
        mean, deviation = (_by_channel(where, tensors, name, size[0]) for name in ("input_mean", "input_std"))
        if not (deviation > 0).all():
            raise RambleError(f"{where}: input_std holds {float(deviation.min())}; give positive deviations.")

        def normalised(split: str) -> Tensor:
            images = tensor_called(where, tensors, f"{split}_images")
            _refuse_other_images(where, f"{split}_images", images, size)
            return (images.float() / 255 - mean) / deviation

        labels = {split: tensor_called(where, tensors, f"{split}_labels") for split in splits}
        super().__init__({split: (normalised(split), labels[split]) for split in splits}, device, batch_norm=batch_norm)
        own = {"input_mean": mean, "input_std": deviation}
        self.metadata |= {name: [round(number, 6) for number in each.flatten().tolist()] for name, each in own.items()}


def _by_channel(where: str, tensors: dict[str, Tensor], name: str, channels: int) -> Tensor:
    """Return one number for each channel (C, 1, 1), float32."""
    values = tensor_called(where, tensors, name)
    if tuple(values.shape) != (channels,) or not values.isfinite().all():
        raise RambleError(f"{where}: {name} is {values.tolist()}; give {channels} finite numbers, one a channel.")
    return values.float().view(-1, 1, 1)


def _refuse_other_images(where: str, name: str, images: Tensor, size: tuple[int, int, int]) -> None:
    if images.dtype != torch.uint8:
        raise RambleError(
            f"{where}: {name} are {images.dtype}, not raw pixels (uint8), and would be normalised twice; let the data "
            "maker return them as they are."
        )
    if tuple(images.shape[1:]) != size:
        raise RambleError(
            f"{where}: {name} have the shape {tuple(images.shape)}; give (M, {', '.join(map(str, size))})."
        )
