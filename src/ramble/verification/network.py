"""Dense samples of any network's segments, in float64.

The grid on a segment is shifted by the golden ratio, so that it shares no point with dyadic ones. It is made four
times finer where a margin comes closer to zero than twice the largest step that this margin takes between neighbours.
"""

from itertools import pairwise

import torch
from torch import Tensor

from ramble.problems.problem import Problem
from ramble.verification.findings import Failure, Findings

GRIDS = (3, 12, 48, 192)
OFFSET = (5**0.5 - 1) / 2
CLOSE = 2.0
# Networks evaluated at a time.
BATCH = 16


class NetworkCheck:
    """Checks segments on one training set.

    Args:
        problem: built on that training set alone.
    """

    kind = "sampled"

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._before: tuple[Tensor, Tensor] | None = None  # the last point of the previous call, and its margins

    def segments(self, points: Tensor) -> Findings:
        """Check the segments between consecutive points (S + 1, P) by samples."""
        first = self._margins_of_first(points[0])
        tested, least = 0, _least(first)
        for segment, (start, end) in enumerate(pairwise(points)):
            last = self._margins(end.unsqueeze(0))[0]
            found = self._segment(start, end, first, last)
            tested, least, first = tested + 1 + found.tested, min(least, found.min_margin), last
            if found.failure:
                return Findings(tested, least, Failure(segment, found.failure.at, found.failure.errors))
        self._before = points[-1].clone(), first
        return Findings(tested, least, None)

    def _margins_of_first(self, point: Tensor) -> Tensor:
        """Return the margins (M,) of a point, known already where the previous call ended in it."""
        if self._before is not None and torch.equal(self._before[0], point):
            return self._before[1]
        return self._margins(point.unsqueeze(0))[0]

    def _segment(self, start: Tensor, end: Tensor, first: Tensor, last: Tensor) -> Findings:
        """Check one segment whose margins (M,) at both ends are known."""
        tested = 0
        times, margins = torch.tensor([0.0, 1.0], dtype=torch.float64), torch.stack([first, last])
        for count in GRIDS:
            grid = (torch.arange(count, dtype=torch.float64) + OFFSET) / count
            weights = (1 - grid).unsqueeze(1) * start + grid.unsqueeze(1) * end
            times, order = torch.cat([times, grid]).sort()
            margins = torch.cat([margins, self._margins(weights)])[order]
            tested += count
            errors = (~(margins > 0)).sum(1)
            if errors.any():
                row = int(errors.nonzero()[0])
                return Findings(tested, _least(margins), Failure(0, float(times[row]), int(errors[row])))
            steps = margins.diff(dim=0).abs().amax(0)
            if bool((margins.amin(0) >= CLOSE * steps).all()):
                break
        return Findings(tested, _least(margins), None)

    def _margins(self, weights: Tensor) -> Tensor:
        """Return the margins (B, M) of networks (B, P): label times output, or true logit minus the best other one."""
        found = []
        for rows in torch.split(weights, BATCH):
            datasets = torch.zeros(len(rows), dtype=torch.int64)
            outputs, labels = self._problem.outputs(rows, datasets), self._problem.labels(datasets)
            if labels.is_floating_point():
                found.append(outputs * labels)
                continue
            is_true = torch.nn.functional.one_hot(labels, outputs.shape[-1]).bool()
            best_other = outputs.masked_fill(is_true, -torch.inf).amax(-1)
            found.append(outputs[is_true].view_as(best_other) - best_other)
        return torch.cat(found)


def _least(margins: Tensor) -> float:
    return float(margins.nan_to_num(-torch.inf).min())
