"""What samples tell of straight segments: margins at points that crowd where a margin is small or changes fast.

Every segment is halved once. An interval is halved again, down to the resolution, while some sample's smaller end
margin is below `SAFETY` times the spread of that sample's margin over the interval's parent: only there can a margin
reach zero and come back unseen, if it bends no more than it did before. Where K samples may err, margins are the
(K + 1)-th smallest at each point, and an interval is halved while more than K samples are below zero or may be.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ramble.problems.margins import membership_margins
from ramble.problems.problem import Problem, visible_batch

# 1: an interval is left alone when going on at twice the pace seen so far would not reach zero inside it.
SAFETY = 1.0
# Networks held at a time.
BATCH = 64

Advance = Callable[[int], None]  # told of networks evaluated and segments proven, as they are


def unseen(steps: int) -> None:
    """Show nobody."""


@dataclass(frozen=True)
class Samples:
    """What was found on B segments."""

    min_margins: Tensor  # (B,) float64, smallest margin found; not positive as soon as more than K errors were met
    tested: Tensor  # (B,) int64, points between the ends


@dataclass(frozen=True)
class _Intervals:
    """Parts of the segments, with the margins at both of their ends."""

    owners: Tensor  # (I,) segment that each interval is part of
    lows: Tensor  # (I,) float64 in [0, 1]
    width: float
    first: Tensor  # (I, M)
    last: Tensor  # (I, M)

    def select(self, rows: Tensor) -> "_Intervals":
        return _Intervals(self.owners[rows], self.lows[rows], self.width, self.first[rows], self.last[rows])


def sample_segments(
    problem: Problem,
    starts: Tensor,
    ends: Tensor,
    datasets: Tensor,
    resolution: float,
    known: tuple[Tensor, Tensor],
    advance: Advance = unseen,
    *,
    all_or_none: bool = False,
) -> Samples:
    """Look for errors, more than K at a point, between the ends of B segments side by side; stop at each one's first.

    Args:
        problem: the networks.
        starts: weights at t = 0, (B, P).
        ends: weights at t = 1, (B, P).
        datasets: (B,).
        resolution: no interval shorter than this share of the segment is halved.
        known: margins (B, M) at the starts and at the ends, as `Problem.sample_margins` gives them.
        advance: told of networks as they are evaluated.
        all_or_none: stop at the first error on any of them; none of the segments is then known to have a margin (-inf).
    """
    allowed = problem.max_errors
    smallest = torch.minimum(*(_smallest(each, allowed) for each in known))
    tested = torch.zeros(len(starts), dtype=torch.int64, device=smallest.device)
    rows = torch.arange(len(starts), device=smallest.device)
    intervals = _Intervals(rows, torch.zeros_like(smallest), 1.0, *known)
    while True:
        if all_or_none and not bool((smallest > 0).all()):
            return Samples(torch.full_like(smallest, -torch.inf), tested)
        intervals = intervals.select(smallest[intervals.owners] > 0)
        if not len(intervals.owners) or intervals.width <= min(resolution, 0.5):
            return Samples(smallest, tested)
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


def _margins_at(
    problem: Problem,
    starts: Tensor,
    ends: Tensor,
    datasets: Tensor,
    intervals: _Intervals,
    advance: Advance,
    all_or_none: bool,
) -> Tensor:
    """Return the margins (I, M) in the middle of every interval; of fewer where an error among them ends the search."""
    found = []
    size = visible_batch(problem, "train", BATCH) if all_or_none else BATCH
    for rows in torch.split(torch.arange(len(intervals.owners), device=intervals.owners.device), size):
        owners = intervals.owners[rows]
        times = (intervals.lows[rows] + intervals.width / 2).unsqueeze(1).to(starts.dtype)
        weights = torch.lerp(starts[owners], ends[owners], times)
        found.append(margins_of(problem, weights, datasets[owners.to(datasets.device)], advance))
        if all_or_none and not bool((_smallest(found[-1], problem.max_errors) > 0).all()):
            break
    return torch.cat(found)


def _uncertain_halves(intervals: _Intervals, middles: Tensor, allowed: int) -> _Intervals:
    """Halve all intervals and return the halves in which more errors than allowed may hide."""
    highest = torch.maximum(torch.maximum(intervals.first, intervals.last), middles)
    lowest = torch.minimum(torch.minimum(intervals.first, intervals.last), middles)
    spread = highest - lowest
    half = intervals.width / 2
    halves = _Intervals(
        intervals.owners.repeat(2),
        torch.cat([intervals.lows, intervals.lows + half]),
        half,
        torch.cat([intervals.first, middles]),
        torch.cat([middles, intervals.last]),
    )
    nearest = torch.minimum(halves.first, halves.last)
    # not `<`: what is no number, or stands still at zero, is not sure either
    sure = (nearest >= SAFETY * spread.repeat(2, 1)) & (nearest > 0)
    return halves.select((~sure).sum(1) > allowed)
