"""Images changed at random on the device: flips, and cuts out of a larger frame."""

import torch
from torch import Tensor
from torch.nn import functional

from ramble.training.run_settings import Augmentation


def augmented(images: Tensor, wanted: Augmentation) -> Tensor:
    """Return images (B, C, H, W) changed at random, each in its own way, by torch's global generator on the CPU.

    Args:
        images: on any device.
        wanted: what is done to them.
    """
    count, _, height, width = images.shape
    rows, columns = (torch.arange(size).expand(count, size) for size in (height, width))
    if wanted.flip:
        flipped = torch.rand(count, 1) < 0.5
        columns = torch.where(flipped, columns.flip(1), columns)
    if wanted.crop:
        down, right = torch.randint(2 * wanted.crop + 1, (2, count, 1))
        rows, columns = rows + down, columns + right
        images = functional.pad(images, [wanted.crop] * 4)
    if not (wanted.flip or wanted.crop):
        return images
    rows, columns = rows.to(images.device), columns.to(images.device)
    each = torch.arange(count, device=images.device).view(-1, 1, 1)
    return images.permute(0, 2, 3, 1)[each, rows[:, :, None], columns[:, None]].permute(0, 3, 1, 2)
