"""A study that finds solutions, paths between them, and spectra along the paths."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import AfterValidator, Field, model_validator

from ramble.parameters.makers import Maker
from ramble.parameters.spectra import ExactSpectra, KrylovSpectra, PyHessianSpectra
from ramble.parameters.trackers import FullBatchTrackers, StochasticTrackers
from ramble.settings import Count, Fraction, Model, Name, Positive
from ramble.tracking.settings import TrackerSettings
from ramble.training.descent_settings import Recipe
from ramble.training.stochastic_settings import StochasticRecipe

MOST_FILES = 100_000  # of one study
R = TypeVar("R", Recipe, StochasticRecipe)
Spectra = Annotated[ExactSpectra | KrylovSpectra | PyHessianSpectra, Field(discriminator="engine")]


class Data(Maker):
    """The training sets of a study."""

    positional: ClassVar[int] = 3  # seed, name, data set
    given: ClassVar[tuple[str, ...]] = ()

    datasets: Count = 1


def _of_pairs(solutions: R) -> R:
    """Check that there are pairs of solutions to walk between."""
    if solutions.count < 2:
        raise ValueError(f"count = {solutions.count} makes no pair to walk between; ask for at least 2")
    return solutions


class PathStudy(Model):
    """A study that walks between the solutions of one problem."""

    kind: str
    threads: Count = 1
    priority: int = Field(default=0, description="jobs of the study with the highest priority start first")
    paths_per_job: Count = Field(default=1, description="chains tracked side by side in one job")
    one_path_per_job: list[str] = Field(
        default=[], description="trackers whose pairs are a job each: long ones run in parallel"
    )
    data: Data
    problem: Maker
    solutions: Recipe | StochasticRecipe
    trackers: Mapping[Name, TrackerSettings]
    spectra: Spectra

    @model_validator(mode="after")
    def _tree_committee(self) -> "PathStudy":
        """Check what only the two makers together can tell."""
        hidden, inputs = self.problem.arguments.get("hidden"), self.data.arguments.get("inputs")
        if isinstance(hidden, int) and isinstance(inputs, int) and (hidden < 1 or inputs % hidden):
            raise ValueError(f"problem.arguments.hidden = {hidden} does not divide data.arguments.inputs = {inputs}")
        return self

    @model_validator(mode="after")
    def _jobs_of_trackers(self) -> "PathStudy":
        for tracker in self.one_path_per_job:
            if tracker not in self.tracker_names:
                raise ValueError(
                    f"one_path_per_job: no tracker '{tracker}'; this study has {', '.join(self.tracker_names)}"
                )
        return self

    @model_validator(mode="after")
    def _spectra_of_trackers(self) -> "PathStudy":
        for tracker in self.spectra.all_trackers:
            if tracker not in self.tracker_names:
                known = ", ".join(self.tracker_names)
                raise ValueError(f"spectra: no tracker '{tracker}'; this study has {known}")
        parts = self.spectra.parts if isinstance(self.spectra, KrylovSpectra) else {}
        for name, part in parts.items():
            if part.tracker not in self.tracker_names:
                raise ValueError(f"spectra.{name}: no tracker '{part.tracker}'; name one of the study's")
        if len(set(self.spectra.all_trackers)) < len(self.spectra.all_trackers):
            raise ValueError("spectra: a tracker is named twice in trackers and on_request")
        return self

    @property
    def pairs(self) -> list[tuple[int, int, int]]:
        """All (data set, a, b) with a < b."""
        count = self.solutions.count
        return [(d, a, b) for d in range(self.data.datasets) for a in range(count) for b in range(a + 1, count)]

    @model_validator(mode="after")
    def _of_bounded_size(self) -> "PathStudy":
        """Check that the files, each of which a run looks at before it begins, are not too many."""
        if self.files > MOST_FILES:
            raise ValueError(
                f"data.datasets = {self.data.datasets} and solutions.count = {self.solutions.count} come to "
                f"{self.files} files, more than the {MOST_FILES} that a study may have; lower one of them"
            )
        return self

    @property
    def files(self) -> int:
        """About how many artifacts the study has: data, solutions, paths with their steps and profiles, spectra."""
        datasets, count = self.data.datasets, self.solutions.count
        pairs = datasets * count * (count - 1) // 2
        return datasets * (1 + count) + pairs * (3 * len(self.tracker_names) + len(self.spectra.all_trackers))

    @property
    def tracker_names(self) -> list[str]:
        """The trackers that are asked for."""
        return list(self.trackers)


class FullBatchStudy(PathStudy):
    """Every gradient is one of the whole training set."""

    kind: Literal["paths"]
    solutions: Annotated[Recipe, AfterValidator(_of_pairs)] = Recipe()
    trackers: FullBatchTrackers


class Boosting(Model):
    """How better networks are made of the paths of tracker `guarded`, chosen by validation images."""

    widths: Annotated[list[Fraction], Field(min_length=1)] = Field(
        description="of the windows whose points' weights are averaged, as shares of the path's length"
    )
    members: Annotated[list[Annotated[int, Field(ge=2)]], Field(min_length=1)] = Field(
        description="points of the path that predict together, evenly spread, the ends among them"
    )


class StochasticStudy(PathStudy):
    """Training sets too large for that: gradients are those of minibatches."""

    kind: Literal["stochastic"]
    checkpoint_seconds: Positive = Field(description="between two states that a killed run goes on from")
    solutions: Annotated[StochasticRecipe, AfterValidator(_of_pairs)] = StochasticRecipe()
    trackers: StochasticTrackers
    spectra: Spectra = ExactSpectra(
        engine="exact", trackers=[], on_request=[], points=2
    )  # none, unless a study asks for some
    # left out where there is none, so that a study's digest is what it was before studies could have one
    boosting: Boosting | None = Field(
        default=None,
        description="needs tracker `guarded`, and data.arguments.validation",
        exclude_if=lambda value: value is None,
    )

    @model_validator(mode="after")
    def _boosts(self) -> "StochasticStudy":
        if self.boosting and "guarded" not in self.trackers:
            raise ValueError("boosting: starts from the paths of tracker 'guarded'; give the study one")
        if self.boosting and not self.data.arguments.get("validation"):
            raise ValueError("boosting: the data have no validation images; set data.arguments.validation")
        return self

    @property
    def judged(self) -> bool:
        """Whether it has all paths that the claims of section 3.3 are judged by."""
        return {"paper", "guarded", "line"} <= set(self.tracker_names)
