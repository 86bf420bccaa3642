"""Settings of the search for solutions of large training sets, by minibatches."""

from typing import Annotated, Literal

from pydantic import Field

from ramble.settings import Count, Fraction, Model, Positive


class StochasticRecipe(Model):
    """How solutions are found: epochs over all samples, then rounds on the hardest ones."""

    count: Annotated[int, Field(ge=1, description="solutions")] = 3
    rate: Positive = Field(default=0.1, description="of gradient descent")
    # these three are left out while they are so, so that a recipe's digest is what it was before there were any
    momentum: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.0, description="of the steps, Nesterov's; 0: none", exclude_if=lambda value: not value
    )
    schedule: Literal["constant", "one-cycle"] = Field(
        default="constant",
        description="of the rate over the epochs; one-cycle: it rises to `rate` in the first fifth of all steps, and "
        "then falls to nothing by a cosine",
        exclude_if=lambda value: value == "constant",
    )
    fine_rate: Positive | None = Field(
        default=None,
        description="as the rounds on the hardest samples begin; null: that of the epochs",
        exclude_if=lambda value: value is None,
    )
    batch: Count = Field(default=128, description="training samples per gradient")
    epochs: Count = Field(default=10, description="over all samples")
    focus: Annotated[float, Field(ge=1, description="on the hardest samples afterwards; 1: all alike")] = 3.0
    round_steps: Count = Field(default=125, description="gradient steps between two looks at all margins")
    decay: Fraction = Field(default=0.93, description="of the rate, per round")
    margin: Positive = Field(default=2.0, description="the smallest one asked for; rounds end when it is reached")
    max_rounds: Count = Field(default=60, description="budget")
