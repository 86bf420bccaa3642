"""Gradient steps that were too long: weights that are no numbers any more end a run, and the rate is named."""

import torch
from torch import Tensor

from ramble.errors import RambleError


class DivergedError(RambleError):
    """Weights are no longer finite; the sentence begins with the key of the rate."""


def finite_rows(weights: Tensor) -> Tensor:
    """Tell which rows of (B, ...) hold finite numbers only; (B,) bool."""
    return torch.isfinite(weights).flatten(1).all(1)


def refuse_divergence(weights: Tensor, key: str, rate: float, when: str) -> None:
    """Raise DivergedError unless all weights are finite.

    Args:
        weights: of any shape.
        key: of the rate in the parameters.
        rate: its value.
        when: completes the sentence: "in step 3".
    """
    if not bool(torch.isfinite(weights).all()):
        raise DivergedError(f"{key} = {rate:g} is too large: the weights are no longer finite {when}; lower {key}.")
