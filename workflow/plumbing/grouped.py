"""Several short jobs that make one job of a cluster. They run one after the other, each as if it were alone.

In the job of the cluster Snakemake starts anew, and gets to know only which jobs it is to run: that they belong
together is told to it here. Where jobs run on this machine, nothing of this has any effect.
"""

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from snakemake.jobs import GroupJob
from snakemake.spawn_jobs import SpawnedJobArgsFactory

from plumbing.resources import GROUP, Table
from plumbing.shared import Named

IN_TURN = "in_turn"  # a resource of which there is one in each job of the cluster, and every job in it takes it


def group_short_jobs(named: Named, table: Table) -> None:
    """Put the jobs of every rule whose row in the table names a group into groups, where jobs go to a cluster.

    No group has jobs of two rules or studies, which might wait for each other. How many it has, the profile says for
    the name that stands in the table (`group-components`).
    """
    workflow = named.workflow
    submits = workflow.resource_settings.nodes is not None
    if workflow.is_main_process and not submits:
        return
    workflow.global_resources[IN_TURN] = 1
    workflow.resource_scopes[IN_TURN] = "local"
    for made in workflow.rules:
        kind = named.get(made.name, made.name)
        if group := table.get(kind, {}).get(GROUP):
            made.resources[IN_TURN] = 1
            made.group = _name(workflow, kind, str(group))
    if submits:
        _keep_what_is_finished()


def _name(workflow: Any, kind: str, group: str) -> Callable[[Any], str]:
    def name(wildcards: Any) -> str:
        own = "-".join([kind, *([wildcards["study"]] if "study" in wildcards.keys() else [])])  # noqa: SIM118
        workflow.parent_groupids[own] = group
        if not workflow.is_main_process:  # all that this job of the cluster was given
            workflow.group_settings.group_components = {group: sys.maxsize}
        return own

    return name


def _keep_what_is_finished() -> None:
    """Have a group that failed go on with its other jobs, and one job that failed not stop the others of its group.

    Snakemake would delete what all of them made, and begin anew.
    """
    end, targets, arguments = GroupJob.postprocess, GroupJob.get_target_spec, SpawnedJobArgsFactory.general_args

    @wraps(end)
    async def postprocess(group: Any, error: bool = False, **options: Any) -> None:
        if error:
            for job in group.jobs:
                if not is_finished(job):
                    await job.postprocess(error=True, **options)
        else:
            await end(group, error=error, **options)

    @wraps(targets)
    def get_target_spec(group: Any) -> Any:
        every = targets(group)
        if group.attempt == 1:
            return every
        return [target for job, target in zip(group.jobs, every, strict=True) if not is_finished(job)] or every

    @wraps(arguments)
    def general_args(factory: Any, executor_common_settings: Any) -> str:
        return f"{arguments(factory, executor_common_settings)} --keep-going"

    GroupJob.postprocess, GroupJob.get_target_spec = postprocess, get_target_spec
    SpawnedJobArgsFactory.general_args = general_args


def is_finished(job: Any) -> bool:
    """Whether a job that was submitted has made all of its outputs: they are there, none marked as incomplete."""
    records = job.dag.workflow.persistence
    marked = any(records._exists_record(records._incomplete_path, file) for file in job.output)
    return not marked and all(Path(file).exists() for file in job.output)
