"""Ways from a path to a better network: its best point, averaged weights, averaged predictions; and their controls."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ramble.store.points import Points, spread_points
from ramble.studies.boosting.choice import Candidate

BETTER_END = "better end"
FURTHER = "best of further training"
BOTH_ENDS = "predictions of both ends"


def methods(
    path: Points, further: Points, widths: Sequence[float], members: Sequence[int]
) -> dict[str, Sequence[Candidate]]:
    """Return the ways to a network by name, each with what it leaves to be chosen.

    Args:
        path: from W_a to W_b, through points that may make errors.
        further: points of further training from W_a.
        widths: of the windows whose points are averaged, as shares of the path's length. Averaging the weights of
            networks near one another is Izmailov et al. 2018 (SWA), along a path of low loss Garipov et al. 2018.
        members: how many points of the path predict together.
    """
    points = torch.from_numpy(path.points)
    ends = [Candidate("W_a", points[:1]), Candidate("W_b", points[-1:])]
    averaged = [
        Candidate(f"points {first} to {last}", points[first : last + 1].double().mean(0, keepdim=True).float())
        for first, last in windows(path.s, widths)
    ]
    return {
        **{end.name: [end] for end in ends},
        BETTER_END: ends,
        "best point of the path": _each("point", points),
        FURTHER: _each("look", torch.from_numpy(further.points)),
        "averaged weights": averaged,
        BOTH_ENDS: [Candidate("W_a, W_b", points[[0, -1]])],
        **{f"predictions of {count} points": [_spread_out(path, count)] for count in members},
    }


def windows(s: NDArray[np.float64], widths: Sequence[float]) -> list[tuple[int, int]]:
    """Return the windows along a path as (first, last) point, without repetition.

    Each width is laid at every point from which that much of the path is left. A window has the points that it covers,
    two of them at least where the path has two.

    Args:
        s: places (T,) of the points, rising from 0 to 1.
        widths: shares of the path's length.
    """
    rounding = 1e-9
    found: dict[tuple[int, int], None] = {}
    for width in widths:
        for first in range(int((s + width <= 1 + rounding).sum())):
            covered = int((s <= s[first] + width + rounding).sum()) - 1
            found[first, min(max(covered, first + 1), len(s) - 1)] = None
    return list(found)


def _each(what: str, points: Tensor) -> list[Candidate]:
    return [Candidate(f"{what} {number}", points[number : number + 1]) for number in range(len(points))]


def _spread_out(path: Points, count: int) -> Candidate:
    """Return the predictions of points spread evenly along the path, its ends among them."""
    chosen = spread_points(path.s, count)
    return Candidate(f"points {', '.join(map(str, chosen))}", torch.from_numpy(path.points[chosen]))
