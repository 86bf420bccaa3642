"""Settings of the search for solutions by full-batch gradient descent."""

from typing import Annotated

from pydantic import Field

from ramble.settings import Count, Fraction, Model, Positive


class Settling(Model):
    """When a solution's loss counts as settled: it fell by less than `tolerance` (relative) in `window` steps."""

    window: Count = 100
    tolerance: Fraction = 0.1
    max_steps: Count = Field(default=3000, description="budget")


class Recipe(Model):
    """How solutions are found: restarts are trained side by side, in rounds, until there are enough."""

    count: Annotated[int, Field(ge=1, description="solutions per data set")] = 3
    rate: Positive = Field(default=0.1, description="of gradient descent")
    output_gain: Positive = Field(
        default=1.0,
        description="on the outputs in the loss while errors remain; then the problem's own loss is descended",
    )
    max_steps: Count = Field(default=2000, description="to zero errors")
    batch: Count = Field(
        default=3,
        description="restarts trained side by side, shared out evenly among the data sets that want solutions",
    )
    rounds: Count = Field(default=3, description="of restarts, at most")
    max_cosine: Fraction = Field(default=0.95, description="two solutions closer than this count as the same")
    settling: Settling = Settling()
