"""Settings of the trained curve."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ramble.settings import Count, Positive
from ramble.tracking.settings import TrackerSettings

Shape = Literal["bezier", "polygon"]


class CurveSettings(TrackerSettings):
    """A curve with bends trained on the mean loss along it (Garipov et al. 2018)."""

    tracker: ClassVar[str] = "ramble.tracking.curve.CurveTracker"
    algorithm: Literal["curve"] = "curve"
    shape: Shape = Field(default="bezier", description="a Bezier curve or a polygonal chain")
    bends: Count = Field(
        default=1,
        description="control points between the ends; 1: the paper's quadratic curve or chain of two segments",
    )
    rate: Positive = Field(default=0.003, description="of Adam")
    draws: Count = Field(
        default=4, description="points of the curve per training step, one in each of as many equal parts of [0, 1]"
    )
    round_steps: Count = Field(default=20, description="training steps between two looks at the curve")
    max_rounds: Count = Field(default=30, description="budget")
    stored_points: Annotated[int, Field(ge=2)] = Field(
        default=31,
        description="about how many points of the curve are looked at and stored, evenly spread in its parameter; the "
        "corners of a polygonal chain are among them",
    )

    @property
    def budget(self) -> int:
        """Rounds at most."""
        return self.max_rounds
