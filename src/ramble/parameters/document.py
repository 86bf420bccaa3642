"""The whole of params.yaml."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, ValidationError, ValidationInfo, model_validator

from ramble.errors import RambleError
from ramble.papers.companions import Companions
from ramble.papers.ramble.thresholds import Thresholds
from ramble.papers.titles import figures_of_papers
from ramble.parameters.sentences import sentence
from ramble.parameters.yaml_file import name_of, read_merged
from ramble.settings import Model, Name
from ramble.store.places import expanded
from ramble.studies.figure import BaseFigure
from ramble.studies.kinds import figure_models, kinds, study_model
from ramble.studies.paths.study import PathStudy
from ramble.studies.study import BaseStudy, no_study

MOST_SENTENCES = 20  # about one file
FIGURES = figures_of_papers()
if TYPE_CHECKING:
    Study = BaseStudy
    Figure = BaseFigure
else:
    Study = Annotated[reduce(or_, map(study_model, kinds())), Field(discriminator="kind")]
    Figure = Annotated[reduce(or_, figure_models().values()), Field(discriminator="kind")]


@dataclass(frozen=True)
class Given:
    """What a file says that the models no longer tell."""

    left_out: Sequence[str] = ()  # studies that are null
    figures: Sequence[str] = ()  # those that it names, the paper's among them


def _studies_schema(schema: dict[str, Any]) -> None:
    for pattern, study in schema["patternProperties"].items():
        schema["patternProperties"][pattern] = {"anyOf": [study, {"type": "null"}]}


def _figures_schema(schema: dict[str, Any]) -> None:
    """Allow the paper's figures to be given in part, and others as a whole."""
    ((pattern, figure),) = schema.pop("patternProperties").items()
    part = {"type": ["object", "null"]}
    schema |= {"propertyNames": {"pattern": pattern}, "properties": dict.fromkeys(FIGURES, part)}
    schema["additionalProperties"] = {"anyOf": [figure, {"type": "null"}]}


class Parameters(Model):
    """The whole of params.yaml."""

    seed: Annotated[int, Field(ge=0)]
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$")] = "auto"
    paper: Annotated[list[Name], Field(min_length=1, description="studies of the default target")]
    # `validate` takes what is null out of both, and lays the given figures over those of the paper
    studies: Annotated[dict[Name, Study], Field(description="null leaves one out", json_schema_extra=_studies_schema)]
    figures: Annotated[
        dict[Name, Figure],
        Field(description="beside the paper's, which may be given in part", json_schema_extra=_figures_schema),
    ] = {}  # noqa: RUF012
    claims: Thresholds = Thresholds.model_validate({})
    companions: Companions = Companions()

    @model_validator(mode="after")
    def _names_exist(self, info: ValidationInfo) -> "Parameters":
        given = info.context or Given()
        left_out = given.left_out
        for study in self.paper:
            if study not in self.studies:
                known = ", ".join(self.studies) or "none"
                raise ValueError(f"paper: {no_study('study', study, left_out, f'there are {known}')}")
        if len(set(self.paper)) < len(self.paper):
            raise ValueError("paper: a study is named twice")
        if not any(isinstance(self.studies[study], PathStudy) for study in self.paper):
            raise ValueError("paper: no study of kind paths or stochastic, whose paths the tables show; name one")
        for name, value in self.studies.items():
            value.check(name, self.studies, left_out)
        return self.model_copy(update={"figures": dict(self._drawn(given))})

    def _drawn(self, given: Given) -> Iterator[tuple[str, BaseFigure]]:
        """Yield the figures whose sources there are; raises ValueError where they are missing of one that is given."""
        for name, figure in self.figures.items():
            try:
                figure.check(self.studies, given.left_out)
            except ValueError as error:
                if name in given.figures:
                    raise ValueError(f"figures.{name}{error}") from None
            else:
                yield name, figure


def _without_nulls(config: dict[str, Any], section: str) -> tuple[dict[str, Any], list[str]]:
    """Return the parameters without those entries of a section that are null, and the names of these."""
    entries = config.get(section)
    if not isinstance(entries, dict):
        return config, []
    left_out = [name for name, entry in entries.items() if entry is None]
    return config | {section: {name: entry for name, entry in entries.items() if entry is not None}}, left_out


def _with_figures_of_paper(given: Any, left_out: Sequence[str], source: str) -> Any:
    """Return the given figures laid over those of the paper, but for those that are left out."""
    if not isinstance(given, dict):
        return given
    figures: dict[str, Any] = {name: figure for name, figure in FIGURES.items() if name not in left_out}
    for name, figure in given.items():
        of_paper = figures.get(name)
        if of_paper is None or not isinstance(figure, Mapping):
            figures[name] = figure
            continue
        if figure.get("kind", of_paper["kind"]) != of_paper["kind"]:
            raise RambleError(
                f"{source}: figures.{name}.kind: '{name}' is a figure of the paper, of kind {of_paper['kind']}; give "
                "yours another name"
            )
        figures[name] = {**of_paper, **figure}
    return figures


def validate(config: dict[str, Any], source: str = "params.yaml") -> Parameters:
    """Return the typed parameters; raises RambleError with one sentence per wrong key."""
    config, left_out = _without_nulls({"figures": {}} | config, "studies")
    config, not_drawn = _without_nulls(config, "figures")
    figures = config["figures"]
    context = Given(left_out, list(figures) if isinstance(figures, dict) else ())
    config = config | {"figures": _with_figures_of_paper(figures, not_drawn, source)}
    try:
        return Parameters.model_validate(config, context=context)
    except ValidationError as error:
        wrong = [f"{source}: {sentence(dict(one))}" for one in error.errors(include_url=False)]
        more = [f"{source}: and {len(wrong) - MOST_SENTENCES} more"] if len(wrong) > MOST_SENTENCES else []
        raise RambleError("; ".join([*wrong[:MOST_SENTENCES], *more])) from None


def read_parameters(files: Sequence[Path]) -> Parameters:
    """Return the parameters in some files, each laid over those before it, as `snakemake --configfile` does.

    Raises RambleError when a file is missing or wrong.
    """
    files = [expanded(file) for file in files]
    return validate(read_merged(files), name_of(files))
