# A folder that DVC checked out for a stage (`dvc exp run --temp`, a queue, a fresh clone) has results, but no records of
# snakemake's, and times that mean nothing. What an artifact says of itself decides there: it is up to date where its
# code and parameters are those of today, DVC recorded it beside just these inputs, and these are up to date themselves.
import subprocess
import sys

from ramble.parameters.origin import read_origin
from ramble.parameters.yaml_file import read_yaml

ADOPTING = (
    "RAMBLE_ADOPTING"  # set in the run of snakemake that records what is up to date
)
NOT_ADOPTED = Path(".snakemake/not-adopted")  # the first artifact of a job, a line each


def says_today(job):
    """Whether a job's artifacts are there, and those that say where they come from name today's code and parameters."""
    files = [Path(file) for file in job.output]
    if not all(file.is_file() for file in files):
        return False
    telling = [file for file in files if file.suffix not in (".json", ".md")]
    try:
        origins = [read_origin(file) for file in telling]
    except RambleError:
        return False
    return bool(origins) and all(
        origin.code == job.code
        and set(job.keys) <= set(origin.digests)
        and not origin.changed(PARAMETERS)
        for origin in origins
    )


def recorded_together():
    """The steps whose inputs in dvc.lock are what dvc.lock has as the outputs of the steps before."""
    try:
        stages = read_yaml(Path("dvc.lock"))["stages"]
    except (RambleError, KeyError):
        return set()
    made = {
        out["path"]: out["md5"] for stage in stages.values() for out in stage["outs"]
    }
    return {
        name
        for name, stage in stages.items()
        if all(
            made.get(dep["path"], dep["md5"]) == dep["md5"]
            for dep in stage.get("deps", [])
        )
    }


def up_to_date():
    """The first artifacts of the jobs whose artifacts are up to date, each only where those before it are."""
    together, good = recorded_together(), set()
    for job in default_jobs():
        if (
            step_of(job) in together
            and says_today(job)
            and good.issuperset(sources(job))
        ):
            good.add(job.output[0])
    return good


def adopt():
    """Have snakemake record what is up to date, before it looks; remember the others."""
    good = up_to_date()
    if good:
        options = ["--touch", "--forceall", "--cores", "1"]
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", *options, "--", *sorted(good)],
            env=os.environ | {ADOPTING: "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise WorkflowError(
                f"what DVC checked out cannot be taken up: {done.stdout}"
            )
    remember(job.output[0] for job in default_jobs() if job.output[0] not in good)


def remember(others):
    NOT_ADOPTED.parent.mkdir(exist_ok=True)
    NOT_ADOPTED.write_text("".join(f"{file}\n" for file in others))


def not_adopted():
    """The jobs that must make their artifacts anew."""
    old = set(NOT_ADOPTED.read_text().split()) if NOT_ADOPTED.exists() else set()
    return [job for job in default_jobs() if job.output[0] in old]


def remove_old(step):
    """Remove what a step must make anew, as DVC does before it runs a stage: there are no records to tell by."""
    for job in not_adopted():
        if step_of(job) == step and not says_today(job):
            for file in job.output:
                Path(file).unlink(missing_ok=True)


STAGE = os.environ.get("DVC_STAGE", "").rpartition(":")[2]
if STAGE and ADOPTING not in os.environ:
    if not {"-n", "--dry-run", "--dryrun"}.intersection(sys.argv):
        if not Path(".snakemake/metadata").exists() and not NOT_ADOPTED.exists():
            adopt()
        remove_old(STAGE)


onsuccess:
    if STAGE and NOT_ADOPTED.exists():
        # of what this step made there are records now
        remember(job.output[0] for job in not_adopted() if step_of(job) != STAGE)
