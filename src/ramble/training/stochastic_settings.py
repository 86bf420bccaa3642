"""Settings of the search for solutions of large training sets, by minibatches."""

from typing import Annotated

from pydantic import Field

from ramble.settings import Count, Fraction, Model, Positive


class StochasticRecipe(Model):
    """How solutions are found: epochs over all samples, then rounds on the hardest ones."""

    count: Annotated[int, Field(ge=1, description="solutions")] = 3
    rate: Positive = Field(default=0.1, description="of gradient descent")
    batch: Count = Field(default=128, description="training samples per gradient")
    epochs: Count = Field(default=10, description="over all samples, at the full rate")
    focus: Annotated[float, Field(ge=1, description="on the hardest samples afterwards; 1: all alike")] = 3.0
    round_steps: Count = Field(default=125, description="gradient steps between two looks at all margins")
    decay: Fraction = Field(default=0.93, description="of the rate, per round")
    margin: Positive = Field(default=2.0, description="the smallest one asked for; rounds end when it is reached")
    max_rounds: Count = Field(default=60, description="budget")
