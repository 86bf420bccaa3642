"""Settings of the straight segment after weight matching."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ramble.tracking.settings import TrackerSettings


class AlignedSettings(TrackerSettings):
    """The straight segment to W_b with its units reordered to resemble those of W_a."""

    tracker: ClassVar[str] = "ramble.tracking.aligned.AlignedTracker"
    algorithm: Literal["aligned"] = "aligned"
    points: Annotated[int, Field(ge=2, description="evenly spread on the segment, its ends included")] = 21

    @property
    def budget(self) -> int:
        """Points on the segment."""
        return self.points
