"""Studies that build on the data, network and settings of a study of paths."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from ramble.parameters.paths import MOST_FILES, FullBatchStudy
from ramble.parameters.sentences import sentence
from ramble.settings import Count, Model, Name, Positive
from ramble.tracking.settings import TrackerSettings


class Minibatches(Model):
    """A reading of gradient descent by minibatches: all patterns in random order, epoch after epoch."""

    batch: Count = Field(description="patterns per gradient")
    epochs: Count = Field(description="over all patterns, at most")


class RecipeStudy(Model):
    """How often the published training recipe reaches zero errors, under each reading of it."""

    kind: Literal["recipe"]
    threads: Count
    of: str = Field(description="the study whose data and network are used")
    rate: Positive
    initial_sigma: Positive
    input_scales: Annotated[list[Positive], Field(min_length=1)]
    reductions: Annotated[list[Literal["mean", "sum"]], Field(min_length=1)]
    restarts: Count = Field(description="per data set and reading")
    max_steps: Count = Field(description="gradients of the whole set, at most")
    minibatches: list[Minibatches] = Field([], description="readings beside that by gradients of the whole set")


class AblationStudy(Model):
    """Which parts of the guarded tracker matter."""

    kind: Literal["ablation"]
    threads: Count
    of: str = Field(description="the study whose pairs are tracked, with its settings of the guarded tracker")
    variants: Annotated[dict[Name, dict[str, Any]], Field(min_length=1, description="the settings that differ")]


class ConnectivityStudy(Model):
    """Are many solutions of one data set joined with one another, all pairs tried?"""

    kind: Literal["connectivity"]
    threads: Count
    priority: int = Field(0, description="jobs of the study with the highest priority start first")
    of: str = Field(description="the study whose data, network, training recipe and tracker `guarded` are used")
    datasets: Count = Field(description="the first so many of that study's")
    solutions: Annotated[int, Field(ge=2, description="per data set; trained anew, none is taken from that study")]
    batch: Count = Field(description="restarts of a data set trained side by side")
    pairs_at_once: Count = Field(description="pairs tracked side by side; memory grows with it")
    line_points: Annotated[int, Field(ge=2, description="points at which the straight line is looked at")]

    @model_validator(mode="after")
    def _of_bounded_size(self) -> "ConnectivityStudy":
        if (files := self.datasets * self.solutions) > MOST_FILES:
            raise ValueError(
                f"datasets = {self.datasets} and solutions = {self.solutions} come to {files} files, more than the "
                f"{MOST_FILES} that a study may have; lower one of them"
            )
        return self


class LoadStudy(Model):
    """Where tracking begins to fail as the number of patterns grows."""

    kind: Literal["load"]
    threads: Count
    of: str = Field(description="the study whose data maker, network, training recipe and trackers are used")
    loads: Annotated[list[Positive], Field(min_length=1, description="patterns per input")]
    datasets: Count
    solutions: Annotated[int, Field(ge=2, description="per data set; fewer are a result")]
    batch: Count = Field(description="restarts of a data set trained side by side")
    rounds: Count = Field(description="of restarts, until a data set has its solutions")
    trackers: Annotated[list[Name], Field(min_length=1, description="of that study, by name")]

    @model_validator(mode="after")
    def _once_each(self) -> "LoadStudy":
        if len(set(self.trackers)) < len(self.trackers):
            raise ValueError("trackers: one is named twice")
        return self

    def patterns(self, inputs: int) -> list[int]:
        """Return how many patterns each load comes to."""
        return [round(load * inputs) for load in self.loads]


StudyBuiltOn = RecipeStudy | AblationStudy | ConnectivityStudy | LoadStudy


def check_source(name: str, study: StudyBuiltOn, source: FullBatchStudy) -> None:
    """Check that a study finds what it needs in the study of paths that it builds on."""
    wanted: list[str] = []
    if isinstance(study, ConnectivityStudy | AblationStudy):
        wanted = ["guarded"]
    if isinstance(study, ConnectivityStudy) and study.datasets > source.data.datasets:
        raise ValueError(
            f"studies.{name}.datasets = {study.datasets}: study '{study.of}' has only {source.data.datasets}; "
            "take fewer, or raise data.datasets there"
        )
    if isinstance(study, LoadStudy):
        wanted = list(study.trackers)
        inputs = source.data.arguments.get("inputs")
        if not isinstance(inputs, int) or "patterns" not in source.data.arguments:
            raise ValueError(
                f"studies.{name}.of: data.arguments of study '{study.of}' say no number of patterns and inputs, which "
                "make a load; name a study whose data maker takes both"
            )
        sizes = study.patterns(inputs)
        if len(set(sizes)) < len(sizes) or min(sizes) < 1:
            pairs = ", ".join(f"{load} to {size}" for load, size in zip(study.loads, sizes, strict=True))
            raise ValueError(
                f"studies.{name}.loads: of {inputs} inputs the loads come to these numbers of patterns: {pairs}; give "
                "loads that come to different ones, none of them 0"
            )
    for tracker in wanted:
        if tracker not in source.tracker_names:
            raise ValueError(f"studies.{name}.of: study '{study.of}' has no tracker '{tracker}'; give it one")
    if isinstance(study, AblationStudy):
        _check_variants(name, study, source.trackers["guarded"])


def _check_variants(name: str, study: AblationStudy, settings: TrackerSettings) -> None:
    for variant, changes in study.variants.items():
        try:
            type(settings)(**settings.model_dump() | changes)
        except ValidationError as error:
            first = error.errors()[0]
            location = ("studies", name, study.kind, "variants", variant, *first["loc"])
            raise ValueError(sentence({**first, "loc": location})) from None
