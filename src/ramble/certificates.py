"""Does a straight segment of weights stay inside the solution space?

Exact where the problem can say so (Tree Committee Machine: margins are piecewise linear along a segment),
otherwise sampled at evenly spread points, and called so.
"""

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import torch
from torch import Tensor

from ramble.problems.problem import Problem

# Exact margins carry float64 rounding of about 1e-13 per sample; a margin must clear this to count as positive.
ROUNDING = 1e-9


@runtime_checkable
class ExactSegments(Protocol):
    """A problem whose margins along a segment are known exactly."""

    def segment_min_margins(self, starts: Tensor, ends: Tensor, datasets: Tensor) -> Tensor:
        """Return the smallest margin (B,) on each segment."""


@dataclass(frozen=True)
class SegmentCertificates:
    """What is known of B straight segments."""

    kind: Literal["exact", "sampled"]
    min_margins: Tensor  # (B,) smallest margin found
    points: int  # tested per segment when sampled, 0 when exact

    @property
    def hold(self) -> Tensor:
        """(B,) bool: the segment lies in the solution space, as far as `kind` can tell."""
        return self.min_margins > (ROUNDING if self.kind == "exact" else 0.0)


def certify_segments(
    problem: Problem, starts: Tensor, ends: Tensor, datasets: Tensor, points: int
) -> SegmentCertificates:
    """Certify the segments from starts to ends (B, P), exactly where possible, else at `points` points each."""
    if isinstance(problem, ExactSegments):
        return SegmentCertificates("exact", problem.segment_min_margins(starts, ends, datasets), 0)
    smallest = torch.full((len(starts),), torch.inf, device=starts.device)
    for t in torch.linspace(0, 1, points).tolist():
        found = problem.evaluate(torch.lerp(starts, ends, t), datasets)
        # a network with errors has a margin <= 0 already; the minimum keeps the worst point
        smallest = torch.minimum(smallest, found.min_margins)
    return SegmentCertificates("sampled", smallest, points)
