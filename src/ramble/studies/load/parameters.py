"""A study of training sets of growing size."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from ramble.settings import Count, Name, Positive
from ramble.studies.built_on import StudyBuiltOn
from ramble.studies.figure import FigureOfStudies
from ramble.studies.paths.parameters import Study as PathsStudy
from ramble.studies.study import BaseStudy


class Study(StudyBuiltOn):
    """Where tracking begins to fail as the number of patterns grows."""

    kind: Literal["load"]
    of: str = Field(description="the study whose data maker, network, training recipe and trackers are used")
    loads: Annotated[list[Positive], Field(min_length=1, description="patterns per input")]
    datasets: Count
    solutions: Annotated[int, Field(ge=2, description="per data set; fewer are a result")]
    batch: Count = Field(description="restarts of a data set trained side by side")
    rounds: Count = Field(description="of restarts, until a data set has its solutions")
    trackers: Annotated[list[Name], Field(min_length=1, description="of that study, by name")]

    @model_validator(mode="after")
    def _once_each(self) -> "Study":
        if len(set(self.trackers)) < len(self.trackers):
            raise ValueError("trackers: one is named twice")
        return self

    def check_source(self, name: str, source: PathsStudy) -> None:
        """Raise ValueError where the loads make no sense for that study's data, or it lacks a tracker."""
        self.need_search(name, source)
        inputs = source.data.arguments.get("inputs")
        if not isinstance(inputs, int) or "patterns" not in source.data.arguments:
            raise ValueError(
                f"studies.{name}.of: data.arguments of study '{self.of}' say no number of patterns and inputs, which "
                "make a load; name a study whose data maker takes both"
            )
        sizes = self.sizes(source)
        if len(set(sizes)) < len(sizes) or min(sizes) < 1:
            pairs = ", ".join(f"{load} to {size}" for load, size in zip(self.loads, sizes, strict=True))
            raise ValueError(
                f"studies.{name}.loads: of {inputs} inputs the loads come to these numbers of patterns: {pairs}; give "
                "loads that come to different ones, none of them 0"
            )
        for tracker in self.trackers:
            self.need_tracker(name, source, tracker)

    def sizes(self, source: PathsStudy) -> list[int]:
        """Return how many patterns each load comes to with the data of a study."""
        return [round(load * source.data.arguments["inputs"]) for load in self.loads]

    def load_files(self, name: str, studies: Mapping[str, BaseStudy]) -> list[str]:
        """Return the tables of the loads, one each."""
        return [f"results/{name}/loads/{size}.csv" for size in self.sizes(self.source(studies))]

    def files(self, name: str, studies: Mapping[str, BaseStudy]) -> list[str]:
        """Return the tables of the loads, and the one of them all."""
        return [*self.load_files(name, studies), f"results/{name}/load.csv"]


class Load(FigureOfStudies):
    """Training and tracking against the load; one column per study."""

    drawn_by: ClassVar[str] = "ramble.studies.load.drawing.draw"
    shows: ClassVar[type[BaseStudy]] = Study

    kind: Literal["load"]

    def sources(self, name: str, studies: Mapping[str, BaseStudy]) -> dict[str, list[str]]:
        """Return the tables of all shown studies."""
        return {"tables": [f"results/{study}/load.csv" for study in self.shown(studies)]}


FIGURES = (Load,)
