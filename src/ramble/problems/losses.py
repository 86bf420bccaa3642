"""The losses that a problem may have: their means, and their first and second derivatives in the logits.

Margins, and with them membership in the solution space, do not depend on the loss.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from ramble.errors import RambleError
from ramble.problems.margins import curved, loss_signals, mean_loss


class Loss(ABC):
    """The mean over the samples of a function of one sample's logits and class."""

    name: ClassVar[str]
    # may a derivative in the logits be a difference of nearly equal numbers, and so mostly rounding?
    cancels: ClassVar[bool]

    @abstractmethod
    def mean(self, outputs: Tensor, labels: Tensor, output_gain: float = 1.0) -> Tensor:
        """Return the mean loss (...) of logits (..., M, C) times a gain, for classes broadcastable to (..., M)."""

    @abstractmethod
    def signals(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the derivative (B, C) of each sample's loss in its logits (B, C)."""

    @abstractmethod
    def curved(self, logits: Tensor, tangents: Tensor) -> Tensor:
        """Return the second derivative of the mean loss in each sample's logits (B, C), times tangents (B, C)."""


class CrossEntropy(Loss):
    """-log of the softmax of the true class; of one logit z, as (0, z), the binary cross-entropy."""

    name = "cross-entropy"
    cancels = False

    def mean(self, outputs: Tensor, labels: Tensor, output_gain: float = 1.0) -> Tensor:
        """Return it as `margins.mean_loss` does; outputs of a binary network (..., M) have labels +-1.0."""
        return mean_loss(outputs, labels, output_gain)

    def signals(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return p - y, with p the softmax and y one-hot."""
        return loss_signals(logits, labels)

    def curved(self, logits: Tensor, tangents: Tensor) -> Tensor:
        """Return (diag p - p p^T) t / B."""
        return curved(logits.softmax(1), tangents)


class SquaredError(Loss):
    """Half of |z - y|^2, with y one-hot: 0.5 sum_c (z_c - y_c)^2, summed over the classes.

    It is C / 2 times torch's MSELoss on one-hot rows, which is a mean over the classes too. Of a network with a single
    logit z it is 0.5 (z - y)^2 with y = +-1, so that the sign of z still decides.

    Args:
        single: does the network have a single logit, which stands here as (0, z)?
    """

    name = "squared-error"
    cancels = True  # z - y, where the network has learned its targets

    def __init__(self, *, single: bool) -> None:
        self._single = single

    def mean(self, outputs: Tensor, labels: Tensor, output_gain: float = 1.0) -> Tensor:
        """Return the mean; NaN or infinite where logits are."""
        return 0.5 * self._misses(output_gain * outputs, labels).square().sum(-1).mean(-1)

    def signals(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return z - y; of a single logit -(z - y) and z - y."""
        misses = self._misses(logits, labels)
        return torch.cat([-misses, misses], -1) if self._single else misses

    def curved(self, logits: Tensor, tangents: Tensor) -> Tensor:
        """Return t / B; of a single logit what the difference of the two moves."""
        if self._single:
            moves = tangents[:, 1:] - tangents[:, :1]
            tangents = torch.cat([-moves, moves], 1)
        return tangents / len(logits)

    def _misses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return z - y (..., M, C), or (..., M, 1) of a single logit."""
        classes = labels.expand(logits.shape[:-1]).unsqueeze(-1)
        if self._single:
            return logits[..., 1:] - logits[..., :1] - (2 * classes - 1).to(logits.dtype)
        return logits - torch.zeros_like(logits).scatter(-1, classes, 1.0)


CROSS_ENTROPY = CrossEntropy()
NAMES = (CrossEntropy.name, SquaredError.name)


def loss_called(where: str, name: str, *, single: bool) -> Loss:
    """Return the loss with this name for a network with a single logit, or with several.

    Raises RambleError, which names `where`, for another name.
    """
    if name not in NAMES:
        raise RambleError(f"{where}: loss '{name}' is unknown; there are {' and '.join(NAMES)}.")
    return CROSS_ENTROPY if name == CrossEntropy.name else SquaredError(single=single)
