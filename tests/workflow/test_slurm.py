"""The profile for Slurm, on a real Slurm of one node that runs on this machine for these tests."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import loopback_slurm
import pytest
from checkouts import ROOT, Checkout
from given_data import needs_cifar
from loopback_slurm import PLUGINS, Slurm, running_slurm, wait_for

from ramble.store.checkpoints import checkpoint_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("slurm")]

PROFILE = "workflow/profiles/slurm"
QUICK = ["--slurm-init-seconds-before-status-checks", "2", "--max-status-checks-per-second", "1"]
# short jobs that keep a book of who computed what
MANY = """
import sys

sys.path[:0] = ["{root}/workflow", "{root}/src"]
from plumbing.grouped import group_short_jobs
from plumbing.resources import plan_resources
from plumbing.shared import Named

COUNT = 200


rule all:
    input:
        [f"made/tcm/{{number}}" for number in range(COUNT)],


rule made:
    output:
        "made/{{study}}/{{number}}",
    shell:
        "n={{wildcards.number}}; echo $n $SLURM_JOB_ID >> begun; sleep 0.1; echo > {{output}}; echo $n >> ended"


TABLE = {{"made": {{"mem_mb": 300, "runtime": 10, "group": "short"}}}}
named = Named(workflow)
plan_resources(named, TABLE)
group_short_jobs(named, TABLE)
"""


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    if absent := loopback_slurm.missing():
        pytest.skip(absent)
    with running_slurm(tmp_path_factory.mktemp("slurm")) as running:
        yield running


def begin(slurm: Slurm, folder: Path, *options: str, source: Path | None = None) -> subprocess.Popen[str]:
    """Start snakemake with the profile in a folder."""
    places = [*([str(source)] if source else []), str(PLUGINS / "slurm")]
    environment = slurm.environment | {"PYTHONPATH": os.pathsep.join(places)}
    return subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--profile", PROFILE, *QUICK, *options],
        cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def submit(slurm: Slurm, checkout: Checkout, *options: str) -> tuple[int, str]:
    process = begin(slurm, checkout.root, "--configfile", "tests/small.yaml", *options, source=checkout.root / "src")
    said, _ = process.communicate(timeout=1800)
    return process.returncode, said


def lines(file: Path) -> list[str]:
    return file.read_text().split("\n")[:-1] if file.exists() else []


def test_the_reduced_chain_gives_the_bytes_of_a_desk(slurm: Slurm, checkout: Checkout, finished: Checkout) -> None:
    before = len(slurm.jobs())
    code, said = submit(slurm, checkout, "--", "tcm")
    assert code == 0, said
    made = checkout.files("results")
    assert {name for name in finished.files("results") if name.startswith("results/tcm/")} <= made
    for name in made:  # values, and what artifacts say of where they come from
        assert (checkout.root / name).read_bytes() == (finished.root / name).read_bytes(), name
    jobs = slurm.jobs()[before:]
    assert {state for _, state, _ in jobs} == {"COMPLETED"}
    # six profiles and five figures are one job each
    told = Counter(comment.partition("_wildcards")[0] for *_, comment in jobs)
    assert set(told.values()) == {1}
    assert sum("profile" in comment for comment in told) == sum("figure" in comment for comment in told) == 1
    assert (checkout.root / "logs/tcm/data.log").exists()
    logs = list((checkout.root / "logs/slurm").rglob("*.log"))
    assert sorted(log.stem for log in logs) == sorted(number for number, *_ in jobs)
    assert all(f"host: {os.uname().nodename}" in log.read_text() for log in logs)
    assert "Nothing to be done" in checkout.run("tcm", dry=True).stdout


def test_of_200_jobs_none_is_lost_or_computed_twice(slurm: Slurm, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    (folder / "Snakefile").write_text(MANY.format(root=ROOT))
    (folder / "workflow/profiles").mkdir(parents=True)
    shutil.copytree(ROOT / PROFILE, folder / PROFILE)
    shutil.copy(ROOT / "workflow/submission.py", folder / "workflow")
    before = len(slurm.jobs())
    process = begin(slurm, folder, "--group-components", "short=20")
    node = os.uname().nodename.partition(".")[0]
    try:
        wait_for(lambda: len(lines(folder / "ended")) >= 25, 300)
        slurm.call("scontrol", "update", f"nodename={node}", "state=drain", "reason=test")
        # killed is one job of Slurm of which something is finished and something is not
        victim = lines(folder / "begun")[-1].split()[1]
        slurm.call("scancel", victim)
        wait_for(lambda: not slurm.jobs("running", "completing"), 120)
        slurm.call("scontrol", "update", f"nodename={node}", "state=resume")
        said, _ = process.communicate(timeout=900)
    finally:
        process.kill()
    assert process.returncode == 0, said
    states = Counter(state for _, state, _ in slurm.jobs()[before:])
    assert states == {"COMPLETED": 10, "CANCELLED": 1}
    assert set(lines(folder / "ended")) == {str(number) for number in range(200)}
    assert {file.name for file in (folder / "made/tcm").iterdir()} == {str(number) for number in range(200)}
    assert len(lines(folder / "ended")) == 200
    # begun twice is at most the one that was killed while it ran
    begun = Counter(line.split()[0] for line in lines(folder / "begun"))
    again = [number for number, times in begun.items() if times > 1]
    assert len(again) <= 1
    assert max(begun.values()) <= 2


def cancel(slurm: Slurm, job: str) -> None:
    slurm.call("scancel", job)


def let_run_out_of_time(slurm: Slurm, job: str) -> None:
    """Give a job a minute, the least that Slurm counts, and halt it until then."""
    slurm.call("scontrol", "update", f"jobid={job}", "timelimit=1")
    listed = [line.split() for line in slurm.call("scontrol", "listpids", job).splitlines()[1:]]
    for pid in {int(row[0]) for row in listed if row[0] != "-1"}:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)


@needs_cifar
@pytest.mark.parametrize(("end", "as_what"), [(cancel, "CANCELLED"), (let_run_out_of_time, "TIMEOUT")])
def test_a_job_that_slurm_ends_is_tried_again_from_its_state(
    slurm: Slurm, checkout: Checkout, end: Callable[[Slurm, str], None], as_what: str
) -> None:
    checkout.edit("tests/small.yaml", "    epochs: 2\n    seeds: 1", "    epochs: 60\n    seeds: 1")
    points, table = (f"results/randomization_small/runs/residual-adam-b10-0.{kind}" for kind in ("safetensors", "csv"))
    state = checkpoint_of(checkout.root / table)
    before = len(slurm.jobs())
    process = begin(
        slurm, checkout.root, "--configfile", "tests/small.yaml", "--", points, source=checkout.root / "src"
    )
    try:
        wait_for(state.exists, 300)
        end(slurm, slurm.jobs("running")[-1][0])
        said, _ = process.communicate(timeout=600)
    finally:
        process.kill()
    assert process.returncode == 0, said
    assert Counter(state for _, state, _ in slurm.jobs()[before:]) == {"COMPLETED": 2, as_what: 1}
    assert "going on from" in (checkout.root / "logs/randomization_small/run-residual-adam-b10-0.log").read_text()
    made = [(checkout.root / name).read_bytes() for name in (points, table)]
    (checkout.root / points).unlink()
    checkout.run(points)  # at a desk, and without an interruption
    assert [(checkout.root / name).read_bytes() for name in (points, table)] == made


def test_what_slurm_refuses_or_ends_is_said_in_a_sentence(slurm: Slurm, checkout: Checkout) -> None:
    table = "workflow/resources.yaml"
    data = "results/tcm/data/0.safetensors"
    checkout.edit(
        table, "data: {mem_mb: 1500, runtime: 60}", "data: {mem_mb: 1500, runtime: 60, slurm_partition: nope}"
    )
    code, said = submit(slurm, checkout, "--retries", "0", "--", data)
    assert code != 0
    (line,) = [line for line in said.splitlines() if line.startswith("error: ")]
    assert line.startswith("error: rule data_tcm was refused by Slurm (invalid partition specified: nope); see ")
    checkout.edit(table, "data: {mem_mb: 1500, runtime: 60, slurm_partition: nope}", "data: {mem_mb: 40, runtime: 60}")
    code, said = submit(slurm, checkout, "--retries", "0", "--", data)
    assert code != 0
    (line,) = [line for line in said.splitlines() if line.startswith("error: ")]
    assert line.startswith("error: rule data_tcm was killed by Slurm over its memory; raise its mem_mb in ")
    assert not (checkout.root / data).exists()
