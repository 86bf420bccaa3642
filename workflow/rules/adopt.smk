# A folder that DVC checked out for a stage (`dvc exp run --temp`, a queue, a fresh clone) has results, but no records of
# snakemake's, and times that mean nothing. What an artifact says of itself decides there: it is up to date where its
# code and parameters are those of today, DVC recorded it beside just these inputs, and these are up to date themselves.
import subprocess
import sys

from ramble.store.origin import read_origin
from ramble.parameters.yaml_file import read_yaml

ADOPTING = (
    "RAMBLE_ADOPTING"  # set in the run of snakemake that records what is up to date
)
NOT_ADOPTED = Path(".snakemake/not-adopted")  # names of rules, a line each


def says_today(made):
    """Whether the artifacts of a rule are there, and those that say where they come from name today's code and parameters."""
    files = [Path(file) for file in made.output]
    if not all(file.is_file() for file in files):
        return False
    telling = [file for file in files if file.suffix not in (".json", ".md")]
    try:
        origins = [read_origin(file) for file in telling]
    except RambleError:
        return False
    wanted = PLACES[place(made.output[0])][1].split()
    digests = key_digests(PARAMETERS, wanted)
    return bool(origins) and all(
        origin.digests == digests and origin.code.partition(" ")[0] == made.params.code
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
    """The rules of the steps whose artifacts are up to date."""
    together = recorded_together()
    good = {
        made: step_name(made) in together and says_today(made) for made in PAPER_RULES
    }
    return [
        made
        for made in PAPER_RULES
        if all(good[before] for before in with_ancestors([made]))
    ]


def adopt():
    """Have snakemake record what is up to date, before it looks; remember the others."""
    good = [made.name for made in up_to_date()]
    if good:
        options = ["--touch", "--forceall", "--cores", "1"]
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", *options, "--", *good],
            env=os.environ | {ADOPTING: "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise WorkflowError(
                f"what DVC checked out cannot be taken up: {done.stdout}"
            )
    NOT_ADOPTED.parent.mkdir(exist_ok=True)
    others = [made.name for made in PAPER_RULES if made.name not in good]
    NOT_ADOPTED.write_text("".join(f"{name}\n" for name in others))


def remove_old(step):
    """Remove what a step must make anew, as DVC does before it runs a stage: there are no records to tell by."""
    old = set(NOT_ADOPTED.read_text().split()) if NOT_ADOPTED.exists() else set()
    for made in PAPER_RULES:
        if made.name in old and step_name(made) == step and not says_today(made):
            for file in made.output:
                Path(file).unlink(missing_ok=True)


STAGE = os.environ.get("DVC_STAGE")
if STAGE and ADOPTING not in os.environ:
    if not {"-n", "--dry-run", "--dryrun"}.intersection(sys.argv):
        if not Path(".snakemake/metadata").exists() and not NOT_ADOPTED.exists():
            adopt()
        remove_old(STAGE.rpartition(":")[2])


onsuccess:
    if STAGE and NOT_ADOPTED.exists():
        # of what this step made there are records now
        waiting = [
            made.name
            for made in PAPER_RULES
            if step_name(made) != STAGE.rpartition(":")[2]
        ]
        kept = [name for name in NOT_ADOPTED.read_text().split() if name in waiting]
        NOT_ADOPTED.write_text("".join(f"{name}\n" for name in kept))
