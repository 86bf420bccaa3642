"""What a step of gradient descent does to the loss, beside what the theorems allow.

The statements are those of Bottou, Curtis & Nocedal, Optimization Methods for Large-Scale Machine Learning, SIAM
Review 60 (2018): the descent lemma (4.3), Lemma 4.2 (in expectation) and Lemma 4.4 (by M and M_G). Expectations are
over the draw of one sample and exact: all n samples are taken.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from ramble.problems.finite_sums import FiniteSum

CHUNK = 64  # points whose n next points are held at a time
HESSIANS = 1024  # held at a time


@dataclass(frozen=True)
class Moments:
    """Of the gradient of one sample drawn uniformly, at points (...): |grad F|^2 and E|g - grad F|^2."""

    square: Tensor
    variance: Tensor

    @property
    def second(self) -> Tensor:
        """E|g|^2."""
        return self.square + self.variance


def moments(objective: FiniteSum, weights: Tensor) -> Moments:
    """Return the moments at points (..., P)."""
    gradients = objective.gradients(weights)
    whole = gradients.mean(-2)
    variance = (gradients - whole.unsqueeze(-2)).square().sum(-1).mean(-1)
    return Moments(whole.square().sum(-1), variance)


def descent_bound(objective: FiniteSum, weights: Tensor, moves: Tensor, smoothness: float | Tensor) -> Tensor:
    """Return F(w) + grad F(w) d + L |d|^2 / 2, which F(w + d) does not exceed, at points and moves (..., P)."""
    along = (objective.gradient(weights) * moves).sum(-1)
    return objective.value(weights) + along + smoothness / 2 * moves.square().sum(-1)


def expected_change(objective: FiniteSum, weights: Tensor, rate: float) -> Tensor:
    """Return E F(w - a g) - F(w) (T,) at points (T, P), exactly."""
    changes = []
    for some in torch.split(weights, CHUNK):
        after = objective.value(some.unsqueeze(1) - rate * objective.gradients(some)).mean(1)
        changes.append(after - objective.value(some))
    return torch.cat(changes)


def bound_in_expectation(at: Moments, rate: float, smoothness: float) -> Tensor:
    """Return -a |grad F|^2 + a^2 L E|g|^2 / 2: the expected change of the loss is no larger."""
    return -rate * at.square + rate**2 * smoothness / 2 * at.second


def bound_by_moments(square: Tensor, rate: float, smoothness: float, bounds: "MomentBounds") -> Tensor:
    """Return -(1 - a L M_G / 2) a |grad F|^2 + a^2 L M / 2: the expected change of the loss is no larger."""
    return _slope(square, rate, smoothness, bounds) + rate**2 * smoothness * bounds.constant / 2


def bound_as_printed(square: Tensor, rate: float, smoothness: float, bounds: "MomentBounds") -> Tensor:
    """Return the same with a L M / 2 as its last term, without the square on the step size."""
    return _slope(square, rate, smoothness, bounds) + rate * smoothness * bounds.constant / 2


def _slope(square: Tensor, rate: float, smoothness: float, bounds: "MomentBounds") -> Tensor:
    return -(1 - rate * smoothness * bounds.slope / 2) * rate * square


@dataclass(frozen=True)
class MomentBounds:
    """E|g|^2 <= M + M_G |grad F|^2.

    Attributes:
        constant: M.
        slope: M_G, at least 1, for E|g|^2 is |grad F|^2 plus a variance.
    """

    constant: float
    slope: float

    def holds(self, at: Moments) -> Tensor:
        """Tell at which points it holds, as booleans (...); the last bits are rounding."""
        return at.second <= (self.constant + self.slope * at.square) * (1 + 1e-12)


def fit_moments(at: Moments) -> MomentBounds:
    """Return the M >= 0 and M_G >= 1 that hold at all points and exceed E|g|^2 by the least on average.

    The best line above points (x, y) lies on an edge of their upper hull, that over the mean of x; its slope and its
    value at 0 must not be negative.
    """
    x, y = (values.flatten().double() for values in (at.square, at.variance))
    hull = _upper_hull(zip(x.tolist(), y.tolist(), strict=True))
    middle = float(x.mean())
    edges = [(a, b) for a, b in pairwise(hull) if b[0] >= middle]
    slope = max(0.0, (edges[0][1][1] - edges[0][0][1]) / (edges[0][1][0] - edges[0][0][0])) if edges else 0.0
    constant = float((y - slope * x).max())
    if constant < 0:
        constant, slope = 0.0, float((y / x).max())
    return MomentBounds(constant, 1 + slope)


Point = tuple[float, float]


def _upper_hull(points: Iterable[Point]) -> list[Point]:
    """Return the corners of the least concave function above some points, from left to right."""
    hull: list[Point] = []
    highest: dict[float, float] = {}
    for x, y in points:
        highest[x] = max(y, highest.get(x, y))
    for point in sorted(highest.items()):
        while len(hull) > 1 and _below(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    return hull


def _below(first: Point, middle: Point, last: Point) -> bool:
    """Tell whether a point lies on the line between two others or below it."""
    return (middle[1] - first[1]) * (last[0] - first[0]) <= (last[1] - first[1]) * (middle[0] - first[0])


def segment_curvature(objective: FiniteSum, weights: Tensor, moves: Tensor, looks: int = 5) -> Tensor:
    """Return the largest second derivative in any direction (T,) seen on segments from points along moves (T, P).

    It is an L for the descent lemma on a segment, as far as `looks` points of it tell.
    """
    shares = torch.linspace(0, 1, looks, dtype=torch.float64).view(-1, 1, 1)
    looked_at = (weights + shares * moves).reshape(-1, objective.size)
    found = [torch.linalg.eigvalsh(objective.hessian(some))[:, -1] for some in torch.split(looked_at, HESSIANS)]
    return torch.cat(found).reshape(looks, -1).amax(0).clamp(min=0.0)


def weighted_means(squares: Tensor, rates: Tensor) -> Tensor:
    """Return (sum_{j <= k} a_j |grad F_j|^2) / (sum_{j <= k} a_j), both (K, R)."""
    return (rates * squares).cumsum(0) / rates.cumsum(0)
