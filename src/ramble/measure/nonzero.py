"""How many eigenvalues of the Hessian differ from zero, against the scale of the weights and the gain of the loss?

The paper finds three at every point of its paths on the Tree Committee Machine, and says neither what counts as zero
nor how large its weights are. Both are varied here, at the solutions and at points of the paths between them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from ramble.errors import RambleError
from ramble.problems.problem import Problem
from ramble.problems.stored import read_weights
from ramble.store.points import Points, spread_points
from ramble.store.progress import Progress

THREE = 3  # as the paper counts
SCALE, GAIN = "scale", "gain"  # what is varied: a factor on the weights, or on the outputs in the loss


@runtime_checkable
class HasHessians(Protocol):
    """A problem that gives its Hessian in closed form, for any gain on the outputs in the loss."""

    def hessians(self, weights: Tensor, datasets: Tensor, output_gain: float = 1.0) -> Tensor:
        """Return (B, P, P), float64."""


@dataclass(frozen=True)
class Place:
    """A network at which eigenvalues are counted."""

    where: str  # "solution", or "path": a point of a path, not its start
    name: str  # <dataset>-<seed>, or <dataset>-<a>-<b>/<point>
    dataset: int
    weights: Tensor  # (P,)


def solutions_in(problem: Problem, files: Sequence[str]) -> list[Place]:
    """Return the solutions in files <dataset>-<seed>.safetensors."""
    names = [Path(file).stem for file in files]
    return [
        Place("solution", name, int(name.split("-")[0]), read_weights(problem, file))
        for name, file in zip(names, files, strict=True)
    ]


def places_on(paths: Sequence[Points], count: int) -> list[Place]:
    """Return up to `count` - 1 points of each path, evenly spread in position, its start left out: a solution."""
    return [
        Place("path", f"{path.name}/{point}", path.dataset, torch.from_numpy(path.points[point]))
        for path in paths
        for point in spread_points(path.position, count)
        if point > 0
    ]


def count_nonzero(
    problem: Problem, places: Sequence[Place], factors: Sequence[float], thresholds: Sequence[float]
) -> pd.DataFrame:
    """Count the eigenvalues above each threshold times the largest, at each place and for each factor.

    Args:
        problem: the networks.
        places: where.
        factors: on the weights, then on the outputs in the loss.
        thresholds: shares of the largest eigenvalue; what does not exceed them counts as zero.

    Returns:
        One row per place, varied quantity, factor and threshold: where, place, varied, factor, threshold, number,
        largest (eigenvalue).

    Raises:
        RambleError: the problem does not write out its Hessian.
    """
    if not isinstance(problem, HasHessians):
        raise RambleError(
            f"figures.nonzero.study: {type(problem).__name__} has no method hessians(weights, datasets, output_gain); "
            "name a study of Tree Committee Machines, or write the method."
        )
    with Progress("numbers of non-zero eigenvalues", 2 * len(places) * len(factors)) as progress:
        rows = [row for place in places for row in _rows(problem, place, factors, thresholds, progress)]
    return pd.DataFrame(rows)


def _rows(
    problem: HasHessians, place: Place, factors: Sequence[float], thresholds: Sequence[float], progress: Progress
) -> Iterator[dict[str, object]]:
    for varied, factor in product((SCALE, GAIN), factors):
        scale, gain = (factor, 1.0) if varied == SCALE else (1.0, factor)
        weights = scale * place.weights.double().unsqueeze(0)
        (hessian,) = problem.hessians(weights, torch.tensor([place.dataset]), gain)
        values = torch.linalg.eigvalsh(hessian).cpu().numpy()
        for threshold, number in zip(thresholds, numbers_above(values, thresholds), strict=True):
            yield {
                "where": place.where,
                "place": place.name,
                "varied": varied,
                "factor": factor,
                "threshold": threshold,
                "number": number,
                "largest": float(np.abs(values).max()),
            }
        progress.advance(1, place=place.name)


def numbers_above(values: NDArray[np.float64], thresholds: Sequence[float]) -> list[int]:
    """Return how many eigenvalues (P,) exceed in magnitude each threshold times the largest; where all are 0, none."""
    sizes = np.abs(values)
    return [int((sizes > threshold * sizes.max()).sum()) for threshold in thresholds]


def medians(counts: pd.DataFrame) -> pd.DataFrame:
    """Return the median number over the places: where, varied, factor, threshold, number."""
    keys = ["where", "varied", "factor", "threshold"]
    return counts.groupby(keys, sort=False)["number"].median().reset_index()


@dataclass(frozen=True)
class Regime:
    """Where the median number over the places is exactly three, for one kind of place, quantity and threshold."""

    where: str
    varied: str
    threshold: float
    factors: tuple[float, ...]  # with a median of three
    share: float  # of the places with exactly three eigenvalues: the largest over those factors, else over all

    @property
    def at(self) -> str:
        """Name these factors, "" where there are none."""
        return ", ".join(f"{factor:g}" for factor in self.factors)


def regimes_of_three(counts: pd.DataFrame) -> list[Regime]:
    """Return where three would be right, from the table of `count_nonzero`."""
    regimes = []
    for where, varied, threshold in dict.fromkeys(zip(counts["where"], counts.varied, counts.threshold, strict=True)):
        own = counts[(counts["where"] == where) & (counts.varied == varied) & (counts.threshold == threshold)]
        by_factor = own.groupby("factor")["number"]
        middle, shares = by_factor.median(), by_factor.agg(lambda numbers: (numbers == THREE).mean())
        hits = middle.index[middle == THREE].to_numpy(dtype=float)
        share = float(shares[hits].max() if len(hits) else shares.max())
        regimes.append(Regime(str(where), str(varied), float(threshold), tuple(hits.tolist()), share))
    return regimes
