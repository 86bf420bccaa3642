"""What meets in a network: activations, weights and constants; and how a proof gives up on one."""

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

from ramble.certificates.affine import Entries, Form, Piece, Weights

# Activations, weights along the segment, or a constant.
Value = Form | Weights | Tensor
Number = int | float


class NotUnderstoodError(Exception):
    """A network, or a part of one, that the proof does not know; the text says which and why."""


class Place(Protocol):
    """Where in the network and on which piece of the segment an operation is done."""

    shape: tuple[int, ...]  # of its result without the sample axis

    def piece(self, weight: Value, bias: Value | None, matrix: Callable[[Tensor], Tensor]) -> Piece:
        """Return a layer's weights, as the matrix (..., O, n) and (..., O) that `matrix` makes of each tensor."""

    def entries(self, weight: Weights) -> Entries:
        """Return weights that are taken entry by entry."""


def expect(condition: bool, otherwise: str) -> None:
    """Give up on an operation unless a condition holds; `otherwise` names what is not understood."""
    if not condition:
        raise NotUnderstoodError(otherwise)
