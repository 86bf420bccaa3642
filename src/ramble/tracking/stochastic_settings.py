"""Settings of the polygon that is trained by minibatches until every segment is certified."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ramble.settings import Count, Fraction, Positive
from ramble.tracking.guarded_settings import StoredPoints
from ramble.tracking.settings import TrackerSettings


class StochasticGuardedSettings(TrackerSettings):
    """A polygon trained by minibatches until every segment is certified."""

    tracker: ClassVar[str] = "ramble.tracking.stochastic.StochasticGuardedTracker"
    algorithm: Literal["guarded"] = "guarded"
    bends: Count = Field(default=1, description="between the ends, to begin with")
    rate: Positive = Field(
        default=0.15,
        description="of gradient descent while bends are added; a round that diverges is undone, the rate halved",
    )
    max_gradient: Positive = Field(
        default=3.0,
        description="norm to which a longer gradient of a bend is shortened (Pascanu et al., 2013): the first on the "
        "arc may be a hundred times the usual ones, and bends that they threw far out make errors for ever",
    )
    batch: Count = Field(default=128, description="training samples per gradient")
    round_steps: Count = Field(
        default=120, description="training steps between two looks; a step takes one gradient on every segment"
    )
    doubling_rounds: Count = Field(default=16, description="rounds after which the bends are doubled")
    max_bends: Count = Field(
        default=3, description="no doubling beyond; the second phase begins where the next one would be"
    )
    fine_rate: Positive = Field(
        default=0.07, description="as the second phase begins, unless the first one's is smaller by then"
    )
    decay: Fraction = Field(default=0.96, description="of that rate, per round")
    focus: Annotated[float, Field(ge=1)] = Field(
        default=3.0, description="on the hardest samples in the second phase; 1: all alike"
    )
    max_rounds: Count = Field(default=100, description="budget, both phases together")
    margin_share: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.1,
        description="smallest margin asked for, at all stored points and in the middle between every two, as a share "
        "of the smaller one of both ends",
    )
    stored_points: StoredPoints = 61

    @property
    def budget(self) -> int:
        """Rounds at most."""
        return self.max_rounds
