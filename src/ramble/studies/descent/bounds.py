"""What one step does to the loss, beside what the theorems allow, along walks of constant step size."""

from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor

from ramble.measure.descent_bounds import (
    MomentBounds,
    Moments,
    bound_as_printed,
    bound_by_moments,
    bound_in_expectation,
    descent_bound,
    expected_change,
    fit_moments,
    moments,
    segment_curvature,
)
from ramble.problems.finite_sums import FiniteSum
from ramble.studies.descent.parameters import Study
from ramble.studies.descent.sums import Sums
from ramble.training.single_samples import draws, walk


@dataclass(frozen=True)
class Visited:
    """Points of walks of one step size: (T, P), the walk (T,) and the step (T,) of each."""

    rate: float
    points: Tensor
    walks: Tensor
    steps: Tensor


def measure_bounds(sums: Sums, study: Study) -> pd.DataFrame:
    """Return a row per loss, step size, walk and point.

    Columns: problem (logistic, network); scale of the inputs; rate a; L (`smoothness`), computed for the logistic
    regression, for the network the largest curvature seen on any segment from a point looked at to one of its n
    next points; M and M_G (`constant`, `slope`) fitted on the first half of the walks of all step sizes, and
    whether the walk is one of these (`fitted_on`); `computed_constant`, the M that holds everywhere with M_G = 1,
    of the logistic regression only; walk; step; loss; square (|grad F|^2); second (E|g|^2); `worst_excess`, the
    largest over the n draws of F(w - a g) less the bound of the descent lemma; `expected`, the exact E F(w - a g) -
    F(w); and the bounds on it: `bound` (by E|g|^2), `bound_fitted` and `bound_computed` (by M and M_G),
    `bound_printed` (the fitted one, with the step size of its last term not squared).
    """
    tables = []
    for scale in study.bounds.scales:
        logistic = sums.logistic(scale)
        assert logistic.smoothness is not None
        starts = torch.zeros(study.walks, logistic.size, dtype=torch.float64)
        rates = [share / logistic.smoothness for share in study.bounds.rates]
        visited = [_visit(sums, study, logistic, starts, rate, f"logistic {scale:g}") for rate in rates]
        tables.append(_table(logistic, logistic.smoothness, visited, study).assign(problem="logistic", scale=scale))
    network, starts = sums.network(), sums.network_starts(study.walks)
    visited = [_visit(sums, study, network, starts, rate, "network") for rate in study.bounds.network_rates]
    smoothness = max(_largest_curvature(network, one) for one in visited)
    tables.append(_table(network, smoothness, visited, study).assign(problem="network", scale=1.0))
    whole = pd.concat(tables, ignore_index=True)
    return whole[["problem", "scale", *whole.columns.drop(["problem", "scale"])]]


def _visit(sums: Sums, study: Study, objective: FiniteSum, starts: Tensor, rate: float, name: str) -> Visited:
    settings = study.bounds
    drawn = draws(objective, settings.steps, len(starts), sums.stream("bounds", name, f"{rate:.9g}"))
    rates = torch.full((settings.steps, len(starts)), rate, dtype=torch.float64)
    found = walk(objective, starts, rates, drawn, range(0, settings.steps, settings.every))
    points = found.points.flatten(0, 1)
    walks = torch.arange(len(starts)).repeat(len(found.points))
    return Visited(rate, points, walks, found.steps.repeat_interleave(len(starts)))


def _table(objective: FiniteSum, smoothness: float, visited: list[Visited], study: Study) -> pd.DataFrame:
    """Return the rows of one loss, but for its name."""
    measured = [moments(objective, one.points) for one in visited]
    first = [one.walks < study.walks // 2 for one in visited]
    fitted = fit_moments(
        Moments(
            torch.cat([at.square[own] for at, own in zip(measured, first, strict=True)]),
            torch.cat([at.variance[own] for at, own in zip(measured, first, strict=True)]),
        )
    )
    computed = MomentBounds(objective.variance_bound, 1.0) if objective.variance_bound is not None else None
    rows = []
    for one, at, own in zip(visited, measured, first, strict=True):
        bound = bound_by_moments(at.square, one.rate, smoothness, computed) if computed else torch.nan
        rows.append(
            pd.DataFrame(
                {
                    "rate": one.rate,
                    "smoothness": smoothness,
                    "constant": fitted.constant,
                    "slope": fitted.slope,
                    "computed_constant": computed.constant if computed else torch.nan,
                    "fitted_on": own,
                    "walk": one.walks,
                    "step": one.steps,
                    "loss": objective.value(one.points),
                    "square": at.square,
                    "second": at.second,
                    "worst_excess": _worst_excess(objective, one, smoothness),
                    "expected": expected_change(objective, one.points, one.rate),
                    "bound": bound_in_expectation(at, one.rate, smoothness),
                    "bound_fitted": bound_by_moments(at.square, one.rate, smoothness, fitted),
                    "bound_computed": bound,
                    "bound_printed": bound_as_printed(at.square, one.rate, smoothness, fitted),
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def _worst_excess(objective: FiniteSum, visited: Visited, smoothness: float) -> Tensor:
    """Return the largest, over the draws, of the loss after the step less its bound (T,)."""
    worst = []
    for point in visited.points:
        moves = -visited.rate * objective.gradients(point)
        points = point.expand_as(moves)
        worst.append((objective.value(points + moves) - descent_bound(objective, points, moves, smoothness)).max())
    return torch.stack(worst)


def _largest_curvature(objective: FiniteSum, visited: Visited) -> float:
    """Return the largest curvature seen on the segments from the points to all of their next points."""
    moves = (-visited.rate * objective.gradients(visited.points)).flatten(0, 1)
    starts = visited.points.repeat_interleave(objective.samples, 0)
    return float(segment_curvature(objective, starts, moves, looks=3).max())
