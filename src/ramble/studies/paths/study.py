"""What the studies of paths have in common: solutions, paths between them, and spectra along the paths."""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, TypeVar

from pydantic import Field, model_validator

from ramble.parameters.makers import Maker
from ramble.parameters.spectra import (
    ExactSpectra,
    KrylovSpectra,
    Part,
    PyHessianSpectra,
)
from ramble.settings import Count, Errors, Name
from ramble.studies.study import MOST_FILES, BaseStudy
from ramble.tracking.settings import TrackerSettings
from ramble.training.descent_settings import Recipe
from ramble.training.stochastic_settings import StochasticRecipe

R = TypeVar("R", Recipe, StochasticRecipe)
Spectra = Annotated[ExactSpectra | KrylovSpectra | PyHessianSpectra, Field(discriminator="engine")]


class Data(Maker):
    """The training sets of a study."""

    positional: ClassVar[int] = 3  # seed, name, data set
    given: ClassVar[tuple[str, ...]] = ()

    datasets: Count = 1


def of_pairs(solutions: R) -> R:
    """Return a recipe; raises ValueError where it makes no pairs of solutions to walk between."""
    if solutions.count < 2:
        raise ValueError(f"count = {solutions.count} makes no pair to walk between; ask for at least 2")
    return solutions


class PathStudy(BaseStudy):
    """A study that walks between the solutions of one problem: of kind `paths` or `stochastic`."""

    paths_per_job: Count = Field(default=1, description="chains tracked side by side in one job")
    one_path_per_job: list[str] = Field(
        default=[], description="trackers whose pairs are a job each: long ones run in parallel"
    )
    # left out where there are none, so that a study's digest is what it was before studies could have some
    max_errors: Errors = Field(
        default=0,
        description="training errors that a network in the solution space may make: so many, or a share of the set",
        exclude_if=lambda value: not value,
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

    @property
    def given_files(self) -> list[str]:
        """Checkpoints of others that are the solutions; none where these are searched for."""
        return self.solutions.files if isinstance(self.solutions, Recipe) else []

    @model_validator(mode="after")
    def _given_for_one_data_set(self) -> "PathStudy":
        if self.given_files and self.data.datasets > 1:
            raise ValueError(
                f"solutions.files are networks of one data set, and data.datasets = {self.data.datasets}; make it 1"
            )
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
        for name, part in self.parts.items():
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
        if self.file_count > MOST_FILES:
            raise ValueError(
                f"data.datasets = {self.data.datasets} and solutions.count = {self.solutions.count} come to "
                f"{self.file_count} files, more than the {MOST_FILES} that a study may have; lower one of them"
            )
        return self

    @property
    def file_count(self) -> int:
        """About how many artifacts the study has: data, solutions, paths with their steps and profiles, spectra."""
        datasets, count = self.data.datasets, self.solutions.count
        pairs = datasets * count * (count - 1) // 2
        return datasets * (1 + count) + pairs * (3 * len(self.tracker_names) + len(self.spectra.all_trackers))

    @property
    def threshold(self) -> list[str]:
        """The key of the errors allowed, of what depends on it: nothing does where there are none."""
        return ["max_errors"] if self.max_errors else []

    @property
    def tracker_names(self) -> list[str]:
        """The trackers that are asked for."""
        return list(self.trackers)

    @property
    def parts(self) -> dict[str, Part]:
        """What else than spectra is measured, on one tracker's paths, by its name."""
        return self.spectra.parts if isinstance(self.spectra, KrylovSpectra) else {}

    @property
    def pair_names(self) -> list[str]:
        """What files call the pairs: <dataset>-<a>-<b>."""
        return [f"{dataset}-{a}-{b}" for dataset, a, b in self.pairs]

    def data_files(self, name: str) -> list[str]:
        """Return the training sets of the study called `name`."""
        return [f"results/{name}/data/{dataset}.safetensors" for dataset in range(self.data.datasets)]

    def solution_files(self, name: str) -> list[str]:
        """Return the solutions of all data sets."""
        seeds = range(self.solutions.count)
        return [f"results/{name}/solutions/{d}-{seed}.safetensors" for d in range(self.data.datasets) for seed in seeds]

    def pair_files(self, name: str, what: str, tracker: str, suffix: str, pairs: Sequence[str] = ()) -> list[str]:
        """Return files results/<study>/<what>/<tracker>/<pair>.<suffix>, of all pairs where none are named."""
        return [f"results/{name}/{what}/{tracker}/{pair}.{suffix}" for pair in pairs or self.pair_names]

    def part_pairs(self, part: str) -> list[str]:
        """Return the pairs on whose paths a part of the spectra is measured: the costly ones on the first path only."""
        return self.pair_names if part == "gauss_newton" else self.pair_names[:1]

    def part_files(self, name: str, part: str) -> list[str]:
        """Return what one part of the spectra measures."""
        if part == "reference":
            return [f"results/{name}/reference.csv"]
        tracker, pairs = self.parts[part].tracker, self.part_pairs(part)
        suffixes = ["csv", "safetensors"] if part == "eigenvectors" else ["csv"]
        return [file for suffix in suffixes for file in self.pair_files(name, part, tracker, suffix, pairs)]

    def files(self, name: str, studies: Mapping[str, BaseStudy]) -> list[str]:
        """Return the solutions, and what is measured along all paths, but for the spectra on request."""
        return [
            *self.solution_files(name),
            f"results/{name}/pairs.csv",
            *(file for tracker in self.tracker_names for file in self.pair_files(name, "profile", tracker, "csv")),
            *(file for tracker in self.spectra.trackers for file in self.pair_files(name, "spectra", tracker, "csv")),
            *(file for part in self.parts for file in self.part_files(name, part)),
        ]

    def files_on_request(self, name: str) -> list[str]:
        """Return the spectra that only the target `all` asks for."""
        return [f for tracker in self.spectra.on_request for f in self.pair_files(name, "spectra", tracker, "csv")]
