"""Settings of the polygon that is trained until every segment is certified."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ramble.settings import Count, Fraction, Positive
from ramble.tracking.settings import TrackerSettings

StoredPoints = Annotated[
    int,
    Field(
        ge=2,
        description="about how many points of the finished polygon are stored, evenly spread over its length; its "
        "bends are among them",
    ),
]


class GuardedSettings(TrackerSettings):
    """A polygon trained until every segment is certified. The defaults suit networks of ReLU units."""

    tracker: ClassVar[str] = "ramble.tracking.guarded.GuardedTracker"
    algorithm: Literal["guarded"] = "guarded"
    bends: Count = Field(default=1, description="between the ends, to begin with")
    contraction: Fraction = Field(
        default=1.0, description="the bends start on the straight line times this; 1 where units do not saturate"
    )
    gain: Positive = Field(default=1.0, description="on the outputs in the loss")
    rate: Positive = Field(default=0.1, description="of gradient descent")
    spring: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.0, description="share of the way to the middle of its neighbours that a bend is drawn in every step"
    )
    round_steps: Count = Field(default=4, description="training steps between two looks at the polygon")
    doubling_rounds: Count = Field(
        default=20, description="rounds after which the bends of a failing polygon are doubled"
    )
    max_bends: Count = Field(default=31, description="no doubling beyond")
    max_rounds: Count = Field(default=80, description="budget")
    stored_points: StoredPoints = 61
    margin_share: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.05,
        description="smallest margin asked for along the polygon, as a share of the smaller one of both ends: room "
        "between the points looked at where certificates are sampled; 0 where they are exact",
    )

    @property
    def budget(self) -> int:
        """Rounds at most."""
        return self.max_rounds
