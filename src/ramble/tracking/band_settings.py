"""Settings of the nudged elastic band."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from ramble.settings import Count, Positive
from ramble.tracking.settings import TrackerSettings


class BandSettings(TrackerSettings):
    """A nudged elastic band that gets new pivots where it needs them (Draxler et al. 2018)."""

    tracker: ClassVar[str] = "ramble.tracking.band.BandTracker"
    algorithm: Literal["band"] = "band"
    pivots: Count = Field(default=3, description="between the ends, at first")
    max_pivots: Count = Field(default=9, description="between the ends, at most")
    rate: Positive = Field(
        default=0.03, description="of the gradient steps, which have momentum; it starts anew with every cycle"
    )
    cycle_steps: Count = Field(default=50, description="gradient steps between two insertions")
    max_cycles: Count = Field(default=8, description="budget")
    insert_share: Positive = Field(
        default=0.2,
        description="a segment gets a new pivot when the loss on it exceeds the straight line between the losses of "
        "its two pivots by more than this share of the band's range of losses",
    )
    between: Count = Field(default=3, description="points looked at and stored between two pivots")

    @model_validator(mode="after")
    def _room(self) -> "BandSettings":
        if self.max_pivots < self.pivots:
            raise ValueError(f"max_pivots = {self.max_pivots} is less than pivots = {self.pivots}")
        return self

    @property
    def budget(self) -> int:
        """Cycles at most."""
        return self.max_cycles
