"""What samples tell of straight segments: margins at points that crowd where a margin is small or changes fast.

Every segment is halved once. An interval is halved again while some sample's smaller end margin is below `SAFETY` times
the spread of that sample's margin over the interval's parent: only there can a margin reach zero and come back unseen,
if it bends no more than it did before. Where K samples may err, margins are the (K + 1)-th smallest at each point, and
an interval is halved while more than K samples are below zero or may be. A segment with an interval that would have to
be halved beyond `FINEST`, or with more than `CROWDED` to be halved at once, is unsure: it is not certified.

A sample that cannot reach zero inside an interval is not looked at in its parts: beyond the first halving a network is
evaluated on those alone that may.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ramble.problems.margins import membership_margins
from ramble.problems.problem import Problem, visible_batch

# 1: an interval is left alone when going on at twice the pace seen so far would not reach zero inside it.
SAFETY = 1.0
# The shortest interval, as a share of its segment: a thousand times the rounding of float32 weights. A margin that
# rises evenly from a ten-thousandth of its largest value is followed.
FINEST = 2.0**-14
# Intervals of one segment. A few surround each place where a margin is small; more have a margin that stays near zero,
# and would become thousands.
CROWDED = 64
# Networks held at a time.
BATCH = 64
ROUNDED = 16  # samples of each kind of which float64 is asked, at every point of a path

Advance = Callable[[int], None]  # told of networks evaluated and segments proven, as they are


def unseen(steps: int) -> None:
    """Show nobody."""


@dataclass(frozen=True)
class Samples:
    """What was found on B segments."""

    min_margins: Tensor  # (B,) float64, smallest margin found; not positive as soon as more than K errors were met
    tested: Tensor  # (B,) int64, points between the ends
    unsure: Tensor  # (B,) bool, no more than K errors were met, but more may hide in intervals as short as is looked at


@dataclass(frozen=True)
class _Intervals:
    """Parts of the segments, with the margins at both of their ends."""

    owners: Tensor  # (I,) segment that each interval is part of
    lows: Tensor  # (I,) float64 in [0, 1]
    width: float
    first: Tensor  # (I, M)
    last: Tensor  # (I, M)
    open: Tensor  # (I, M) bool, samples that may reach zero inside

    def select(self, rows: Tensor) -> "_Intervals":
        own = self.owners[rows], self.lows[rows], self.width, self.first[rows], self.last[rows], self.open[rows]
        return _Intervals(*own)


def sample_segments(
    problem: Problem,
    starts: Tensor,
    ends: Tensor,
    datasets: Tensor,
    known: tuple[Tensor, Tensor],
    advance: Advance = unseen,
    *,
    all_or_none: bool = False,
    finest: float = FINEST,
) -> Samples:
    """Look for errors, more than K at a point, between the ends of B segments side by side; stop at each one's first.

    Args:
        problem: the networks.
        starts: weights at t = 0, (B, P).
        ends: weights at t = 1, (B, P).
        datasets: (B,).
        known: margins (B, M) at the starts and at the ends, as `Problem.sample_margins` gives them.
        advance: told of networks as they are evaluated.
        all_or_none: stop at the first error on any of them; none of the segments is then known to have a margin (-inf).
        finest: share of the segment, at most a half, of the shortest interval.
    """
    allowed = problem.max_errors
    smallest = torch.minimum(*(_smallest(each, allowed) for each in known))
    tested = torch.zeros(len(starts), dtype=torch.int64, device=smallest.device)
    rows = torch.arange(len(starts), device=smallest.device)
    crowded = torch.zeros_like(tested, dtype=torch.bool)
    intervals = _Intervals(rows, torch.zeros_like(smallest), 1.0, *known, torch.ones_like(known[0], dtype=torch.bool))
    while True:
        inside = smallest > 0
        if all_or_none and not bool(inside.all()):
            return Samples(torch.full_like(smallest, -torch.inf), tested, torch.zeros_like(inside))
        crowded |= torch.bincount(intervals.owners, minlength=len(starts)) > CROWDED
        intervals = intervals.select((inside & ~crowded)[intervals.owners])
        if not len(intervals.owners) or intervals.width <= finest:
            unsure = (crowded & inside).index_fill(0, intervals.owners, True)
            return Samples(smallest, tested, unsure)
        middles = _margins_at(problem, starts, ends, datasets, intervals, advance, all_or_none)
        owners = intervals.owners[: len(middles)]
        smallest = smallest.scatter_reduce(0, owners, _smallest(middles, allowed), "amin")
        tested += torch.bincount(owners, minlength=len(starts))
        if len(middles) == len(intervals.owners):
            intervals = _uncertain_halves(intervals, middles, allowed)


def _smallest(margins: Tensor, allowed: int) -> Tensor:
    """Return the margin (I,) that decides membership; what overflowed is classified wrongly."""
    return membership_margins(margins.nan_to_num(-torch.inf, posinf=-torch.inf), allowed)


def margins_of(problem: Problem, weights: Tensor, datasets: Tensor, advance: Advance) -> Tensor:
    """Return the training margins (B, M), telling of networks as they are evaluated."""
    found = []
    for rows in torch.split(torch.arange(len(weights)), visible_batch(problem, "train", BATCH)):
        found.append(problem.sample_margins(weights[rows.to(weights.device)], datasets[rows.to(datasets.device)]))
        advance(len(rows))
    return torch.cat(found)


def rounding_at(problem: Problem, point: Tensor, dataset: int, margins: Tensor | None) -> float:
    """Return how far float32 is off, as a share of the largest output, at a point (P,) with margins (M,).

    What float32 loses depends on the weights: where they make large terms that cancel, it is more than it was when the
    problem was built. Looked at are the samples with the smallest margins, which it may decide, those with the largest,
    whose outputs are the scale, and those with the largest inputs; without margins, all.
    """
    if point.dtype != torch.float32:
        return 0.0
    chosen = torch.arange(problem.labels(torch.tensor([dataset])).shape[1], device=point.device)
    if margins is not None:
        order = margins.nan_to_num(-torch.inf).argsort()
        large = problem.largest_inputs(ROUNDED).to(order.device)
        chosen = _once(torch.cat([order[:ROUNDED], order[-ROUNDED:], large]))
    return problem.rounding_share(point.unsqueeze(0), torch.tensor([dataset]), chosen)


def _once(samples: Tensor) -> Tensor:
    """Return samples (m,) in order, each once: some networks take no more than there are."""
    return torch.tensor(sorted(set(samples.tolist())), device=samples.device)


def _margins_at(
    problem: Problem,
    starts: Tensor,
    ends: Tensor,
    datasets: Tensor,
    intervals: _Intervals,
    advance: Advance,
    all_or_none: bool,
) -> Tensor:
    """Return the margins (I, M) in the middle of every interval; of fewer where an error among them ends the search.

    Of samples that are not looked at it is the smaller one of both ends.
    """
    found = []
    size = visible_batch(problem, "train", BATCH) if all_or_none else BATCH
    for rows in torch.split(torch.arange(len(intervals.owners), device=intervals.owners.device), size):
        some = intervals.select(rows)
        times = (some.lows + some.width / 2).unsqueeze(1).to(starts.dtype)
        weights = torch.lerp(starts[some.owners], ends[some.owners], times)
        own = datasets[some.owners.to(datasets.device)]
        if bool(some.open.all()):
            found.append(margins_of(problem, weights, own, advance))
        else:
            found.append(_margins_of_open(problem, weights, own, some, advance))
        if all_or_none and not bool((_smallest(found[-1], problem.max_errors) > 0).all()):
            break
    return torch.cat(found)


def _margins_of_open(
    problem: Problem, weights: Tensor, datasets: Tensor, intervals: _Intervals, advance: Advance
) -> Tensor:
    """Return margins (I, M) at networks (I, P), those of open samples computed."""
    margins = torch.minimum(intervals.first, intervals.last)
    for row, open_samples in enumerate(intervals.open):
        samples = open_samples.nonzero().squeeze(1)
        margins[row, samples] = problem.margins_on(weights[row : row + 1], datasets[row : row + 1], samples)
        advance(1)
    return margins


def _uncertain_halves(intervals: _Intervals, middles: Tensor, allowed: int) -> _Intervals:
    """Halve all intervals and return the halves in which more errors than allowed may hide."""
    highest = torch.maximum(torch.maximum(intervals.first, intervals.last), middles)
    lowest = torch.minimum(torch.minimum(intervals.first, intervals.last), middles)
    spread = (highest - lowest).repeat(2, 1)
    first, last = torch.cat([intervals.first, middles]), torch.cat([middles, intervals.last])
    nearest = torch.minimum(first, last)
    # not `<`: what is no number, or stands still at zero, is not sure either
    sure = (nearest >= SAFETY * spread) & (nearest > 0)
    half = intervals.width / 2
    lows = torch.cat([intervals.lows, intervals.lows + half])
    halves = _Intervals(intervals.owners.repeat(2), lows, half, first, last, intervals.open.repeat(2, 1) & ~sure)
    return halves.select(halves.open.sum(1) > allowed)
