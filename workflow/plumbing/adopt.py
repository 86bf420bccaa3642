"""A folder that DVC checked out for a stage: `dvc exp run --temp`, a queue, a fresh clone.

It has results, but no records of snakemake's, and times that mean nothing. What an artifact says of itself decides
there: it is up to date where its code and parameters are those of today, DVC recorded it beside just these inputs, and
these are up to date themselves.
"""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from snakemake.exceptions import WorkflowError

from plumbing.steps import Job, Steps
from ramble.errors import RambleError
from ramble.parameters.document import Parameters
from ramble.parameters.origin import read_origin
from ramble.parameters.yaml_file import read_yaml

ADOPTING = "RAMBLE_ADOPTING"  # set in the run of snakemake that records what is up to date
RECORDS = Path(".snakemake/metadata")
NOT_ADOPTED = Path(".snakemake/not-adopted")  # the first artifact of a job, a line each


def stage_of_dvc() -> str:
    """Return the stage that DVC runs this for, if any."""
    stage = os.environ.get("DVC_STAGE", "").rpartition(":")[2]
    return "" if ADOPTING in os.environ else stage


def begin_stage(name: str, steps: Steps, parameters: Parameters) -> None:
    """Take up what is up to date, and remove what a step must make anew.

    DVC removes it before it runs a stage, too: there are no records to tell by.
    """
    if not RECORDS.exists() and not NOT_ADOPTED.exists():
        _adopt(steps, parameters)
    for job in _not_adopted(steps):
        if steps.step_of(job) == name and not _says_today(job, parameters):
            for file in job.output:
                Path(file).unlink(missing_ok=True)


def end_stage(name: str, steps: Steps) -> None:
    """Forget what a step has made: now there are records of it."""
    if NOT_ADOPTED.exists():
        _remember(job.output[0] for job in _not_adopted(steps) if steps.step_of(job) != name)


def _adopt(steps: Steps, parameters: Parameters) -> None:
    """Have snakemake record what is up to date, before it looks; remember the others."""
    good = _up_to_date(steps, parameters)
    if good:
        command = [sys.executable, "-m", "snakemake", "--touch", "--forceall", "--cores", "1", "--", *sorted(good)]
        done = subprocess.run(
            command, env=os.environ | {ADOPTING: "1"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False,
        )  # fmt: skip
        if done.returncode:
            raise WorkflowError(f"what DVC checked out cannot be taken up: {done.stdout}")
    _remember(job.output[0] for job in steps.jobs if job.output[0] not in good)


def _up_to_date(steps: Steps, parameters: Parameters) -> set[str]:
    """Return the first artifacts of the jobs whose artifacts are up to date, each only where those before it are."""
    together, good = _recorded_together(), set[str]()
    for job in steps.jobs:
        fresh = steps.step_of(job) in together and _says_today(job, parameters)
        if fresh and good.issuperset(steps.sources(job)):
            good.add(job.output[0])
    return good


def _recorded_together() -> set[str]:
    """Return the steps whose inputs in dvc.lock are what dvc.lock has as the outputs of the steps before."""
    try:
        stages = read_yaml(Path("dvc.lock"))["stages"]
    except (RambleError, KeyError):
        return set()
    made = {out["path"]: out["md5"] for stage in stages.values() for out in stage["outs"]}
    return {
        name
        for name, stage in stages.items()
        if all(made.get(dep["path"], dep["md5"]) == dep["md5"] for dep in stage.get("deps", []))
    }


def _says_today(job: Job, parameters: Parameters) -> bool:
    """Whether a job's artifacts are there, and those that say where they come from name today's code and parameters."""
    files = [Path(file) for file in job.output]
    if not all(file.is_file() for file in files):
        return False
    try:
        origins = [read_origin(file) for file in files if file.suffix not in (".json", ".md")]
    except RambleError:
        return False
    return bool(origins) and all(
        origin.code == job.code and set(job.keys) <= set(origin.digests) and not origin.changed(parameters)
        for origin in origins
    )


def _remember(others: Iterable[str]) -> None:
    NOT_ADOPTED.parent.mkdir(exist_ok=True)
    NOT_ADOPTED.write_text("".join(f"{file}\n" for file in others))


def _not_adopted(steps: Steps) -> list[Job]:
    """Return the jobs that must make their artifacts anew."""
    old = set(NOT_ADOPTED.read_text().split()) if NOT_ADOPTED.exists() else set()
    return [job for job in steps.jobs if job.output[0] in old]
