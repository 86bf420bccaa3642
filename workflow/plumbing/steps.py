"""The default target's jobs grouped to steps: a step is a target of snakemake and a stage of dvc.yaml.

All of this is worked out only where a step is asked for.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from snakemake.exceptions import WorkflowError
from snakemake.io import Wildcards

T = TypeVar("T")


@dataclass(frozen=True)
class Job:
    """One job as the rules have it."""

    kind: str  # the rule of the chain
    study: str | None  # None for figures and tables
    output: list[str]
    input: list[str]
    keys: list[str]  # of params.yaml, direct ones
    code: str
    code_keys: list[str]  # those that name more code


@dataclass(frozen=True)
class Step:
    """Jobs that make the same kind of artifact for one study."""

    files: list[str]  # all that they make
    outs: list[str]  # the files and folders that these lie in
    deps: list[str]  # files and folders of other steps
    keys: list[str]  # of params.yaml, direct ones that it has
    codes: list[str]
    code_keys: list[str]


@dataclass(frozen=True)
class Steps:
    """The jobs of the default target, and the steps that they make up."""

    artifacts: Any  # Snakemake's index of what the rules make
    kinds: Mapping[str, str]  # {name of a generated rule: the rule of the chain that it stands for}
    studies: Collection[str]
    config: Mapping[str, Any]  # params.yaml as it is written
    source: str  # what messages call it
    wanted: Sequence[str]  # what the default target asks for
    known: dict[str, Job] = field(default_factory=dict)  # by file

    def job_of(self, file: str) -> Job:
        """Return the job that makes a file: of rules that could, the one that says most of its name."""
        if file not in self.known:
            made = min(self.artifacts.match_producers(file), key=lambda one: len(one.wildcard_names))
            job = self._planned(made, Wildcards(fromdict=dict(made.get_wildcards(file))))
            self.known.update(dict.fromkeys(job.output, job))
        return self.known[file]

    def _planned(self, made: Any, wildcards: Any) -> Job:
        output = [str(file) for file in made.expand_output(wildcards)[0]]
        return Job(
            kind=self.kinds.get(made.name, made.name),
            study=self._owner(output[0]),
            output=output,
            input=[str(file) for file in made.expand_input(wildcards)[0]],
            keys=made.params.given.of(wildcards) if "given" in made.params.keys() else [],  # noqa: SIM118
            code=made.params.code(wildcards),
            code_keys=made.params.code.of(wildcards),
        )

    def _owner(self, file: str) -> str | None:
        """Return the study in whose folder a file lies, or None for figures and tables."""
        folder = file.split("/")[1]
        return folder if folder in self.studies else None

    def sources(self, job: Job) -> list[str]:
        """Return the first artifact of every job that a job builds on."""
        return _in_order(self.job_of(file).output[0] for file in job.input)

    @cached_property
    def jobs(self) -> list[Job]:
        """The jobs of the default target, each after those that it builds on."""
        seen, done = set[str](), dict[str, Job]()
        waiting = [self.job_of(file) for file in reversed(self.wanted)]
        while waiting:
            job = waiting.pop()
            if job.output[0] in seen:
                done.setdefault(job.output[0], job)
            else:
                seen.add(job.output[0])
                waiting += [job, *map(self.job_of, self.sources(job))]
        return list(done.values())

    def step_of(self, job: Job) -> str:
        """Return the step that a job belongs to: <study>_<rule>, <study>_figures, or a table's own name."""
        if job.study:
            return f"{job.study}_{job.kind}"
        shown = {owner for file in job.input if (owner := self._owner(file))}
        return Path(job.output[0]).stem if len(shown) > 1 else f"{shown.pop()}_figures"

    @cached_property
    def by_name(self) -> dict[str, Step]:
        """The steps. DVC expects that every stage has run before anybody fetches: no others are stages."""
        groups: dict[str, list[Job]] = {}
        for job in self.jobs:
            groups.setdefault(self.step_of(job), []).append(job)
        for name, jobs in groups.items():
            if len({(job.study, job.kind) for job in jobs if job.study}) > 1 or name in self.studies:
                raise WorkflowError(f"{self.source}: '{name}' would be the name of two steps; rename the study")
        return {name: self._step(jobs) for name, jobs in groups.items()}

    def _step(self, jobs: Sequence[Job]) -> Step:
        files = [file for job in jobs for file in job.output]
        outs = _in_order(map(place, files))
        return Step(
            files,
            outs,
            deps=[file for file in _in_order(place(file) for job in jobs for file in job.input) if file not in outs],
            keys=self._given(jobs, lambda job: job.keys),
            codes=sorted({job.code for job in jobs}),
            code_keys=self._given(jobs, lambda job: job.code_keys),
        )

    def _given(self, jobs: Sequence[Job], keys: Callable[[Job], Sequence[str]]) -> list[str]:
        """Return dotted keys that params.yaml has: DVC refuses to watch those that have a default and are left out."""
        return [key for key in _in_order(key for job in jobs for key in keys(job)) if self._has(key)]

    def _has(self, key: str) -> bool:
        part: Any = self.config
        for name in key.split("."):
            if not isinstance(part, Mapping) or name not in part:
                return False
            part = part[name]
        return True


def _in_order(items: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(items))


def place(file: str) -> str:
    """Return the folder of an artifact where it has one of its own kind, else the file."""
    folder = file.rpartition("/")[0]
    return folder if folder.count("/") >= 2 else file
