# The default target's jobs grouped to steps: a step is a target of snakemake and a stage of dvc.yaml. All of this is
# worked out only where a step is asked for.
import sys
from typing import NamedTuple

from snakemake.io import Wildcards


class Planned(NamedTuple):
    """One job as the rules have it."""

    kind: str  # the rule of the chain
    study: str | None  # None for figures and tables
    output: list
    input: list
    keys: list  # of params.yaml, direct ones
    code: str
    code_keys: list  # those that name more code


class Step(NamedTuple):
    """Jobs that make the same kind of artifact for one study."""

    files: list  # all that they make
    outs: list  # the files and folders that these lie in
    deps: list  # files and folders of other steps
    keys: list  # of params.yaml, direct ones that it has
    codes: list
    code_keys: list


def in_order(items):
    return list(dict.fromkeys(items))


def place(file):
    """The folder of an artifact where it has one of its own kind, else the file."""
    folder = os.path.dirname(file)
    return folder if folder.count("/") >= 2 else str(file)


def owner(file):
    """The study in whose folder a file lies, or None for figures and tables."""
    folder = file.split("/")[1]
    return folder if folder in PARAMETERS.studies else None


@cache
def job_of(file):
    """The job that makes a file: of rules that could, the one that says most of its name."""
    makers = ARTIFACTS.match_producers(file)
    made = min(makers, key=lambda one: len(one.wildcard_names))
    return planned(made, tuple(sorted(made.get_wildcards(file).items())))


@cache
def planned(made, wildcards):
    wildcards = Wildcards(fromdict=dict(wildcards))
    output = [str(file) for file in made.expand_output(wildcards)[0]]
    keys = made.params.given.of(wildcards) if "given" in made.params.keys() else []
    return Planned(
        KINDS.get(made.name, made.name),
        owner(output[0]),
        output,
        [str(file) for file in made.expand_input(wildcards)[0]],
        keys,
        made.params.code(wildcards),
        made.params.code.of(wildcards),
    )


def sources(job):
    return in_order(job_of(file).output[0] for file in job.input)


@cache
def default_jobs():
    """The jobs of the default target, each after those that it builds on."""
    seen, done = {}, {}
    waiting = [job_of(str(file)) for file in reversed(rules.paper.input)]
    while waiting:
        job = waiting.pop()
        if job.output[0] in seen:
            done.setdefault(job.output[0], job)
        else:
            seen[job.output[0]] = job
            waiting += [job, *map(job_of, sources(job))]
    return list(done.values())


def step_of(job):
    """The step that a job belongs to: <study>_<rule>, <study>_figures, or a table's own name."""
    if job.study:
        return f"{job.study}_{job.kind}"
    shown = {owner(file) for file in job.input} - {None}
    return Path(job.output[0]).stem if len(shown) > 1 else f"{shown.pop()}_figures"


def is_given(key):
    """Whether params.yaml has a dotted key; DVC refuses to watch those that have a default and are left out."""
    part = config
    for name in key.split("."):
        if not isinstance(part, dict) or name not in part:
            return False
        part = part[name]
    return True


@cache
def steps():
    """The steps by name. DVC expects that every stage has run before anybody fetches: no others are stages."""
    groups = {}
    for job in default_jobs():
        groups.setdefault(step_of(job), []).append(job)
    for name, jobs in groups.items():
        if len({(job.study, job.kind) for job in jobs if job.study}) > 1 or (
            name in PARAMETERS.studies
        ):
            raise WorkflowError(
                f"{CONFIG_FILES}: '{name}' would be the name of two steps; rename the study"
            )
    return {name: step(jobs) for name, jobs in groups.items()}


def step(jobs):
    files = [file for job in jobs for file in job.output]
    outs = in_order(map(place, files))
    inputs = in_order(place(file) for job in jobs for file in job.input)
    return Step(
        files,
        outs,
        [file for file in inputs if file not in outs],
        in_order(key for job in jobs for key in job.keys if is_given(key)),
        sorted({job.code for job in jobs}),
        in_order(key for job in jobs for key in job.code_keys if is_given(key)),
    )


# a step that is asked for is a target; which words are steps is told by their first part alone
for word in sys.argv[1:]:
    if word.startswith(tuple(f"{study}_" for study in PARAMETERS.studies)) and (
        word.isidentifier() and word not in {made.name for made in workflow.rules}
    ):

        rule:
            name:
                word
            input:
                lambda wildcards, word=word: steps()[word].files,
