"""What a check of consecutive segments hands back."""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


@dataclass(frozen=True)
class Failure:
    """Where a path is not in the solution space, as far as the check can tell."""

    segment: int  # the first one that fails
    at: float  # where on it: 0 at its first point, 1 at its last
    errors: int  # samples classified wrongly there; as many as allowed where one more cannot be told from an error


@dataclass(frozen=True)
class Findings:
    """What is known of consecutive segments, up to the first failure."""

    tested: int  # margins were computed at so many points, not counting the first of the first segment
    min_margin: float  # the smallest of them, or the smallest but for those that may be wrong
    failure: Failure | None


class Check(Protocol):
    """A method of checking segments."""

    @property
    def kind(self) -> str:
        """Return "sound" or "sampled"."""

    @property
    def tolerance(self) -> float:
        """Return the share of the smallest margin found by which rounding may have moved it."""

    def segments(self, points: Tensor) -> Findings:
        """Check the S straight segments between consecutive points (S + 1, P), float64."""
