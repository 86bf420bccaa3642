"""Certificates of straight segments, each by the best method that its problem allows.

exact: the smallest margin itself, up to derived rounding (problems that offer `segment_min_margins`).
sound: lower bounds of all margins are positive (ReLU networks, see `sound`).
sampled: no error at points that lie so close that none is to be expected between them (any network, see `sampled`).

Where K samples may err (`Problem.max_errors`), the smallest margin is the (K + 1)-th smallest at each point of a
segment: no more than K margins are negative anywhere on it, and these may be other samples' from point to point.
"""

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import torch
from torch import Tensor

from ramble.certificates.sampled import Advance, margins_of, sample_segments, unseen
from ramble.certificates.sound import SoundBound, obstacle, prove_segment
from ramble.problems.margins import membership_margins
from ramble.problems.problem import Problem

# Points at which a piece is looked at that a proof left open: often an error is why it did.
POINTS = 32

Kind = Literal["exact", "sound", "sampled"]


@runtime_checkable
class ExactSegments(Protocol):
    """A problem whose margins along a segment are known exactly."""

    def segment_min_margins(self, starts: Tensor, ends: Tensor, datasets: Tensor) -> Tensor:
        """Return rigorous lower bounds (B,) of the smallest margin on each segment, tight up to rounding.

        Of the (K + 1)-th smallest one where K = `max_errors` samples may err.
        """


# What a subclass may do in its own way without another margin anywhere; every abstract class has an _abc_impl.
FREE = frozenset(("initial_weights", "gradients", "batch_gradients", "metadata", "_abc_impl"))


def knows_segments(problem: Problem) -> bool:
    """Tell whether a problem's margins along a segment are known exactly: not where a subclass computes others."""
    if not isinstance(problem, ExactSegments):
        return False
    kinds = type(problem).__mro__
    owner = next(kind for kind in kinds if "segment_min_margins" in vars(kind))
    changed = {name for kind in kinds[: kinds.index(owner)] for name in vars(kind) if hasattr(owner, name)}
    return all(name in FREE or name.startswith("__") for name in changed)


@dataclass(frozen=True)
class SegmentCertificates:
    """What is known of B straight segments."""

    kind: Kind  # of all of them; a segment that leaves S needs no proof
    # (B,) exact and sound: lower bound of the smallest margin; sampled: smallest margin found, and 0 where it is unsure
    min_margins: Tensor
    tested: Tensor  # (B,) int64, points at which the network was evaluated
    unsure: Tensor  # (B,) bool, sampled: no error was met, but one may hide between any points
    reason: str = ""  # why they are not proven, naming the layer; empty when they are
    unproven: int | None = None  # the segment that the reason is about, or none where it is about all

    @property
    def hold(self) -> Tensor:
        """(B,) bool: the segment lies in the solution space, as far as `kind` can tell."""
        return self.min_margins > 0


def certify_segments(
    problem: Problem,
    starts: Tensor,
    ends: Tensor,
    datasets: Tensor,
    resolution: float,
    *,
    sound: bool = True,
    known: tuple[Tensor, Tensor] | None = None,
    advance: Advance = unseen,
    all_or_none: bool = False,
) -> SegmentCertificates:
    """Certify B straight segments.

    Args:
        problem: the networks.
        starts: weights at one end, (B, P).
        ends: weights at the other, (B, P).
        datasets: (B,), the training set of each segment.
        resolution: of proofs: pieces down to this share of a segment are tried.
        sound: whether a proof is tried where there is one; it costs about as much as ten evaluations a piece.
        known: margins (B, M) at the starts and at the ends, where the caller has them from `Problem.sample_margins`.
        advance: told of networks as they are evaluated, and of segments as they are proven or known exactly.
        all_or_none: where points are looked at, stop at the first error on any segment; then none of them holds.
    """
    if knows_segments(problem):
        assert isinstance(problem, ExactSegments)
        exact = problem.segment_min_margins(starts, ends, datasets)
        advance(len(starts))
        nothing = torch.zeros_like(exact, dtype=torch.int64)
        return SegmentCertificates("exact", exact, nothing, nothing.bool())
    at_ends = known or (margins_of(problem, starts, datasets, advance), margins_of(problem, ends, datasets, advance))
    tested = torch.full((len(starts),), 0 if known else 2, device=at_ends[0].device)
    reason, unproven, looked = obstacle(problem) if sound else "no proof was asked for", None, torch.inf
    if not reason:
        # the middles alone: they spare the proof for most segments that leave S, and the proof spares all other samples
        screened = sample_segments(problem, starts, ends, datasets, at_ends, advance, finest=0.5)
        tested = tested + screened.tested
        bounds, unproven, proof = _prove(problem, starts, ends, resolution, screened.min_margins, advance)
        if unproven is None:
            return SegmentCertificates("sound", bounds, tested, torch.zeros_like(tested, dtype=torch.bool))
        reason, row = proof.reason, slice(unproven, unproven + 1)
        looked = _smallest_margin_on(problem, starts[row], ends[row], datasets[row], proof)
        tested[unproven] += POINTS * (looked < torch.inf)
    samples = sample_segments(problem, starts, ends, datasets, at_ends, advance, all_or_none=all_or_none)
    margins = samples.min_margins.clone()
    if unproven is not None:
        margins[unproven] = margins[unproven].clamp(max=looked)
    unsure = samples.unsure & (margins > 0)
    margins = margins.masked_fill(unsure, 0.0)
    return SegmentCertificates("sampled", margins, tested + samples.tested, unsure, reason, unproven)


def _prove(
    problem: Problem, starts: Tensor, ends: Tensor, resolution: float, found: Tensor, advance: Advance
) -> tuple[Tensor, int | None, SoundBound]:
    """Return lower bounds (B,) for the segments of which no error was found, the first not proven, and its proof."""
    bounds, bound = found.clone(), SoundBound(torch.inf, 0, "")
    for row in (found > 0).nonzero().squeeze(1).tolist():
        bound = prove_segment(problem, starts[row], ends[row], resolution)
        if not bound.proven:
            return bounds, row, bound
        bounds[row] = bound.min_margin
        advance(1)
    return bounds, None, bound


def _smallest_margin_on(problem: Problem, start: Tensor, end: Tensor, dataset: Tensor, proof: SoundBound) -> float:
    """Return the smallest margin at points of the piece of a segment (1, P) that its proof left open, if it is one."""
    piece = proof.open_piece
    if piece is None:
        return torch.inf
    times = torch.linspace(piece.low, piece.high, POINTS, dtype=torch.float64).tolist()
    found = [problem.margins_on(torch.lerp(start, end, time), dataset, piece.samples) for time in times]
    # all other samples are right there
    lowest = membership_margins(torch.stack(found).nan_to_num(-torch.inf, posinf=-torch.inf), problem.max_errors)
    return float(lowest.min())
