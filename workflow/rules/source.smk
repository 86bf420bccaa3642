# The package that runs, here and in the jobs, is the one beside this Snakefile, whatever is installed.
import importlib
import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

SOURCE = str(Path(workflow.basedir).resolve() / "src")


def source_first(folders):
    """Folders to search for modules, this checkout's package before all others."""
    return [SOURCE, *(folder for folder in folders if folder != SOURCE)]


def folder_of_package():
    """The folder that the package is imported from, or None where there is no package."""
    try:
        file = importlib.import_module("ramble").__file__
    except ImportError:
        return None
    return file and str(Path(file).resolve().parents[1])


sys.path[:] = source_first(sys.path)
# the jobs are interpreters of their own, maybe of another Python
given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
os.environ.update(PYTHONPATH=os.pathsep.join(source_first(filter(None, given))))

if folder_of_package() != SOURCE:
    raise WorkflowError(
        f"this Snakefile runs the package in {SOURCE}, but the one imported lies in {folder_of_package()};"
        " run snakemake in a whole checkout and from a Python that has not imported 'ramble'"
    )
