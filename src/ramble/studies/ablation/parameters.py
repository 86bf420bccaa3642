"""A study of the guarded tracker's settings, some of them changed at a time."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from ramble.parameters.sentences import sentence
from ramble.settings import Name
from ramble.studies.built_on import StudyBuiltOn
from ramble.studies.paths.parameters import Study as PathsStudy
from ramble.studies.study import BaseStudy


class Study(StudyBuiltOn):
    """Which parts of the guarded tracker matter."""

    kind: Literal["ablation"]
    of: str = Field(description="the study whose pairs are tracked, with its settings of the guarded tracker")
    variants: Annotated[dict[Name, dict[str, Any]], Field(min_length=1, description="the settings that differ")]

    def files(self, name: str, studies: Mapping[str, BaseStudy]) -> list[str]:
        """Return the table of all variants."""
        return [f"results/{name}/ablation.csv"]

    def check_source(self, name: str, source: PathsStudy) -> None:
        """Raise ValueError where a variant's settings, laid over those of the study, are none of the tracker."""
        self.need_tracker(name, source, "guarded")
        settings = source.trackers["guarded"]
        for variant, changes in self.variants.items():
            try:
                type(settings)(**settings.model_dump() | changes)
            except ValidationError as error:
                first = error.errors()[0]
                location = ("studies", name, self.kind, "variants", variant, *first["loc"])
                raise ValueError(sentence({**first, "loc": location})) from None
