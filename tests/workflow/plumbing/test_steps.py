"""Jobs grouped to steps, with rules that only look like Snakemake's."""

from types import SimpleNamespace
from typing import Any

import pytest
from snakemake.exceptions import WorkflowError

from plumbing.pipeline import code_digests
from plumbing.steps import Job, Steps, place


def job(kind: str, study: str | None, output: str, *sources: str, keys: tuple[str, ...] = ()) -> Job:
    return Job(kind, study, [output], list(sources), list(keys), f"0123 of {kind}", [])


DATA = job("data", "tcm", "results/tcm/data/0.safetensors", keys=("seed", "studies.tcm.threads"))
PATHS = job("paths", "tcm", "results/tcm/paths/line/0-0-1.csv", *DATA.output)
FIGURE = job("figure", None, "results/figures/fig1.svg", *PATHS.output)
TABLE = job("judge_claims", None, "results/tables/claims.md", *PATHS.output, "results/other/readings.csv")
OTHER = job("readings", "other", "results/other/readings.csv")


def steps_of(*jobs: Job, studies: tuple[str, ...] = ("tcm", "other"), **config: Any) -> Steps:
    known = {file: one for one in jobs for file in one.output}
    return Steps(None, {}, studies, config, "params.yaml", [jobs[-1].output[0]], known)


def test_every_job_comes_after_those_that_it_builds_on() -> None:
    jobs = steps_of(DATA, PATHS, OTHER, TABLE).jobs
    assert sorted(map(id, jobs)) == sorted(map(id, (DATA, PATHS, OTHER, TABLE)))
    assert jobs.index(DATA) < jobs.index(PATHS) < jobs.index(TABLE)
    assert jobs.index(OTHER) < jobs.index(TABLE)


def test_steps_are_called_by_study_and_rule_and_tables_by_their_own_name() -> None:
    steps = steps_of(DATA, PATHS, OTHER, TABLE)
    assert set(steps.by_name) == {"tcm_data", "tcm_paths", "other_readings", "claims"}
    assert list(steps_of(DATA, PATHS, FIGURE).by_name) == ["tcm_data", "tcm_paths", "tcm_figures"]


def test_a_step_depends_on_folders_and_on_keys_that_the_file_has() -> None:
    step = steps_of(DATA, PATHS, seed=1, studies={"tcm": {}}).by_name["tcm_data"]
    assert step.keys == ["seed"]
    assert step.outs == ["results/tcm/data"]
    assert steps_of(DATA, PATHS).by_name["tcm_paths"].deps == ["results/tcm/data"]


def test_a_study_that_is_called_like_a_step_is_refused() -> None:
    with pytest.raises(WorkflowError, match="'tcm_data' would be the name of two steps; rename the study"):
        _ = steps_of(DATA, PATHS, studies=("tcm", "tcm_data")).by_name


def test_of_rules_that_could_make_a_file_the_one_that_says_most_does() -> None:
    def code(wildcards: Any) -> str:
        return "0 of paths"

    code.of = lambda wildcards: ["key"]  # type: ignore[attr-defined]

    def rule(name: str, *wildcards: str) -> Any:
        return SimpleNamespace(
            name=name,
            wildcard_names=wildcards,
            get_wildcards=lambda file: dict.fromkeys(wildcards, "x"),
            expand_output=lambda given: (["results/tcm/paths/line/0-0-1.csv", "results/tcm/paths/line/0-0-2.csv"],),
            expand_input=lambda given: ([],),
            params=SimpleNamespace(code=code, keys=list),
        )

    index = SimpleNamespace(match_producers=lambda file: [rule("paths", "a", "b"), rule("paths_tcm_line_0")])
    steps = Steps(index, {"paths_tcm_line_0": "paths"}, ["tcm"], {}, "params.yaml", [])
    made = steps.job_of("results/tcm/paths/line/0-0-1.csv")
    assert (made.kind, made.study, made.code, made.code_keys) == ("paths", "tcm", "0 of paths", ["key"])
    assert steps.job_of("results/tcm/paths/line/0-0-2.csv") is made


@pytest.mark.parametrize(
    ("file", "folder"),
    [
        ("results/tcm/data/0.safetensors", "results/tcm/data"),
        ("results/tcm/pairs.csv", "results/tcm/pairs.csv"),
        ("results/figures/fig1.svg", "results/figures/fig1.svg"),
    ],
)
def test_files_with_a_folder_of_their_kind_are_placed_there(file: str, folder: str) -> None:
    assert place(file) == folder


def test_digests_change_with_the_code_of_a_step_alone() -> None:
    before = code_digests(steps_of(DATA, PATHS).by_name)
    changed = Job(PATHS.kind, PATHS.study, PATHS.output, PATHS.input, [], "4567 of paths", [])
    after = code_digests(steps_of(DATA, changed).by_name)
    assert before["tcm_data"] == after["tcm_data"]
    assert before["tcm_paths"] != after["tcm_paths"]
