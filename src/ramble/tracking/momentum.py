"""Momentum on the bends of paths, for gradients of batches (Nesterov 1983; Sutskever et al. 2013)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ramble.training.step import nesterov

MOMENTUM = 0.9


@dataclass(frozen=True)
class Rolling:
    """Bends, and the sum of their gradients that goes on with them."""

    bends: Tensor  # (bends, P)
    velocity: Tensor  # (bends, P)

    def step(self, gradients: Tensor, rates: Tensor) -> "Rolling":
        """Take one step; the rates are (P,), one for every weight."""
        return Rolling(*nesterov(self.bends, self.velocity, gradients, rates, MOMENTUM))


def standing(bends: Tensor) -> Rolling:
    """Return bends (bends, P) before their first step."""
    return Rolling(bends, torch.zeros_like(bends))
