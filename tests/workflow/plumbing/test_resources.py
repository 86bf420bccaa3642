"""The table of what jobs ask for, and what is made of it."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from checkouts import ROOT
from snakemake.exceptions import WorkflowError

from plumbing.grouped import IN_TURN, group_short_jobs, is_finished
from plumbing.resources import plan_resources, read_table
from plumbing.shared import Named

TABLE = {
    "paths": {"mem_mb": 1500, "runtime": 60, "slurm_partition": "long"},
    "profile": {"mem_mb": 200, "group": "short"},
}


def workflow_of(
    *rules: str, jobs: int | None = None, main: bool = True, **chosen: dict[str, object]
) -> SimpleNamespace:
    """What the plumbing asks a workflow for; `jobs` as of --jobs, `chosen` as of --set-resources."""
    return SimpleNamespace(
        rules=[SimpleNamespace(name=name, resources={"mem_mb": 1000}, group=None) for name in rules],
        resource_settings=SimpleNamespace(nodes=jobs, overwrite_threads={}, overwrite_resources=chosen),
        is_main_process=main,
        global_resources={"_cores": 2},
        resource_scopes={},
        parent_groupids={},
        group_settings=SimpleNamespace(group_components={"short": 10}),
    )


def test_what_a_row_has_is_planned_where_nobody_set_another() -> None:
    workflow = workflow_of("paths", "paths_tcm_line_0", "profile", "mine", profile={"mem": 7})
    named = Named(workflow)
    named("paths", "tcm", "line", 0)
    plan_resources(named, TABLE)
    assert [made.resources for made in workflow.rules] == [
        *[{"mem_mb": 1500, "runtime": 60, "slurm_partition": "long"}] * 2,
        *[{"mem_mb": 1000}] * 2,
    ]
    assert workflow.global_resources == {"_cores": 2}


def test_a_job_that_is_submitted_again_asks_for_more_memory() -> None:
    workflow = workflow_of("paths", jobs=100)
    plan_resources(Named(workflow), TABLE)
    (made,) = workflow.rules
    assert [made.resources["mem_mb"](None, attempt) for attempt in (1, 2, 3)] == [1500, 3000, 4500]
    assert made.resources["runtime"] == 60
    assert workflow.global_resources["_cores"] is None


def test_short_jobs_are_grouped_by_rule_and_study_where_they_are_submitted() -> None:
    desk = workflow_of("profile", "paths")
    group_short_jobs(Named(desk), TABLE)
    assert [made.group for made in desk.rules] == [None, None]
    assert desk.global_resources == {"_cores": 2}
    inside = workflow_of("profile", "paths", main=False)  # what computes in a job of the cluster
    group_short_jobs(Named(inside), TABLE)
    short, long = inside.rules
    assert short.group({"study": "tcm"}) == "profile-tcm"
    assert inside.parent_groupids == {"profile-tcm": "short"}
    assert inside.group_settings.group_components["short"] > 1000
    assert (long.group, short.resources[IN_TURN], inside.resource_scopes) == (None, 1, {IN_TURN: "local"})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("paths: 1500", "paths: expected resources such as {mem_mb: 1500}, found 1500"),
        ("paths: {mem_mb: much}", "paths.mem_mb: expected a whole number, found 'much'"),
        ("paths: {gpu: -1}", "paths.gpu: expected a whole number, found -1"),
        ("paths: {runtime: 1.5}", "paths.runtime: expected a whole number, found 1.5"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "resources.yaml").write_text(f"{text}\n")
    with pytest.raises(WorkflowError, match=f"^resources.yaml: {re.escape(says)}"):
        read_table(tmp_path / "resources.yaml")


def test_every_rule_of_a_script_has_its_row_in_the_table() -> None:
    texts = [file.read_text() for file in (ROOT / "workflow/rules").glob("*.smk")]
    named = {
        name for text in texts for name in re.findall(r"^rule (\w+):\n(?:.+\n|\n(?=    ))*?    script:", text, re.M)
    }
    stood_for = {name for text in texts for name in re.findall(r'named\("(\w+)"', text)}
    table = read_table(ROOT / "workflow/resources.yaml")
    assert table.keys() == named | stood_for
    assert all({"mem_mb", "runtime"} <= row.keys() for row in table.values())


def test_a_job_is_finished_when_its_outputs_are_there_and_unmarked(tmp_path: Path) -> None:
    marked: set[Path] = set()
    records = SimpleNamespace(_incomplete_path="incomplete", _exists_record=lambda folder, file: file in marked)
    files = [tmp_path / "a", tmp_path / "b"]
    job = SimpleNamespace(output=files, dag=SimpleNamespace(workflow=SimpleNamespace(persistence=records)))
    files[0].touch()
    assert not is_finished(job)
    files[1].touch()
    assert is_finished(job)
    marked.add(files[1])
    assert not is_finished(job)
