"""What jobs ask for, from the one table workflow/resources.yaml: memory, and on a cluster time, GPUs, a partition."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from snakemake.exceptions import WorkflowError

from plumbing.shared import Named
from ramble.errors import RambleError
from ramble.parameters.yaml_file import read_yaml

Table = Mapping[str, Mapping[str, int | str]]  # {rule of the chain: {resource of Snakemake: amount}}
GROUP = "group"  # the one entry that is no resource, see plumbing.grouped
MEMORY = "mem_mb"
COUNTED = (MEMORY, "runtime", "gpu")
OTHER_NAMES = {MEMORY: {MEMORY, "mem", "mem_mib"}}  # of one resource, for Snakemake


def read_table(file: Path) -> Table:
    """Return the table; raises WorkflowError where an entry is no amount or name."""
    try:
        table = read_yaml(file)
    except RambleError as error:
        raise WorkflowError(str(error)) from error
    for rule, row in table.items():
        if not isinstance(row, Mapping):
            raise WorkflowError(f"{file.name}: {rule}: expected resources such as {{mem_mb: 1500}}, found {row!r}")
        for name, amount in row.items():
            whole = isinstance(amount, int) and not isinstance(amount, bool) and amount >= 0
            if not whole and (name in COUNTED or not isinstance(amount, str)):
                raise WorkflowError(
                    f"{file.name}: {rule}.{name}: expected a whole number, found {amount!r}; correct it"
                )
    return table


def plan_resources(named: Named, table: Table) -> None:
    """Give every rule what the table has for its rule of the chain, where nobody set another.

    Where jobs are submitted, one that is tried again asks for as many times the memory: that may have run out.
    """
    workflow = named.workflow
    submits = workflow.is_main_process and workflow.resource_settings.nodes is not None
    chosen = workflow.resource_settings.overwrite_resources
    for made in workflow.rules:
        own = set(chosen.get(made.name, ()))
        for name, amount in table.get(named.get(made.name, made.name), {}).items():
            if name != GROUP and not own & OTHER_NAMES.get(name, {name}):
                made.resources[name] = _more_each_time(int(amount)) if submits and name == MEMORY else amount
    if submits:
        workflow.global_resources["_cores"] = None  # a job may take more cores than this machine has


def _more_each_time(amount: int) -> Callable[[Any, int], int]:
    return lambda wildcards, attempt: amount * attempt
