"""A convolution of one-channel images, 2 x 2 max-pooling and ReLU in one step, for a CPU.

The four outputs that one maximum is taken of are four kernels on one larger window of pixels: convolution and pooling
become a convolution of stride 2 with four times the kernels, and the maximum of four whole maps. With few channels the
pooling is what takes the time otherwise: a forward pass of LeNet5 takes 0.55 of the time (100 images, one thread).
"""

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional


def pooled_convolution(images: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return maps (n, C, H / 2, H / 2), with the channels innermost in memory: the next convolution is faster so.

    Args:
        images: (n, 1, H, H), H even.
        weight: (C, 1, k, k), for padding (k - 1) / 2.
        bias: (C,).
    """
    channels, _, size, _ = weight.shape
    images = images.squeeze(1).unsqueeze(1)  # strides that say: channels first
    kernels = kernels_at_places(weight).view(-1, 1, size + 1, size + 1)
    outputs = functional.conv2d(images, kernels, stride=2, padding=size // 2)
    windows = outputs.view(len(images), 4, channels, -1)
    maps = torch.add(windows.amax(1), bias.unsqueeze(1)).relu_()
    return maps.view(-1, channels, *outputs.shape[2:]).contiguous(memory_format=torch.channels_last)


def kernels_at_places(weight: Tensor) -> Tensor:
    """Return kernels (C, 1, k, k) at the four places in a larger window, (4 C, (k + 1)^2)."""
    channels, _, size, _ = weight.shape
    kernels = (weight.reshape(channels, -1) @ _places(size).to(weight)).view(channels, 4, -1)
    return kernels.transpose(0, 1).reshape(4 * channels, -1)


def sum_of_places(kernels: Tensor, shape: torch.Size) -> Tensor:
    """Return (4 C, (k + 1)^2) as (C, 1, k, k), the transpose of `kernels_at_places`."""
    kernels = kernels.view(4, shape[0], -1).transpose(0, 1).reshape(shape[0], -1)
    return (kernels @ _places(shape[-1]).to(kernels).T).view(shape)


def to_winners(windows: Tensor, largest: Tensor, values: Tensor) -> Tensor:
    """Return the values at the first of equal maxima, else 0: (4, C, places), in the memory of `windows`.

    Args:
        windows: (4, C, places), overwritten: memory is what takes time.
        largest: (C, places), their maxima.
        values: (C, places), overwritten.
    """
    winners = windows.eq_(largest)  # 1 at all of equal maxima
    for place in winners:
        values -= place.mul_(values)
    return winners


@cache
def _places(size: int) -> Tensor:
    """Return the map (k^2, 4 (k + 1)^2) from a kernel to itself at the four places in a larger window."""
    kernels = torch.eye(size * size).view(-1, size, size)
    sides = [(column, 1 - column, row, 1 - row) for row in (0, 1) for column in (0, 1)]
    return torch.stack([functional.pad(kernels, side).flatten(1) for side in sides], dim=1).flatten(1)


def patches(images: Tensor, size: int) -> Tensor:
    """Return the pixels under the window of every pooled place, ((k + 1)^2, n, places).

    All of a pixel's places stand side by side: one product with all of them takes less time than one per image.
    """
    border = size // 2
    padded = functional.pad(images.squeeze(1), (border, border, border, border))
    count, height, width = padded.shape
    rows, columns = (height - size + 1) // 2, (width - size + 1) // 2
    windows = padded.as_strided((size + 1, size + 1, count, rows, columns), (width, 1, height * width, 2 * width, 2))
    return windows.reshape((size + 1) ** 2, count, rows * columns)
