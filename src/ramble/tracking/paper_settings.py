"""Settings of Algorithm 1."""

from typing import ClassVar, Literal

from pydantic import Field

from ramble.settings import Count, Fraction, Positive
from ramble.tracking.settings import TrackerSettings


class PaperSettings(TrackerSettings):
    """Algorithm 1: eta, gamma and N_epochs as the paper prints them, and when to give up."""

    tracker: ClassVar[str] = "ramble.tracking.paper.PaperTracker"
    algorithm: Literal["paper"] = "paper"
    eta: Positive = Field(default=0.1, description="rate of the gradient steps")
    gamma: Fraction = Field(default=0.001, description="share of the way to W_b that an elastic move covers")
    gradient_steps: Count = Field(default=5, description="N_epochs, full-batch gradient steps before each elastic move")
    near: Fraction = Field(default=0.99, description="t at which the straight hop to W_b is tried")
    max_steps: Count = Field(default=8000, description="budget")
    stall_steps: Count = Field(
        default=500, description="a chain is stuck when t rose by less than `stall_gain` in so many"
    )
    stall_gain: Positive = Field(default=0.001, description="see `stall_steps`")
    stored_points: Count = Field(
        default=100, description="about how many points of the walk are kept, evenly spread in t"
    )

    @property
    def budget(self) -> int:
        """Steps at most."""
        return self.max_steps
