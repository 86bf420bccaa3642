"""Dense samples of any network's segments.

The grid on a segment is shifted by the golden ratio, so that it shares no point with dyadic ones. For the training
samples whose margin comes closer to zero than twice the largest step that this margin takes between neighbours it is
made four times finer, again and again. Margins are computed in float32, and in float64 where that could decide.

Where K errors are allowed, a point fails with more than K, and the grid is made finer only while more than K samples
come that close to zero, or below it.

At the points of the path and between them float32 is held against float64; once it is too far off, all margins are
computed in float64.
"""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

from ramble.problems.logits import inputs_in, logits_of
from ramble.problems.network import NetworkProblem
from ramble.problems.problem import Problem
from ramble.verification.batch_norm import network_at
from ramble.verification.findings import Failure, Findings

GRIDS = (3, 12, 48, 192)
OFFSET = (5**0.5 - 1) / 2
CLOSE = 2.0
# Of the largest output: a hundred times more than rounding of float32 moves a margin in the networks met here.
UNSURE = 1e-3
# Samples with the smallest margins, the largest, and the largest inputs, whose outputs are compared at every point of
# the path and in the middle between two; at the first point all are. Float64 takes over if need be.
FEW = 8
# Inputs evaluated at a time.
BATCH = 500


class NetworkCheck:
    """Checks segments on one training set.

    Args:
        problem: built on that training set alone.
        max_errors: K, errors allowed at every point.
    """

    kind = "sampled"
    tolerance = 1e-2  # a margin in float32 is at least UNSURE of the largest output, which is known to some 1e-6

    def __init__(self, problem: Problem, max_errors: int = 0) -> None:
        self._allowed = max_errors
        self._outputs: Callable[[Tensor, Tensor], Tensor] = (
            _OfModule(problem) if isinstance(problem, NetworkProblem) else _OfProblem(problem)
        )
        self._labels = problem.labels(torch.zeros(1, dtype=torch.int64))[0]  # (M,)
        self._all = torch.arange(len(self._labels))
        self._before: tuple[Tensor, Tensor] | None = None  # the last point of the previous call, and its margins
        self._large = _largest_inputs(problem)
        self._coarse = False  # did float32 turn out too far from float64 at a point of the path?

    def segments(self, points: Tensor) -> Findings:
        """Check the segments between consecutive points (S + 1, P) by samples."""
        points = points.double()
        first = self._margins_of_first(points[0])
        tested, least = 0, _least(first, self._allowed)
        for segment, (start, end) in enumerate(pairwise(points)):
            last = self._margins_at_point(end)
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
        return self._margins_at_point(point, first=self._before is None)

    def _margins_at_point(self, point: Tensor, *, first: bool = False) -> Tensor:
        """Return the margins (M,) at a point of the path, and see there whether float32 is good enough."""
        margins = self._margins(point, self._all)
        order = margins.argsort()
        chosen = self._all if first else _once(torch.cat([order[:FEW], order[-FEW:], self._large]))
        if self._is_too_coarse(point, chosen):
            margins = self._margins(point, self._all)
        return margins

    def _is_too_coarse(self, point: Tensor, samples: Tensor) -> bool:
        """Tell whether all has to be computed in float64 from here on, as it turns out at a point."""
        if self._coarse:
            return False
        plain, exact = self._outputs(point.float(), samples).double(), self._outputs(point.double(), samples)
        self._coarse = not float((plain - exact).abs().max()) <= UNSURE / 10 * float(exact.abs().max())
        return self._coarse

    def _segment(self, start: Tensor, end: Tensor, first: Tensor, last: Tensor) -> Findings:
        """Check one segment whose margins (M,) at both ends are known."""
        tested, least, samples = 0, min(_least(each, self._allowed) for each in (first, last)), self._all
        hardest = torch.minimum(first, last).argsort()[:FEW]
        self._is_too_coarse((start + end) / 2, _once(torch.cat([hardest, self._large])))
        times, margins = torch.tensor([0.0, 1.0], dtype=torch.float64), torch.stack([first, last])
        for count in GRIDS:
            grid = (torch.arange(count, dtype=torch.float64) + OFFSET) / count
            found = torch.stack([self._margins((1 - time) * start + time * end, samples) for time in grid])
            tested, least = tested + count, min(least, _least(found, self._allowed))
            times, order = torch.cat([times, grid]).sort()
            margins = torch.cat([margins, found])[order]
            wrong = (~(margins > 0)).sum(1) > self._allowed
            if wrong.any():
                return Findings(tested, least, self._failure(start, end, float(times[wrong][0])))
            lowest = margins.amin(0)
            close = (lowest < CLOSE * margins.diff(dim=0).abs().amax(0)) | ~(lowest > 0)
            if int(close.sum()) <= self._allowed:
                break
            samples, margins = samples[close], margins[:, close]
        return Findings(tested, least, None)

    def _failure(self, start: Tensor, end: Tensor, time: float) -> Failure:
        margins = self._margins((1 - time) * start + time * end, self._all)
        return Failure(0, time, int((~(margins > 0)).sum()))

    def _margins(self, weights: Tensor, samples: Tensor) -> Tensor:
        """Return margins (m,) of weights (P,): label times output, or true logit minus the best other one; float64."""
        labels = self._labels[samples]
        if self._coarse:
            return _margins(self._outputs(weights.double(), samples), labels)
        outputs = self._outputs(weights.float(), samples)
        margins = _margins(outputs, labels).double()
        unsure = ~(margins.abs() > UNSURE * outputs.abs().amax())
        if unsure.any():
            margins[unsure] = _margins(self._outputs(weights, samples[unsure]), labels[unsure])
        return margins


def _once(samples: Tensor) -> Tensor:
    return torch.tensor(sorted(set(samples.tolist())))


def _largest_inputs(problem: Problem) -> Tensor:
    """Return the samples (m,) with the largest numbers in their inputs, where these are numbers of any size."""
    inputs = problem.data("train")[0] if isinstance(problem, NetworkProblem) else torch.zeros(0, dtype=torch.long)
    if not inputs.is_floating_point():
        return torch.zeros(0, dtype=torch.long)
    return inputs.flatten(1).abs().amax(1).argsort()[-FEW:].cpu()


class _OfModule:
    """Outputs (m,) or (m, C) of weights (P,), in their dtype, on some samples (m,), by the torch module itself."""

    def __init__(self, problem: NetworkProblem) -> None:
        self._problem = problem

    @torch.no_grad()
    def __call__(self, weights: Tensor, samples: Tensor) -> Tensor:
        network, (inputs, _) = network_at(self._problem, weights), self._problem.data("train")
        batches = (inputs_in(inputs[rows], weights.dtype) for rows in torch.split(samples, BATCH))
        return torch.cat([logits_of(network, batch) for batch in batches])


class _OfProblem:
    """The same where all that is known are a problem's outputs on all samples."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem

    def __call__(self, weights: Tensor, samples: Tensor) -> Tensor:
        return self._problem.outputs(weights.unsqueeze(0), torch.zeros(1, dtype=torch.int64))[0, samples]


def _margins(outputs: Tensor, labels: Tensor) -> Tensor:
    if labels.is_floating_point():
        return outputs * labels
    is_true = torch.nn.functional.one_hot(labels, outputs.shape[-1]).bool()
    return outputs[is_true] - outputs.masked_fill(is_true, -torch.inf).amax(-1)


def _least(margins: Tensor, allowed: int) -> float:
    """Return the smallest margin at some points (..., m), at each point but for so many that may be wrong."""
    return float(margins.nan_to_num(-torch.inf).sort(-1).values[..., allowed].min())
