"""A study of depth: products of layers, and a network's layers under several initialisations."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from ramble.settings import Count, Name, Positive
from ramble.studies.figure import BaseFigure
from ramble.studies.study import BaseStudy, no_study
from ramble.training.run_settings import Initialisation

TABLES = ("products", "layers")
INITIALISATIONS: dict[str, dict[str, Any]] = {
    "ones": {"weights": {"name": "ones_"}, "biases": "uniform"},
    "zeros": {"weights": {"name": "zeros_"}, "biases": "uniform"},
    "zeros_and_biases": {"weights": {"name": "zeros_"}, "biases": "zero"},
    "kaiming_normal": {"weights": {"name": "kaiming_normal_"}, "biases": "uniform"},
    "xavier_uniform": {"weights": {"name": "xavier_uniform_"}, "biases": "uniform"},
}


class Study(BaseStudy):
    """How values and gradients grow or fade with depth: linear layers times c, and the Carlini net as it is drawn."""

    kind: Literal["depth"]
    factors: Annotated[list[Positive], Field(min_length=1, description="c, which each layer is multiplied by")] = [  # noqa: RUF012
        0.5, 0.9, 1.0, 1.1, 2.0,
    ]  # fmt: skip
    layers: Annotated[int, Field(ge=3, description="linear ones, in a product")] = 50
    units: Count = Field(128, description="of a linear layer")
    draws: Count = Field(3, description="of all random weights, one seed each")
    width: Count = Field(64, description="channels of the network's first convolution; 64 in print")
    images: Annotated[int, Field(ge=2, description="of standard normal pixels, that go through the network")] = 16
    initialisations: Annotated[Mapping[Name, Initialisation], Field(validate_default=True, min_length=1)] = (
        INITIALISATIONS  # type: ignore[assignment]
    )

    def files(self, name: str, studies: Mapping[str, BaseStudy]) -> list[str]:
        """Return the tables, and the claims that are judged by them."""
        claims = [f"results/tables/claims-{name}.{suffix}" for suffix in ("csv", "md")]
        return [*(f"results/{name}/{table}.csv" for table in TABLES), *claims]


class DepthFigure(BaseFigure):
    """Values and gradients by layer: of products of linear layers, and of a network under several initialisations."""

    drawn_by: ClassVar[str] = "ramble.studies.depth.drawing.draw"

    kind: Literal["depth"]
    study: str

    @property
    def of_study(self) -> str | None:
        """The study that it shows."""
        return self.study

    def check(self, studies: Mapping[str, BaseStudy], left_out: Sequence[str]) -> None:
        """Raise ValueError where there is no such study."""
        if not isinstance(studies.get(self.study), Study):
            there = ", ".join(name for name, study in studies.items() if isinstance(study, Study))
            what = no_study("study of kind depth", self.study, left_out, f"there are {there or 'none'}")
            raise ValueError(f".study: {what}")

    def sources(self, name: str, studies: Mapping[str, BaseStudy]) -> dict[str, list[str]]:
        """Return the tables."""
        return {table: [f"results/{self.study}/{table}.csv"] for table in TABLES}


FIGURES = (DepthFigure,)
