"""The kinds of study, found by name: each is a package beside this module with its parameters in a module of that name.

No torch here, nor in what is imported: every start of the workflow reads the parameters.
"""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import cast

from ramble.studies.study import BaseStudy


def kinds() -> Sequence[str]:
    """Return what may stand behind `kind:`, in alphabetical order."""
    return sorted(file.parent.name for file in Path(__file__).parent.glob("*/parameters.py"))


def study_model(kind: str) -> type[BaseStudy]:
    """Return the class `Study` of `ramble.studies.<kind>.parameters`."""
    return cast("type[BaseStudy]", import_module(f"ramble.studies.{kind}.parameters").Study)
