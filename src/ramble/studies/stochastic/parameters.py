"""A study of paths on a training set too large for gradients of the whole of it."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from ramble.parameters.spectra import ExactSpectra
from ramble.parameters.trackers import StochasticTrackers
from ramble.settings import Fraction, Model, Positive
from ramble.studies.paths.study import PathStudy, Spectra, of_pairs
from ramble.studies.study import BaseStudy
from ramble.training.stochastic_settings import StochasticRecipe


class Boosting(Model):
    """How better networks are made of the paths of tracker `guarded`, chosen by validation images."""

    widths: Annotated[list[Fraction], Field(min_length=1)] = Field(
        description="of the windows whose points' weights are averaged, as shares of the path's length"
    )
    members: Annotated[list[Annotated[int, Field(ge=2)]], Field(min_length=1)] = Field(
        description="points of the path that predict together, evenly spread, the ends among them"
    )


class Study(PathStudy):
    """Training sets too large for that: gradients are those of minibatches."""

    kind: Literal["stochastic"]
    checkpoint_seconds: Positive = Field(description="between two states that a killed run goes on from")
    solutions: Annotated[StochasticRecipe, AfterValidator(of_pairs)] = StochasticRecipe()
    trackers: StochasticTrackers
    spectra: Spectra = ExactSpectra(
        engine="exact", trackers=[], on_request=[], points=2
    )  # none, unless a study asks for some
    # left out where there is none, so that a study's digest is what it was before studies could have one
    boosting: Boosting | None = Field(
        None,
        description="needs tracker `guarded`, and data.arguments.validation",
        exclude_if=lambda value: value is None,
    )

    @model_validator(mode="after")
    def _boosts(self) -> "Study":
        if self.boosting and "guarded" not in self.trackers:
            raise ValueError("boosting: starts from the paths of tracker 'guarded'; give the study one")
        if self.boosting and not self.data.arguments.get("validation"):
            raise ValueError("boosting: the data have no validation images; set data.arguments.validation")
        return self

    @property
    def judged(self) -> bool:
        """Whether it has all paths that the claims of section 3.3 are judged by."""
        return {"paper", "guarded", "line"} <= set(self.tracker_names)

    @property
    def judged_as_modern(self) -> bool:
        """Whether it has what the claims on a network of today are judged by."""
        return {"adaptive", "line"} <= set(self.tracker_names) and not self.judged

    def files(self, name: str, studies: Mapping[str, BaseStudy]) -> list[str]:
        """Return the files of any study of paths, and the tables of what only this kind has."""
        files = super().files(name, studies)
        if self.judged or self.judged_as_modern:
            files.append(f"results/tables/claims-{name}.md")
        if self.boosting:
            files.append(f"results/tables/boosting-{name}.md")
        return files
