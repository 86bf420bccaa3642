"""Settings of the tracker that needs none of them changed."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ramble.settings import Count, Fraction
from ramble.tracking.guarded_settings import StoredPoints
from ramble.tracking.settings import TrackerSettings


class AdaptiveSettings(TrackerSettings):
    """A polygon trained by Adam until it is certified, in attempts of growing length; the defaults are for anything."""

    tracker: ClassVar[str] = "ramble.tracking.adaptive.AdaptiveTracker"
    algorithm: Literal["adaptive"] = "adaptive"
    rate: Fraction = Field(
        default=0.03, description="largest step of Adam, as a share of the root mean square of a layer's weights"
    )
    polish_rounds: Count = Field(
        default=6, description="rounds in which both ends are trained on, before there are bends between them"
    )
    bends: Count = Field(
        default=3,
        description="between the polished ends in the first attempt; one where gradients are those of batches",
    )
    max_bends: Count = Field(default=15, description="no doubling beyond")
    round_steps: Count = Field(
        default=10,
        description="training steps between two looks; of bends on batches six times as many, or what one and a half "
        "passes over the training set take",
    )
    first_rounds: Count = Field(
        default=20, description="rounds of the first attempt; every other one has twice as many as the one before"
    )
    attempts: Annotated[int, Field(ge=1, le=10)] = Field(
        default=4, description="each goes on from the polygon of the last, with its bends doubled; then it gives up"
    )
    whole: Count = Field(
        default=500, description="training sets of so many samples are taken whole, and larger ones in batches"
    )
    batch: Annotated[int, Field(ge=2)] = Field(default=50, description="training samples of a gradient, in batches")
    stored_points: StoredPoints = 61
    margin_share: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.05,
        description="margin asked for at the full rate, as a share of the smaller one of both polished ends; what is "
        "asked for falls with the rate, to none",
    )

    @property
    def budget(self) -> int:
        """Rounds at most."""
        rounds: int = self.first_rounds * (2**self.attempts - 1)
        return self.polish_rounds + rounds
