"""The whole of params.yaml."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, ValidationInfo, model_validator

from ramble.errors import RambleError
from ramble.parameters.built_on import StudyBuiltOn, check_source
from ramble.parameters.claims import Thresholds
from ramble.parameters.figures import Figures
from ramble.parameters.paths import FullBatchStudy, PathStudy, StochasticStudy
from ramble.parameters.sentences import sentence
from ramble.parameters.spectra import KrylovSpectra
from ramble.parameters.yaml_file import name_of, read_merged
from ramble.settings import Model, Name
from ramble.store.places import expanded

MOST_SENTENCES = 20  # about one file
Study = Annotated[FullBatchStudy | StochasticStudy | StudyBuiltOn, Field(discriminator="kind")]


def _null_leaves_out(schema: dict[str, Any]) -> None:
    for pattern, study in schema["patternProperties"].items():
        schema["patternProperties"][pattern] = {"anyOf": [study, {"type": "null"}]}


class Parameters(Model):
    """The whole of params.yaml."""

    seed: Annotated[int, Field(ge=0)]
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$")] = "auto"
    paper: Annotated[list[Name], Field(min_length=1, description="studies of the default target")]
    # `validate` takes those of null out
    studies: Annotated[dict[Name, Study], Field(description="null leaves one out", json_schema_extra=_null_leaves_out)]
    figures: Figures
    claims: Thresholds

    @model_validator(mode="after")
    def _names_exist(self, info: ValidationInfo) -> "Parameters":
        left_out = info.context or ()
        for study in self.paper:
            if study not in self.studies:
                known = ", ".join(self.studies) or "none"
                raise ValueError(f"paper: {_no_study('study', study, left_out, f'there are {known}')}")
        if len(set(self.paper)) < len(self.paper):
            raise ValueError("paper: a study is named twice")
        if not any(isinstance(self.studies[study], PathStudy) for study in self.paper):
            raise ValueError("paper: no study of kind paths or stochastic, whose paths the tables show; name one")
        self._figures_have_sources(left_out)
        for name, value in self.studies.items():
            if not isinstance(value, PathStudy):
                source = self.studies.get(value.of)
                if not isinstance(source, FullBatchStudy):
                    paths = ", ".join(name for name, one in self.studies.items() if isinstance(one, FullBatchStudy))
                    what = _no_study("study of paths", value.of, left_out, f"there are {paths or 'none'}")
                    raise ValueError(f"studies.{name}.of: {what}")
                check_source(name, value, source)
        return self

    def _figures_have_sources(self, left_out: Sequence[str]) -> None:
        for name, figure in self.figures:
            shown = self.studies.get(figure.study)
            if figure.study in left_out:
                raise ValueError(f"figures.{name}.study: {_no_study('study', figure.study, left_out, '')}")
            for tracker in figure.trackers:
                where = f"of study '{figure.study}' by tracker '{tracker}'"
                if not isinstance(shown, PathStudy) or tracker not in shown.tracker_names:
                    raise ValueError(f"figures.{name}: no paths {where}")
                if name in Figures.with_spectra and tracker not in shown.spectra.all_trackers:
                    raise ValueError(f"figures.{name}: no spectra of paths {where}; name it in the study's spectra")
                if name in Figures.with_parts and not _has_part(shown, name, tracker):
                    raise ValueError(f"figures.{name}: the study's spectra measure no {name} on the paths {where}")
            if len(set(figure.trackers)) < len(figure.trackers):
                raise ValueError(f"figures.{name}: a tracker is named twice")


def _no_study(kind: str, name: str, left_out: Sequence[str], there_are: str) -> str:
    if name in left_out:
        return f"study '{name}' is left out, for it is null; name another one here, or leave this out too"
    return f"no {kind} '{name}'; {there_are}"


def _has_part(study: PathStudy, part: str, tracker: str) -> bool:
    parts = study.spectra.parts if isinstance(study.spectra, KrylovSpectra) else {}
    return part in parts and parts[part].tracker == tracker


def validate(config: dict[str, Any], source: str = "params.yaml") -> Parameters:
    """Return the typed parameters; raises RambleError with one sentence per wrong key."""
    studies = config.get("studies")
    left_out: list[str] = []
    if isinstance(studies, dict):
        left_out = [name for name, study in studies.items() if study is None]
        config = config | {"studies": {name: study for name, study in studies.items() if study is not None}}
    try:
        return Parameters.model_validate(config, context=left_out)
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
