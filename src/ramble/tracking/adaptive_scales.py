"""What the tracker without tuning measures at the two ends of its path, so that nobody has to say it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ramble.problems.problem import Problem

TYPICAL = 10.0  # what the median margin comes to in the loss
SMALLEST = 0.01  # share of the root mean square of all weights that a layer's counts for at least
FACTORS = (1.0, 0.5, 0.25, 0.125)  # on the chord, for bends to start on
FAR_FEWER = 0.5  # of the errors in the middle of the chord: worth a contraction


@dataclass(frozen=True)
class Scales:
    """The units of a network.

    Attributes:
        sizes: (P,) root mean square of the weights of each one's layer: a step of Adam is a share of it.
        squares: (P,) squared norm of each one's layer. A gradient times these is a share of the layer, in whatever unit
            its weights are; before batch norm, what a step changes goes by its rate over the squared norm.
        gain: on the outputs in the loss, at least 1. Where margins are small for the network can make no large ones
            (committees), a loss without it also counts samples whose margin could not be wider.
    """

    sizes: Tensor
    squares: Tensor
    gain: float

    @classmethod
    def at(cls, problem: Problem, ends: Tensor, datasets: Tensor) -> "Scales":
        """Return the scales of two networks (2, P) on the data set (1,)."""
        exact = ends.double()
        least = SMALLEST * float(exact.square().mean().sqrt())
        sizes, squares = torch.empty_like(exact[0]), torch.empty_like(exact[0])
        for layer in problem.layers:
            own = exact[:, layer.columns]
            size = max(least, float(own.square().mean().sqrt()))
            sizes[layer.columns], squares[layer.columns] = size, own.shape[1] * size**2
        middle = float(problem.sample_margins(ends, datasets.expand(2)).median())
        return cls(sizes.to(ends.dtype), squares.to(ends.dtype), max(1.0, TYPICAL / middle) if middle > 0 else 1.0)


def contraction(problem: Problem, first: Tensor, last: Tensor, datasets: Tensor) -> float:
    """Return the factor on the chord between two networks (P,) for the bends of a path to start on.

    Units that saturate have no gradient where weights are large, and solutions that are far apart there are close
    where weights are small: the chord is contracted where its middle then makes far fewer errors.
    """
    middles = torch.stack([factor * torch.lerp(first, last, 0.5) for factor in FACTORS])
    errors = problem.evaluate(middles, datasets.expand(len(middles))).errors.tolist()
    fewest = min(errors)
    return FACTORS[errors.index(fewest)] if fewest < FAR_FEWER * errors[0] else 1.0
