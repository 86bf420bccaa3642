"""A look at a polygon of large networks: point by point, none twice, and no further than the first error.

A look at one network may cost as much as ten training steps. So points that stay are looked at once, those that have
errors longest come first, and the margins of all samples are kept: they say which samples the training should see more
often, and a certificate begins with them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ramble.problems.margins import membership_margins
from ramble.problems.minibatches import Hardest
from ramble.problems.problem import Evaluation, Problem, stack
from ramble.tracking.focus import Focus
from ramble.tracking.polyline import with_middles


@dataclass(frozen=True)
class _Seen:
    """One network as it was seen."""

    point: Tensor  # (P,)
    found: Evaluation  # (1,)
    margins: Tensor  # (M,) float64


class Watch:
    """What is known of the points of one polygon.

    Args:
        problem: the networks.
        datasets: (1,), the training set.
    """

    def __init__(self, problem: Problem, datasets: Tensor) -> None:
        self._problem, self._datasets = problem, datasets
        self._kept: list[_Seen] = []
        self._seen: dict[int, _Seen] = {}  # by the rows of the last look
        self.evaluations = 0  # networks evaluated so far

    def keep(self, points: Tensor) -> None:
        """Look at points (T, P) that will stay where they are, and remember these alone."""
        self._kept = [self._examined(point.clone()) for point in points]  # a row would keep all of its tensor

    def look(self, points: Tensor, order: Iterable[int]) -> tuple[Evaluation, list[int]]:
        """Look at points (T, P) in an order, up to the first one outside of S.

        Returns what was found at those seen, in the order of the polygon, and which these are.
        """
        self._seen = {}
        for row in order:
            seen = _recalled(self._kept, points[row]) or self._examined(points[row])
            self._seen[row] = seen
            if not bool(seen.found.in_solution_space):
                break
        rows = sorted(self._seen)
        return stack([self._seen[row].found for row in rows]), rows

    def margins(self, rows: Iterable[int]) -> Tensor:
        """Return the margins (T, M), float64, at rows of the last look, which came to all of them."""
        return torch.stack([self._seen[row].margins for row in rows])

    def focus(self, rows: range, halvings: int) -> Focus:
        """Return where the errors are among some rows of the last look: segments that were halved so often."""
        found = [row for row in rows if row in self._seen]
        # what overflowed is an error
        margins = self.margins(found).nan_to_num(-torch.inf, posinf=-torch.inf)
        lowest = membership_margins(margins, self._problem.max_errors)
        worst, pieces = found[int(lowest.argmin())] - rows.start, 2**halvings
        segment = min(worst // pieces, (len(rows) - 1) // pieces - 1)
        hardest = Hardest(margins.amin(0), self._problem.max_errors)
        return Focus(hardest, segment, worst / pieces - segment, 1 / pieces)

    def _examined(self, point: Tensor) -> _Seen:
        self.evaluations += 1
        found, margins = self._problem.examine(point[None], self._datasets)
        return _Seen(point, found, margins[0])


def halved(polygon: Tensor, times: int) -> Tensor:
    """Return a polygon (n, P) with all of its segments halved so often, (2^times (n - 1) + 1, P)."""
    for _ in range(times):
        polygon = with_middles(polygon)
    return polygon


def from_coarse_to_fine(count: int, depth: int) -> list[int]:
    """Return the rows of so many points, after `depth` halvings of a polygon's segments, as they are best looked at.

    Bends first, then the middles between them, and so on, in each case those far from the ends first. The ends are
    solutions and come last.
    """

    def place(row: int) -> tuple[bool, int, int]:
        halvings = next(level for level in range(depth + 1) if row % 2 ** (depth - level) == 0)
        return row in (0, count - 1), halvings, abs(2 * row - count + 1)

    return sorted(range(count), key=place)


def _recalled(seen: Sequence[_Seen], point: Tensor) -> _Seen | None:
    return next((each for each in seen if torch.equal(each.point, point)), None)
