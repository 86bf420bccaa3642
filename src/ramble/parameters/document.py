"""The whole of params.yaml."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from ramble.errors import RambleError
from ramble.parameters.built_on import StudyBuiltOn, check_source
from ramble.parameters.claims import Thresholds
from ramble.parameters.figures import Figures
from ramble.parameters.model import Model, Name
from ramble.parameters.paths import FullBatchStudy, PathStudy, StochasticStudy
from ramble.parameters.sentences import sentence
from ramble.parameters.spectra import KrylovSpectra
from ramble.parameters.yaml_file import read_yaml
from ramble.untrusted import read_regular

Study = Annotated[FullBatchStudy | StochasticStudy | StudyBuiltOn, Field(discriminator="kind")]


class Parameters(Model):
    """The whole of params.yaml."""

    seed: Annotated[int, Field(ge=0)]
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$")] = "auto"
    paper: Annotated[list[Name], Field(min_length=1, description="studies of the default target")]
    studies: dict[Name, Study]
    figures: Figures
    claims: Thresholds

    @model_validator(mode="after")
    def _names_exist(self) -> "Parameters":
        known = ", ".join(self.studies)
        for study in self.paper:
            if study not in self.studies:
                raise ValueError(f"paper: no study '{study}'; there are {known}")
        if not any(isinstance(self.studies[study], PathStudy) for study in self.paper):
            raise ValueError("paper: no study of kind paths or stochastic, whose paths the tables show; name one")
        self._figures_have_sources()
        for name, value in self.studies.items():
            if not isinstance(value, PathStudy):
                source = self.studies.get(value.of)
                if not isinstance(source, FullBatchStudy):
                    paths = ", ".join(name for name, one in self.studies.items() if isinstance(one, FullBatchStudy))
                    raise ValueError(f"studies.{name}.of: no study of paths '{value.of}'; there are {paths}")
                check_source(name, value, source)
        return self

    def _figures_have_sources(self) -> None:
        for name, figure in self.figures:
            shown = self.studies.get(figure.study)
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


def _has_part(study: PathStudy, part: str, tracker: str) -> bool:
    parts = study.spectra.parts if isinstance(study.spectra, KrylovSpectra) else {}
    return part in parts and parts[part].tracker == tracker


def validate(config: dict[str, Any], source: str = "params.yaml") -> Parameters:
    """Return the typed parameters; raises RambleError with one sentence per wrong key."""
    try:
        return Parameters.model_validate(config)
    except ValidationError as error:
        raise RambleError("; ".join(f"{source}: {sentence(dict(one))}" for one in error.errors())) from None


def read_parameters(files: Sequence[Path]) -> Parameters:
    """Return the parameters of a run: each file laid over those before it, key by key, as `--configfile` does.

    Raises RambleError when a file is missing, none, or wrong.
    """
    document: dict[str, Any] = {}
    for file in files:
        read_regular(file, missing="name the file with --params")  # what it may not be is refused before it is parsed
        document = laid_over(document, read_yaml(file))
    return validate(document, " + ".join(map(str, files)))


def laid_over(document: Any, overlay: dict[str, Any]) -> dict[str, Any]:
    """Return a document with an overlay's keys in place of its own, mappings key by key."""
    below = document if isinstance(document, dict) else {}
    return below | {
        key: laid_over(below.get(key), value) if isinstance(value, dict) else value for key, value in overlay.items()
    }
