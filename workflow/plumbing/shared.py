"""Rules beside those of the chain that make the same artifacts, and are called after them.

Where a study asks for several paths a job (`paths_per_job`), one rule makes the files of all of them, which one with
wildcards cannot. It is the rule of the chain, with their files for those of one pair.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from snakemake.ruleinfo import InOutput, RuleInfo


class Named(dict[str, str]):
    """{name of a generated rule: the rule of the chain that it stands for}."""

    def __init__(self, workflow: Any) -> None:
        super().__init__()
        self.workflow = workflow

    def __call__(self, kind: str, *parts: object) -> str:
        """Return the name of a rule that makes what `kind` makes; what a profile sets for that one holds for it."""
        name = "_".join([kind, *map(str, parts)])
        self[name] = kind
        settings = self.workflow.resource_settings
        for option in ("overwrite_threads", "overwrite_resources"):
            chosen = dict(getattr(settings, option))
            if kind in chosen and name not in chosen:
                setattr(settings, option, chosen | {name: chosen[kind]})
        return name


def spread(files: Iterable[str], pairs: Sequence[str]) -> list[str]:
    """Return patterns with {dataset}, {a} and {b} replaced by those of every pair <dataset>-<a>-<b>; each file once."""
    named = [dict(zip(("{dataset}", "{a}", "{b}"), pair.split("-"), strict=True)) for pair in pairs]
    return list(dict.fromkeys(_replaced(file, values) for file in files for values in named))


def _replaced(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def share(named: Named, kind: str, study: str, tracker: str, job: int, pairs: Sequence[str], sooner: int) -> str:
    """Add a rule that makes what the rule `kind` makes, for some pairs at once; return its name.

    Args:
        named: the names of generated rules.
        kind: the rule of the chain.
        study: whose paths.
        tracker: whose paths.
        job: the number of the job among those of the study and tracker.
        pairs: <dataset>-<a>-<b>, one each.
        sooner: what is added to the priority of the rule of the chain.
    """
    workflow, made = named.workflow, RuleInfo()
    chain = workflow.get_rule(kind).ruleinfo
    for part in ("input", "output"):
        declared = getattr(chain, part)
        files = {name: spread(patterns, pairs) for name, patterns in declared.kwpaths.items()}
        setattr(made, part, InOutput((), files, declared.modifier))
    log = f"logs/{{study}}/{kind}-{{tracker}}-{job}"
    made.log = InOutput((f"{log}.log",), {}, chain.log.modifier)
    made.benchmark = InOutput(f"{log}.benchmark.tsv", {}, chain.log.modifier)
    made.wildcard_constraints = ((), {"study": study, "tracker": tracker})
    made.priority = chain.priority + sooner
    called = named(kind, study, tracker, job)
    workflow.userule(rules=[kind], name_modifier=called, lineno=0)(made)
    return called
