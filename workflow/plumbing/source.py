"""The package that runs, here and in the jobs, is the one beside the Snakefile, whatever is installed."""

import importlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from snakemake.exceptions import WorkflowError


def import_package_from(project: str | Path) -> None:
    """Have this process and its jobs import `ramble` from a checkout; raises WorkflowError where that cannot be had."""
    source = str(Path(project).resolve() / "src")
    sys.path[:] = _with_first(source, sys.path)
    # the jobs are interpreters of their own, maybe of another Python
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join(_with_first(source, filter(None, given)))
    try:
        file = importlib.import_module("ramble").__file__
    except ImportError:
        file = None
    found = file and str(Path(file).resolve().parents[1])
    if found != source:
        raise WorkflowError(
            f"this Snakefile runs the package in {source}, but the one imported lies in {found}; run snakemake in a "
            "whole checkout and from a Python that has not imported 'ramble'"
        )


def _with_first(folder: str, folders: Iterable[str]) -> list[str]:
    return [folder, *(other for other in folders if other != folder)]
