"""Residual networks for images of 32 x 32 pixels (He et al. 2015, section 4.2)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from ramble.errors import RambleError
from ramble.problems.batch_norm import BatchNorm
from ramble.problems.images import ImageProblem

WIDTHS = (16, 32, 64)  # channels of the three stages, on maps of 32, 16 and 8 pixels


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions, each with batch norm, beside a shortcut without weights (option A).

    Where the width doubles, the first convolution and the shortcut leave out every second pixel, and channels of zeros
    are added to the shortcut, half of them on either side.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.stride = 1 if inputs == outputs else 2
        self.added = (outputs - inputs) // 2
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=self.stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps (M, outputs, H / stride, W / stride) of maps (M, inputs, H, W)."""
        inner = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(maps)))))
        if self.stride > 1:
            maps = functional.pad(maps[:, :, ::2, ::2], (0, 0, 0, 0, self.added, self.added))
        return functional.relu(inner + maps)


class ResNet(nn.Module):
    """A residual network of 6 n + 2 layers: 269,722 weights for 20 layers, 853,018 for 56.

    Logits (M, 10) of images (M, 3, 32, 32). A convolution, three stages of n blocks, the mean over pixels, a linear
    layer. Kaiming weights (normal). Modules have the names that public implementations for CIFAR-10 give them, so that
    their checkpoints can be read.

    Args:
        depth: 20, 32, 44, 56, 110 or another 6 n + 2.
    """

    def __init__(self, depth: int) -> None:
        super().__init__()
        blocks = (depth - 2) // 6
        self.conv1 = nn.Conv2d(3, WIDTHS[0], 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTHS[0])
        self.layer1, self.layer2, self.layer3 = (
            nn.Sequential(BasicBlock(before, width), *(BasicBlock(width, width) for _ in range(blocks - 1)))
            for before, width in zip((WIDTHS[0], *WIDTHS), WIDTHS, strict=False)
        )
        self.linear = nn.Linear(WIDTHS[-1], 10)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (M, 10) of images (M, 3, 32, 32)."""
        maps = functional.relu(self.bn1(self.conv1(images)))
        maps = self.layer3(self.layer2(self.layer1(maps)))
        logits: Tensor = self.linear(maps.mean((2, 3)))
        return logits


class ResNetProblem(ImageProblem):
    """A residual network on one set of colour images; see `ImageProblem` for the data.

    Args:
        datasets: one data set, of images of 32 x 32 pixels.
        depth: layers, 6 n + 2.
        batch_norm: how batch norm is treated; see `NetworkProblem`.
        device: where images and weights live.

    Raises:
        RambleError: a depth that is not 6 n + 2; what `ImageProblem` refuses.
    """

    def __init__(
        self,
        datasets: Sequence[dict[str, Tensor]],
        *,
        depth: int = 20,
        batch_norm: BatchNorm = "reestimate",
        device: torch.device | str = "cpu",
    ) -> None:
        if not isinstance(depth, int) or isinstance(depth, bool) or depth < 8 or depth % 6 != 2:
            raise RambleError(f"problem.arguments.depth = {depth!r} is not 6 n + 2; give 20, 32, 44, 56 or 110.")
        self._depth = depth
        super().__init__(datasets, size=(3, 32, 32), device=device, batch_norm=batch_norm)

    def build_network(self) -> nn.Module:
        """Return a residual network with fresh Kaiming weights."""
        return ResNet(self._depth)
