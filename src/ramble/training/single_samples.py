"""Stochastic gradient descent by one sample a step, many walks side by side, in float64."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ramble.problems.finite_sums import FiniteSum


@dataclass(frozen=True)
class Walks:
    """What walks side by side went through.

    Attributes:
        steps: (T,) numbers of the steps before which a point was kept, from 0; the number of all steps is the last.
        points: (T, R, P), the points kept.
        squares: (K, R), |grad F|^2 before each step.
    """

    steps: Tensor
    points: Tensor
    squares: Tensor


def walk(
    objective: FiniteSum,
    starts: Tensor,
    rates: Tensor,
    drawn: Tensor | None,
    kept: Sequence[int] | None = None,
) -> Walks:
    """Return the walks w <- w - a_k g from some starts.

    Args:
        objective: F.
        starts: (R, P).
        rates: a_k (K, R).
        drawn: (K, R), the sample whose gradient is g; None: g is grad F, the gradient of all samples.
        kept: steps before which points are kept; if None, all.
    """
    weights, (steps, walks) = starts.double(), rates.shape
    wanted = set(range(steps) if kept is None else kept)
    rows, points, squares = torch.arange(walks), [], torch.empty(steps, walks, dtype=torch.float64)
    for step in range(steps):
        if step in wanted:
            points.append(weights)
        gradients = objective.gradients(weights)
        whole = gradients.mean(1)
        squares[step] = whole.square().sum(1)
        taken = whole if drawn is None else gradients[rows, drawn[step]]
        weights = weights - rates[step].unsqueeze(1) * taken
    points.append(weights)
    return Walks(torch.tensor([*sorted(wanted & set(range(steps))), steps]), torch.stack(points), squares)


def draws(objective: FiniteSum, steps: int, walks: int, order: torch.Generator) -> Tensor:
    """Return a sample for each step and walk (K, R), drawn with replacement."""
    return torch.randint(objective.samples, (steps, walks), generator=order)


def faded(rate: float, power: float, delay: float, steps: int) -> Tensor:
    """Return a_k = rate (1 + k / delay)^(-power) for k = 0 .. steps - 1, as (steps,).

    The sum of a_k is infinite for powers up to 1, that of their squares finite for powers above 1 / 2.
    """
    return rate * (1 + torch.arange(steps, dtype=torch.float64) / delay) ** -power
