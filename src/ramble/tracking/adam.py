"""Adam on the bends of paths (Kingma & Ba 2015, Algorithm 1)."""

from dataclasses import dataclass

import torch
from torch import Tensor

MOMENTUM, SQUARES, TINY = 0.9, 0.999, 1e-8  # as published


@dataclass(frozen=True)
class Training:
    """The bends of B paths and what Adam remembers of their gradients."""

    bends: Tensor  # (B, bends, P)
    means: Tensor  # (B, bends, P)
    squares: Tensor  # (B, bends, P)
    count: int  # steps so far

    def step(self, gradients: Tensor, rate: float | Tensor) -> "Training":
        """Take one step; the rate is one number, or (P,) one for every weight."""
        count = self.count + 1
        means = torch.lerp(gradients, self.means, MOMENTUM)
        squares = torch.lerp(gradients**2, self.squares, SQUARES)
        scale = (squares / (1 - SQUARES**count)).sqrt() + TINY
        return Training(self.bends - rate / (1 - MOMENTUM**count) * means / scale, means, squares, count)

    def select(self, rows: Tensor) -> "Training":
        """Return the training of some of the paths only."""
        return Training(self.bends[rows], self.means[rows], self.squares[rows], self.count)


def at_rest(bends: Tensor) -> Training:
    """Return bends (B, bends, P) before their first step."""
    return Training(bends, torch.zeros_like(bends), torch.zeros_like(bends), 0)
