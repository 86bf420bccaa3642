"""The trackers of a study."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ramble.parameters.model import Count, Fraction, Model, Positive

Resolution = Annotated[
    float,
    Field(gt=0, le=0.5, description="smallest interval, as a share of a segment, that certificates look at"),
]


class PaperTracker(Model):
    """Algorithm 1."""

    eta: Positive
    gamma: Fraction
    gradient_steps: Count = Field(description="N_epochs")
    near: Fraction = Field(description="t at which the straight hop to W_b is tried")
    max_steps: Count
    stall_steps: Count
    stall_gain: Positive
    stored_points: Count
    resolution: Resolution


class GuardedTracker(Model):
    """A polygon trained until every segment is certified."""

    bends: Count = Field(description="of the polygon, to begin with")
    contraction: Fraction = Field(1.0, description="the bends start on the straight line times this")
    gain: Positive = Field(1.0, description="on the outputs in the loss")
    rate: Positive
    spring: Annotated[float, Field(ge=0, lt=1)] = Field(0.0, description="pull to the neighbours' middle, per step")
    round_steps: Count = Field(description="training steps between two looks")
    doubling_rounds: Count = Field(description="rounds after which a failing polygon's bends are doubled")
    max_bends: Count
    max_rounds: Count
    stored_points: Annotated[int, Field(ge=2)]
    resolution: Resolution
    margin_share: Annotated[float, Field(ge=0, lt=1)] = Field(0.0, description="of the ends' margin, kept on the way")


class LineTracker(Model):
    """The straight segment."""

    points: Annotated[int, Field(ge=2)]
    resolution: Resolution


class CurveTracker(Model):
    """A curve with bends trained on the mean loss along it (Garipov et al. 2018)."""

    shape: Literal["bezier", "polygon"]
    bends: Count = Field(description="control points between the ends")
    rate: Positive = Field(description="of Adam")
    draws: Count = Field(description="points of the curve per training step")
    round_steps: Count = Field(description="training steps between two looks at the curve")
    max_rounds: Count
    stored_points: Annotated[int, Field(ge=2)] = Field(description="about how many points are looked at and stored")
    resolution: Resolution


class BandTracker(Model):
    """A nudged elastic band that gets new pivots where it needs them (Draxler et al. 2018)."""

    pivots: Count = Field(description="between the ends, at first")
    max_pivots: Count
    rate: Positive
    cycle_steps: Count = Field(description="gradient steps between two insertions")
    max_cycles: Count
    insert_share: Positive = Field(description="of the range of losses: what sticks out by more gets a pivot")
    between: Count = Field(description="points looked at and stored between two pivots")
    resolution: Resolution

    @model_validator(mode="after")
    def _room(self) -> "BandTracker":
        if self.max_pivots < self.pivots:
            raise ValueError(f"max_pivots = {self.max_pivots} is less than pivots = {self.pivots}")
        return self


class Trackers(Model):
    """The trackers of a study; leave one out and its paths are not made."""

    paper: PaperTracker | None = Field(None, description="Algorithm 1 with the published eta, gamma and N_epochs")
    paper_tuned: PaperTracker | None = Field(None, description="Algorithm 1 with eta and gamma of our own choice")
    guarded: GuardedTracker | None = None
    line: LineTracker | None = None
    curve: CurveTracker | None = None
    band: BandTracker | None = None


class StochasticPaperTracker(PaperTracker):
    """Algorithm 1 with stochastic gradient descent."""

    gradient_steps: Count = Field(description="N_epochs, over all training samples")
    batch: Count = Field(description="training samples per gradient")


class StochasticGuardedTracker(Model):
    """A polygon trained by minibatches until every segment is certified."""

    bends: Count = Field(description="of the polygon, to begin with")
    rate: Positive = Field(description="while bends are added")
    max_gradient: Positive = Field(description="norm to which a longer gradient of a bend is shortened")
    batch: Count = Field(description="training samples per gradient")
    round_steps: Count = Field(description="training steps, of one gradient on every segment, between two looks")
    doubling_rounds: Count = Field(description="rounds after which the bends are doubled")
    max_bends: Count
    fine_rate: Positive = Field(description="once the polygon has its bends")
    decay: Fraction = Field(description="of that rate, per round")
    focus: Annotated[float, Field(ge=1, description="on the hardest samples then; 1: all alike")]
    max_rounds: Count
    margin_share: Annotated[float, Field(gt=0, lt=1, description="of the ends' margin, kept at the stored points")]
    stored_points: Annotated[int, Field(ge=2)]
    resolution: Resolution


class StochasticTrackers(Model):
    """The trackers of a stochastic study; leave one out and its paths are not made."""

    paper: StochasticPaperTracker | None = None
    guarded: StochasticGuardedTracker | None = None
    line: LineTracker | None = None
