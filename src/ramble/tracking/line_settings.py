"""Settings of the straight segment."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ramble.tracking.settings import TrackerSettings


class LineSettings(TrackerSettings):
    """The straight segment."""

    tracker: ClassVar[str] = "ramble.tracking.line.LineTracker"
    algorithm: Literal["line"] = "line"
    points: Annotated[int, Field(ge=2, description="evenly spread on the segment, its ends included")] = 21

    @property
    def budget(self) -> int:
        """Points on the segment."""
        return self.points
