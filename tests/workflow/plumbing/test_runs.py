"""Locks and scripts of runs that are over."""

import os
import socket
from pathlib import Path

import psutil
import pytest

from plumbing.runs import LOCKS, RUNS, SCRIPTS, is_over, remove_stale_lock, sign

HOST = socket.gethostname()
HERE = psutil.Process()
OWN = f"{HOST}-{HERE.pid}-{HERE.create_time()}"
REUSED = f"{HOST}-{HERE.pid}-1.0"  # the number of this process, by one that began long ago
ELSEWHERE = "else-where-1-1.0"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for place in (LOCKS, RUNS, SCRIPTS):
        place.mkdir(parents=True)
    (SCRIPTS / "tmp1.paths.py").touch()
    return tmp_path


def lock(*runs: str, newer: bool = False) -> Path:
    file = LOCKS / "0.output.lock"
    file.touch()
    for run in runs:
        (RUNS / run).touch()
        os.utime(RUNS / run, (2, 2))
    os.utime(file, (3, 3) if newer else (1, 1))
    return file


def test_only_a_process_of_this_machine_that_is_gone_is_over() -> None:
    assert [is_over(Path(run)) for run in (OWN, REUSED, ELSEWHERE)] == [False, True, False]


@pytest.mark.parametrize(
    ("runs", "newer", "stays"),
    [([REUSED], False, False), ([REUSED, ELSEWHERE], False, True), ([REUSED], True, True), ([], False, True)],
)
def test_a_lock_goes_where_all_that_can_hold_it_are_over(runs: list[str], newer: bool, stays: bool) -> None:
    file = lock(*runs, newer=newer)
    remove_stale_lock()
    assert file.exists() == stays


def test_a_run_signs_and_removes_what_is_left_of_others() -> None:
    lock(REUSED)
    sign()
    assert [run.name for run in RUNS.iterdir()] == [OWN]
    assert not list(SCRIPTS.iterdir())


def test_scripts_stay_while_another_run_may_have_jobs() -> None:
    lock(REUSED, ELSEWHERE)
    sign()
    assert {run.name for run in RUNS.iterdir()} == {OWN, ELSEWHERE}
    assert list(SCRIPTS.iterdir())
