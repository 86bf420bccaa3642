"""A study of the graph of many solutions."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from ramble.settings import Count
from ramble.studies.built_on import StudyBuiltOn
from ramble.studies.figure import FigureOfStudies
from ramble.studies.paths.parameters import Study as PathsStudy
from ramble.studies.study import MOST_FILES, BaseStudy


class Study(StudyBuiltOn):
    """Are many solutions of one data set joined with one another, all pairs tried?"""

    kind: Literal["connectivity"]
    of: str = Field(description="the study whose data, network, training recipe and tracker `guarded` are used")
    datasets: Count = Field(description="the first so many of that study's")
    solutions: Annotated[int, Field(ge=2, description="per data set; trained anew, none is taken from that study")]
    batch: Count = Field(description="restarts of a data set trained side by side")
    pairs_at_once: Count = Field(description="pairs tracked side by side; memory grows with it")
    line_points: Annotated[int, Field(ge=2, description="points at which the straight line is looked at")]

    @model_validator(mode="after")
    def _of_bounded_size(self) -> "Study":
        if (files := self.datasets * self.solutions) > MOST_FILES:
            raise ValueError(
                f"datasets = {self.datasets} and solutions = {self.solutions} come to {files} files, more than the "
                f"{MOST_FILES} that a study may have; lower one of them"
            )
        return self

    def check_source(self, name: str, source: PathsStudy) -> None:
        """Raise ValueError where that study has no tracker `guarded`, or too few data sets."""
        if self.datasets > source.data.datasets:
            raise ValueError(
                f"studies.{name}.datasets = {self.datasets}: study '{self.of}' has only {source.data.datasets}; "
                "take fewer, or raise data.datasets there"
            )
        self.need_search(name, source)
        self.need_tracker(name, source, "guarded")

    def solution_files(self, name: str, dataset: int) -> list[str]:
        """Return the solutions of one data set."""
        return [f"results/{name}/solutions/{dataset}-{seed}.safetensors" for seed in range(self.solutions)]

    def files(self, name: str, studies: Mapping[str, BaseStudy]) -> list[str]:
        """Return the tables of all pairs and of the components, and those of every data set with its solutions."""
        return [
            *(f"results/{name}/{table}.csv" for table in ("pairs", "components")),
            *(f"results/{name}/graph/{dataset}.csv" for dataset in range(self.datasets)),
            *(file for dataset in range(self.datasets) for file in self.solution_files(name, dataset)),
        ]


class Connectivity(FigureOfStudies):
    """How far many solutions are joined, pair by pair and as a graph; one column per study."""

    drawn_by: ClassVar[str] = "ramble.studies.connectivity.drawing.draw"
    shows: ClassVar[type[BaseStudy]] = Study

    kind: Literal["connectivity"]

    def sources(self, name: str, studies: Mapping[str, BaseStudy]) -> dict[str, list[str]]:
        """Return the tables of pairs and of components of all shown studies."""
        return {
            table: [f"results/{study}/{table}.csv" for study in self.shown(studies)]
            for table in ("pairs", "components")
        }


FIGURES = (Connectivity,)
