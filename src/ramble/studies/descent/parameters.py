"""A study of gradient descent on small losses: the bounds of the theorems, measured."""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from ramble.settings import Count, Fraction, Model, Name, Positive
from ramble.studies.figure import BaseFigure
from ramble.studies.study import BaseStudy, no_study

DRAWING = "ramble.studies.descent.drawing"
TABLES = ("bowl", "contours", "bounds", "schedules", "rest")


class Bowl(Model):
    """Three walks on the loss of a logistic regression with two weights."""

    start: Annotated[list[float], Field(min_length=2, max_length=2, description="of the weights")] = [3.0, -2.0]  # noqa: RUF012
    rate: Positive = Field(1.0, description="of descent, in units of 1 / L: it cannot overshoot")
    steps: Count = 60
    large_rate: Positive = Field(8.0, description="of descent that overshoots, likewise")
    large_steps: Count = 30
    stochastic_rate: Positive = Field(0.2, description="of steps by one sample, likewise")
    stochastic_steps: Count = 400
    grid: Annotated[int, Field(ge=10, description="points along each side, for the contours")] = 81


class Bounds(Model):
    """Where the bounds on one step are looked at: along walks of constant step size."""

    scales: Annotated[list[Positive], Field(min_length=1, description="of inputs; it decides L")] = [0.3, 3.0]  # noqa: RUF012
    rates: Annotated[list[Fraction], Field(min_length=1, description="of logistic regressions, in units of 1 / L")] = [  # noqa: RUF012
        0.003, 0.01, 0.03, 0.1, 0.3, 1.0,
    ]  # fmt: skip
    network_rates: Annotated[list[Positive], Field(min_length=1, description="of the network, as they are")] = [  # noqa: RUF012
        0.03, 0.1, 0.3,
    ]  # fmt: skip
    steps: Count = 400
    every: Count = Field(40, description="steps from one point looked at to the next")


class Schedule(Model):
    """Step sizes a_k = rate / L (1 + k / delay)^(-power).

    sum a_k is infinite for powers up to 1, sum a_k^2 finite for powers above 1 / 2.
    """

    rate: Fraction = Field(description="in units of 1 / L")
    power: Annotated[float, Field(ge=0)] = 0.0
    delay: Positive = 100.0

    @property
    def constant(self) -> bool:
        """Does the step size stay as it is?"""
        return self.power == 0

    @property
    def suitable(self) -> bool:
        """Is sum a_k infinite and sum a_k^2 finite, as the theorem asks?"""
        return 0.5 < self.power <= 1

    @property
    def fleeting(self) -> bool:
        """Is sum a_k finite?"""
        return self.power > 1


SCHEDULES: dict[str, dict[str, float]] = {
    "constant_large": {"rate": 0.3},
    "constant_medium": {"rate": 0.1},
    "constant_small": {"rate": 0.03},
    "suitable": {"rate": 0.3, "power": 0.75, "delay": 100.0},
    "too_fast": {"rate": 0.3, "power": 2.0, "delay": 10.0},
}


class Rest(Model):
    """Walks of constant step size that begin at a minimum, or beside one."""

    rate: Fraction = Field(0.5, description="in units of the inverse of the largest curvature of one sample there")
    steps: Count = 2000
    aside: Positive = Field(0.1, description="how far beside it the others begin, relative to its norm")


class Study(BaseStudy):
    """Do the bounds on gradient descent hold, and how tight are they, where all that they speak of is computed?"""

    kind: Literal["descent"]
    samples: Annotated[int, Field(ge=8, description="n, of every loss")] = 64
    features: Annotated[int, Field(ge=1, description="of a sample, beside the constant one of the bias")] = 4
    teacher_norm: Positive = Field(
        2.0, description="of the weights that the labels are drawn by: the larger, the surer"
    )
    hidden: Count = Field(4, description="units of the network")
    walks: Annotated[int, Field(ge=2, description="of each setting, one seed each")] = 4
    bowl: Bowl = Bowl.model_validate({})
    bounds: Bounds = Bounds.model_validate({})
    schedules: Annotated[Mapping[Name, Schedule], Field(validate_default=True)] = SCHEDULES  # type: ignore[assignment]
    schedule_steps: Annotated[int, Field(ge=100)] = 40_000
    rest: Rest = Rest.model_validate({})

    @model_validator(mode="after")
    def _comparable(self) -> "Study":
        kinds = list(self.schedules.values())
        for what, there in (
            ("is constant", any(one.constant for one in kinds)),
            ("has a power above 0.5 and up to 1", any(one.suitable for one in kinds)),
            ("has a power above 1", any(one.fleeting for one in kinds)),
        ):
            if not there:
                raise ValueError(f"schedules: none {what}; the claims compare such a one with others, add one")
        return self

    def files(self, name: str, studies: Mapping[str, BaseStudy]) -> list[str]:
        """Return the tables, and the claims that are judged by them."""
        claims = [f"results/tables/claims-{name}.{suffix}" for suffix in ("csv", "md")]
        return [*(f"results/{name}/{table}.csv" for table in TABLES), *claims]


class FigureOfDescent(BaseFigure):
    """What some tables of one study of descent look like."""

    tables: ClassVar[tuple[str, ...]]

    study: str

    @property
    def of_study(self) -> str | None:
        """The study that it shows."""
        return self.study

    def check(self, studies: Mapping[str, BaseStudy], left_out: Sequence[str]) -> None:
        """Raise ValueError where there is no such study."""
        if not isinstance(studies.get(self.study), Study):
            there = ", ".join(name for name, study in studies.items() if isinstance(study, Study))
            what = no_study("study of kind descent", self.study, left_out, f"there are {there or 'none'}")
            raise ValueError(f".study: {what}")

    def sources(self, name: str, studies: Mapping[str, BaseStudy]) -> dict[str, list[str]]:
        """Return the tables."""
        return {table: [f"results/{self.study}/{table}.csv"] for table in self.tables}


class BowlFigure(FigureOfDescent):
    """Gradient descent, overshooting, and stochastic gradient descent on a loss of two weights."""

    drawn_by: ClassVar[str] = f"{DRAWING}.bowl.draw"
    tables: ClassVar[tuple[str, ...]] = ("bowl", "contours")

    kind: Literal["bowl"]


class BoundsFigure(FigureOfDescent):
    """The expected change of the loss in one step, beside its bounds."""

    drawn_by: ClassVar[str] = f"{DRAWING}.bounds.draw"
    tables: ClassVar[tuple[str, ...]] = ("bounds",)

    kind: Literal["descent_bounds"]


class SchedulesFigure(FigureOfDescent):
    """|grad F|^2 and its weighted mean under several step sizes; and where walks rest."""

    drawn_by: ClassVar[str] = f"{DRAWING}.schedules.draw"
    tables: ClassVar[tuple[str, ...]] = ("schedules",)

    kind: Literal["step_sizes"]


class RestFigure(FigureOfDescent):
    """How far walks that begin at a minimum, or beside it, are from it."""

    drawn_by: ClassVar[str] = f"{DRAWING}.rest.draw"
    tables: ClassVar[tuple[str, ...]] = ("rest",)

    kind: Literal["rest"]


FIGURES = (BowlFigure, BoundsFigure, SchedulesFigure, RestFigure)
