"""Settings of Algorithm 1 with stochastic gradient descent."""

from typing import ClassVar

from pydantic import Field

from ramble.settings import Count, Fraction
from ramble.tracking.paper_settings import PaperSettings


class StochasticPaperSettings(PaperSettings):
    """Algorithm 1 with stochastic gradient descent; `gradient_steps`, and a table's gradients, count epochs."""

    tracker: ClassVar[str] = "ramble.tracking.stochastic_paper.StochasticPaperTracker"
    gamma: Fraction = Field(default=0.1, description="share of the way to W_b that an elastic move covers")
    gradient_steps: Count = Field(
        default=5, description="N_epochs, over all training samples, before each elastic move"
    )
    batch: Count = Field(default=128, description="training samples per gradient")
    max_steps: Count = Field(default=100, description="budget")
    stall_steps: Count = Field(
        default=5, description="a chain is stuck when t rose by less than `stall_gain` in so many"
    )
