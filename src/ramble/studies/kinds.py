"""The kinds of study, found by name: each is a package beside this module with its parameters in a module of that name.

No torch here, nor in what is imported: every start of the workflow reads the parameters.
"""

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import cast, get_args

from ramble.studies.figure import BaseFigure
from ramble.studies.study import BaseStudy


@cache
def kinds() -> Sequence[str]:
    """Return what may stand behind `kind:`, in alphabetical order."""
    return sorted(file.parent.name for file in Path(__file__).parent.glob("*/parameters.py"))


def study_model(kind: str) -> type[BaseStudy]:
    """Return the class `Study` of `ramble.studies.<kind>.parameters`."""
    return cast("type[BaseStudy]", import_module(f"ramble.studies.{kind}.parameters").Study)


@cache
def figure_models() -> dict[str, type[BaseFigure]]:
    """Return the kinds of figure that all kinds of study offer, by name, in alphabetical order."""
    offered = [getattr(import_module(f"ramble.studies.{kind}.parameters"), "FIGURES", ()) for kind in kinds()]
    models = {get_args(model.model_fields["kind"].annotation)[0]: model for several in offered for model in several}
    return dict(sorted(models.items()))
