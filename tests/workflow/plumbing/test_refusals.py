"""What is said of jobs, of what stands in an artifact's place, and of the package that is imported."""

import logging
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.exceptions import WorkflowError
from snakemake.io import flag
from snakemake_interface_logger_plugins.common import LogEvent

from plumbing.faults import Failures, how_it_ended, refuse_unusable
from plumbing.source import import_package_from

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("died with <Signals.SIGKILL: 9>", "was killed by SIGKILL (as systems do when memory runs out)"),
        ("returned non-zero exit status 137.", "was killed by SIGKILL (as systems do when memory runs out)"),
        ("returned non-zero exit status 143.", "was killed by SIGTERM"),
        ("returned non-zero exit status 1.", "failed"),
        (
            "SLURM sbatch failed. The error message was 'sbatch: error: invalid partition specified: nope\nsbatch: "
            "error: Batch job submission failed: Invalid partition name specified'.\n    sbatch call:\n",
            "was refused by Slurm (invalid partition specified: nope); see workflow/resources.yaml",
        ),
        (
            "SLURM-job '7' failed, SLURM status is: 'OUT_OF_MEMORY'. ",
            "was killed by Slurm over its memory; raise its mem_mb in workflow/resources.yaml",
        ),
        (
            "SLURM-job '7' failed, SLURM status is: 'TIMEOUT'. ",
            "was out of time on Slurm; raise its runtime in workflow/resources.yaml if it is once more",
        ),
        ("SLURM-job '7' failed, SLURM status is: 'FAILED'. ", "failed on Slurm"),
        ("", "failed"),
    ],
)
def test_how_a_job_ended(text: str, says: str) -> None:
    assert how_it_ended(text) == says


def test_a_failed_job_is_named_once(capsys: pytest.CaptureFixture[str]) -> None:
    failed = logging.makeLogRecord({"event": LogEvent.JOB_ERROR, "jobid": 3, "rule_name": "paths", "log": ["a.log"]})
    told = Failures()
    told.emit(logging.makeLogRecord({"event": LogEvent.ERROR, "msg": "exit status 143."}))
    told.emit(failed)
    told.emit(failed)
    assert capsys.readouterr().err == "\nerror: rule paths was killed by SIGTERM; its log: a.log\n"


def test_memory_that_ran_out_is_told_from_the_log_of_slurm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "1.log"
    log.write_text("slurmstepd-vm: error: StepId=1.batch exceeded memory limit (46948352 > 41943040), being killed\n")
    said = "SLURM-job '1' failed, SLURM status is: 'FAILED'. "
    fields = {
        "event": LogEvent.JOB_ERROR,
        "jobid": 3,
        "rule_name": "paths",
        "log": ["a.log", str(log)],
        "rule_msg": said,
    }
    Failures().emit(logging.makeLogRecord(fields))
    assert "error: rule paths was killed by Slurm over its memory; raise its mem_mb" in capsys.readouterr().err


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results/tcm").mkdir(parents=True)
    return tmp_path / "results/tcm"


TABLE, FOLDER = (SimpleNamespace(output=[made]) for made in ("any.csv", flag("any", "directory")))
INDEX = SimpleNamespace(
    match_producers=lambda file: [TABLE] * file.endswith(".csv") + [FOLDER] * file.endswith("pages")
)


def test_folders_and_pipes_in_the_place_of_artifacts_are_refused(results: Path) -> None:
    (results / "pairs").mkdir()
    os.mkfifo(results / "notes.txt")
    refuse_unusable(INDEX)
    (results / "pairs.csv").mkdir()
    with pytest.raises(WorkflowError, match=r"^results/tcm/pairs\.csv: is no regular file"):
        refuse_unusable(INDEX)


def test_folder_that_a_rule_makes_is_an_artifact_and_a_pipe_in_its_place_is_none(results: Path) -> None:
    (results / "pages").mkdir()
    refuse_unusable(INDEX)
    (results / "pages").rmdir()
    os.mkfifo(results / "pages")
    with pytest.raises(WorkflowError, match=r"^results/tcm/pages: is no regular file"):
        refuse_unusable(INDEX)


def test_artifacts_of_tomorrow_are_refused_and_broken_links_are_missing(results: Path) -> None:
    (results / "gone.csv").symlink_to("nowhere")
    refuse_unusable(INDEX)
    (results / "pairs.csv").touch()
    refuse_unusable(INDEX)
    os.utime(results / "pairs.csv", (time.time() + 3600,) * 2)
    with pytest.raises(WorkflowError, match=r"is dated 3\d{3} s in the future"):
        refuse_unusable(INDEX)


def test_no_results_are_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    refuse_unusable(INDEX)


def test_the_package_beside_the_snakefile_comes_first_here_and_in_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", ["/elsewhere", str(ROOT / "src")])
    monkeypatch.setenv("PYTHONPATH", f"/mine{os.pathsep}{ROOT / 'src'}")
    import_package_from(ROOT)
    assert sys.path == [str(ROOT / "src"), "/elsewhere"]
    assert os.environ["PYTHONPATH"] == f"{ROOT / 'src'}{os.pathsep}/mine"


def test_another_package_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("PYTHONPATH", "")
    with pytest.raises(WorkflowError, match=f"runs the package in {tmp_path}/src, but the one imported lies in"):
        import_package_from(tmp_path)
