"""The convolutional network of Carlini & Wagner (2017, table I) for CIFAR-10."""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ramble.errors import check_count
from ramble.problems.images import ImageProblem


class CarliniNet(nn.Sequential):
    """Convolutions 64, 64, pooling, 128, 128, pooling, then 256-256-10: 1,147,978 weights at the width of 64.

    Logits (M, 10) of images (M, 3, 32, 32). Kernels of 3 x 3 without padding, 2 x 2 max-pooling, ReLU, half of the
    units dropped after the first linear layer in training. Kaiming weights (normal), zero biases.

    Args:
        width: channels of the first two convolutions; the next two have twice as many, linear layers four times.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__(
            OrderedDict(
                conv1=nn.Conv2d(3, width, 3),
                relu1=nn.ReLU(),
                conv2=nn.Conv2d(width, width, 3),
                relu2=nn.ReLU(),
                pool1=nn.MaxPool2d(2),
                conv3=nn.Conv2d(width, 2 * width, 3),
                relu3=nn.ReLU(),
                conv4=nn.Conv2d(2 * width, 2 * width, 3),
                relu4=nn.ReLU(),
                pool2=nn.MaxPool2d(2),
                flatten=nn.Flatten(),
                fc1=nn.Linear(50 * width, 4 * width),
                relu5=nn.ReLU(),
                dropout=nn.Dropout(0.5),
                fc2=nn.Linear(4 * width, 4 * width),
                relu6=nn.ReLU(),
                fc3=nn.Linear(4 * width, 10),
            )
        )
        for module in self:
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight)
                assert module.bias is not None
                nn.init.zeros_(module.bias)


class CarliniProblem(ImageProblem):
    """The network on one set of colour images; see `ImageProblem` for the data.

    Args:
        datasets: one data set, of images of 32 x 32 pixels.
        width: channels of the first convolution; 64 in print.
        device: where images and weights live.

    Raises:
        RambleError: a width that is no whole number of at least 1; what `ImageProblem` refuses.
    """

    def __init__(
        self, datasets: Sequence[dict[str, Tensor]], *, width: int = 64, device: torch.device | str = "cpu"
    ) -> None:
        check_count("problem.arguments.width", width)
        self._width = width
        super().__init__(datasets, size=(3, 32, 32), device=device)

    def build_network(self) -> nn.Module:
        """Return a network with fresh Kaiming weights."""
        return CarliniNet(self._width)
