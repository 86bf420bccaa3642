"""A study of training runs: networks, optimisers, initialisations, .. by names of their own, and grids of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from ramble.parameters.makers import Maker
from ramble.settings import Count, Model, Name, Positive
from ramble.studies.figure import BaseFigure
from ramble.studies.paths.study import Data
from ramble.studies.study import MOST_FILES, BaseStudy, no_study
from ramble.training.run_settings import Augmentation, Initialisation, Optimiser, RunSettings, Schedule

PLAIN = "plain"  # the schedule and the augmentation that change nothing
CHANGES = ("schedules", "initialisations", "augmentations")  # kinds of parts of which there is a plain one


@dataclass(frozen=True)
class Setting:
    """One point of a grid: names of what a network and its training are made of."""

    network: str
    optimiser: str
    schedule: str
    initialisation: str
    augmentation: str
    batch: int

    @property
    def name(self) -> str:
        """What files of it are called: what is plain is left out."""
        parts = [self.network, self.optimiser, self.schedule, self.initialisation, self.augmentation]
        return "-".join([*(part for part in parts if part != PLAIN), f"b{self.batch}"])


class Grid(Model):
    """All combinations of some settings, each by its name in the study; every one is trained."""

    networks: Annotated[list[Name], Field(min_length=1)]
    optimisers: Annotated[list[Name], Field(min_length=1)]
    schedules: list[Name] = Field(default=[PLAIN], min_length=1)
    initialisations: list[Name] = Field(default=[PLAIN], min_length=1)
    augmentations: list[Name] = Field(default=[PLAIN], min_length=1)
    batches: Annotated[list[Count], Field(min_length=1, description="training samples per step")]

    @property
    def settings(self) -> list[Setting]:
        """The combinations, in the order in which they are written."""
        return [
            Setting(network, optimiser, schedule, initialisation, augmentation, batch)
            for network, optimiser, schedule, initialisation, augmentation, batch in product(
                self.networks, self.optimisers, self.schedules, self.initialisations, self.augmentations, self.batches
            )
        ]


class Study(BaseStudy):
    """Networks trained by optimisers of torch, each from several seeds: points in weight space, and tables by epoch."""

    kind: Literal["runs"]
    on_request: bool = Field(default=False, description="made by its own name only, and not by the target all")
    checkpoint_seconds: Positive = Field(description="between two states that a killed run goes on from")
    data: Data
    validation: Literal["validation", "test"] = Field(
        default="test", description="the split that nothing is trained on, which is looked at after every epoch"
    )
    networks: Annotated[dict[Name, Maker], Field(min_length=1, description="problems, as a study of paths has one")]
    optimisers: Annotated[dict[Name, Optimiser], Field(min_length=1)]
    schedules: dict[Name, Schedule] = Field(default={}, description="of the rate; `plain` is the constant one")
    initialisations: dict[Name, Initialisation] = Field(
        default={}, description="`plain` is the one that the network's own code draws"
    )
    augmentations: dict[Name, Augmentation] = Field(default={}, description="`plain` leaves images as they are")
    grids: Annotated[dict[Name, Grid], Field(min_length=1, description="what is trained; a run may be in several")]
    epochs: Count = 50
    seeds: Count = Field(default=3, description="runs of each setting")
    points: list[Annotated[int, Field(ge=0)]] = Field(
        default=[0], description="epochs after which weights are kept, beside the last"
    )

    @model_validator(mode="after")
    def _named(self) -> "Study":
        for kind in CHANGES:
            if PLAIN in getattr(self, kind):
                raise ValueError(f"{kind}: '{PLAIN}' is the one that changes nothing; give yours another name")
        for grid, kind, name in self._names():
            known: Mapping[str, object] = getattr(self, kind)
            plain = kind in CHANGES
            if name not in known and not (plain and name == PLAIN):
                there_are = ", ".join([*known, *[PLAIN] * plain])
                raise ValueError(f"grids.{grid}.{kind}: no '{name}' among the study's {kind}; there are {there_are}")
        settings = {setting for grid in self.grids.values() for setting in grid.settings}
        if len(self.runs) < len(settings):
            twice = next(setting.name for setting in settings if self.runs[setting.name] != setting)
            raise ValueError(f"grids: two settings make runs called '{twice}'; give one of their parts another name")
        late = [epoch for epoch in self.points if epoch > self.epochs]
        if late:
            raise ValueError(f"points: epoch {late[0]} is after the last one, {self.epochs}; leave it out")
        if len(self.runs) * self.seeds > MOST_FILES:
            raise ValueError(f"grids: make {len(self.runs) * self.seeds:,} runs; at most {MOST_FILES:,} are taken")
        return self

    def _names(self) -> Iterator[tuple[str, str, str]]:
        for grid, lists in self.grids.items():
            for kind in ("networks", "optimisers", *CHANGES):
                names: Sequence[str] = getattr(lists, kind)
                yield from ((grid, kind, name) for name in names)

    @property
    def runs(self) -> dict[str, Setting]:
        """The settings of all grids, by their names."""
        return {setting.name: setting for grid in self.grids.values() for setting in grid.settings}

    def settings_of(self, name: str) -> RunSettings:
        """Return how the networks of a setting are trained."""
        setting = self.runs[name]
        return RunSettings(
            optimiser=self.optimisers[setting.optimiser],
            schedule=self.schedules.get(setting.schedule),
            initialisation=self.initialisations.get(setting.initialisation, Initialisation()),
            augmentation=self.augmentations.get(setting.augmentation, Augmentation()),
            batch=setting.batch,
            epochs=self.epochs,
            points=self.points,
        )

    def keys_of(self, name: str) -> list[str]:
        """Return the keys below the study that the runs of a setting rest on."""
        setting = self.runs[name]
        named = {
            "networks": setting.network,
            "optimisers": setting.optimiser,
            "schedules": setting.schedule,
            "initialisations": setting.initialisation,
            "augmentations": setting.augmentation,
        }
        own = [f"{kind}.{one}" for kind, one in named.items() if one in getattr(self, kind)]
        return ["validation", "epochs", "points", *own]

    def run_files(self, name: str, suffix: str, grid: str | None = None) -> list[str]:
        """Return the tables or points of all runs, or of those of one grid."""
        settings = self.grids[grid].settings if grid else self.runs.values()
        return [
            f"results/{name}/runs/{setting.name}-{number}.{suffix}"
            for setting in settings
            for number in range(self.seeds)
        ]

    @property
    def judged(self) -> bool:
        """Whether it has the grids that the tables of the text on randomization are made of."""
        return {"initialisation", "batch"} <= set(self.grids)

    def files(self, name: str, studies: Mapping[str, BaseStudy]) -> list[str]:
        """Return the points and tables of all runs, and the tables that are made of them."""
        tables = [f"results/tables/runs-{name}.csv", f"results/tables/runs-{name}.md"]
        if self.judged:
            tables += [f"results/tables/{table}-{name}.md" for table in ("table1", "table2", "claims")]
        return [*self.run_files(name, "safetensors"), *self.run_files(name, "csv"), *tables]


class RunCurves(BaseFigure):
    """Loss and accuracy of the runs of a grid, by epoch: the median over seeds, and the range."""

    drawn_by: ClassVar[str] = "ramble.studies.runs.drawing.draw"

    kind: Literal["run_curves"]
    study: str
    grid: str = Field(description="of the study, whose settings are shown, a line each")

    @property
    def of_study(self) -> str | None:
        """The study that it shows."""
        return self.study

    def check(self, studies: Mapping[str, BaseStudy], left_out: Sequence[str]) -> None:
        """Raise ValueError where there is no such study of runs, or no such grid."""
        shown = studies.get(self.study)
        if not isinstance(shown, Study):
            there = ", ".join(name for name, study in studies.items() if isinstance(study, Study))
            raise ValueError(f".study: {no_study('study of runs', self.study, left_out, f'there are {there or None}')}")
        if self.grid not in shown.grids:
            raise ValueError(f".grid: study '{self.study}' has no grid '{self.grid}'; it has {', '.join(shown.grids)}")

    def sources(self, name: str, studies: Mapping[str, BaseStudy]) -> dict[str, list[str]]:
        """Return the tables of the runs."""
        shown = studies[self.study]
        assert isinstance(shown, Study)
        return {"tables": shown.run_files(self.study, "csv", self.grid)}


FIGURES = (RunCurves,)
