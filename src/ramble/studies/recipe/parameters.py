"""A study of a training recipe: which readings of it are tried."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from ramble.settings import Count, Model, Positive
from ramble.studies.built_on import StudyBuiltOn
from ramble.studies.study import BaseStudy


class Minibatches(Model):
    """A reading of gradient descent by minibatches: all patterns in random order, epoch after epoch."""

    batch: Count = Field(description="patterns per gradient")
    epochs: Count = Field(description="over all patterns, at most")


class Study(StudyBuiltOn):
    """How often the published training recipe reaches zero errors, under each reading of it."""

    kind: Literal["recipe"]
    of: str = Field(description="the study whose data and network are used")
    rate: Positive
    initial_sigma: Positive
    input_scales: Annotated[list[Positive], Field(min_length=1)]
    reductions: Annotated[list[Literal["mean", "sum"]], Field(min_length=1)]
    restarts: Count = Field(description="per data set and reading")
    max_steps: Count = Field(description="gradients of the whole set, at most")
    minibatches: list[Minibatches] = Field([], description="readings beside that by gradients of the whole set")

    def files(self, name: str, studies: Mapping[str, BaseStudy]) -> list[str]:
        """Return the table of all readings."""
        return [f"results/{name}/readings.csv"]
