"""A study of the zoo: which families, and how many networks of each."""

from collections.abc import Mapping
from itertools import combinations
from typing import Annotated, Literal

from pydantic import Field, model_validator

from ramble.settings import Model
from ramble.studies.study import BaseStudy
from ramble.tracking.adaptive_settings import AdaptiveSettings

FamilyName = Literal[
    "digits_tanh",
    "digits_relu",
    "binary",
    "lenet5",
    "batch_norm",
    "resnet20",
    "transformer",
    "frozen_backbone",
    "noisy_labels",
    "committee",
]


class Data(Model):
    """Where images are."""

    data_root: str = Field(default="data", description="folder with MNIST and CIFAR-10; RAMBLE_DATA_ROOT overrides it")


class Study(BaseStudy):
    """How often the tracker without tuning joins networks of many kinds, with the same settings for all."""

    kind: Literal["zoo"]
    data: Data = Data()
    families: Annotated[list[FamilyName], Field(min_length=1, description="kinds of networks, each with its data")]
    networks: Annotated[
        int, Field(ge=2, le=4, description="of a family, each trained another way; all pairs are tried")
    ] = 4
    tracker: AdaptiveSettings = AdaptiveSettings()

    @model_validator(mode="after")
    def _once_each(self) -> "Study":
        if len(set(self.families)) < len(self.families):
            raise ValueError("families: one is named twice")
        return self

    def pair_files(self, name: str) -> list[str]:
        """Return the tables of all pairs, a row each."""
        pairs = list(combinations(range(self.networks), 2))
        return [f"results/{name}/pairs/{family}-{a}-{b}.csv" for family in self.families for a, b in pairs]

    def files(self, name: str, studies: Mapping[str, BaseStudy]) -> list[str]:
        """Return the table of all families."""
        return [f"results/tables/{name}.csv", f"results/tables/{name}.md"]
