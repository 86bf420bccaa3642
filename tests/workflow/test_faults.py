"""Faults that are really made: kill signals, damage, two runs at once, a full disk, links, a remote that goes away."""

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from test_dvc import changed_stages, ran_stages, restore, set_parameter
from versioned import Versioned

from ramble.store.artifacts import read_table

pytestmark = pytest.mark.slow

SOLUTIONS = "results/tcm/solutions"


def start(project: Versioned, *command: str) -> tuple[subprocess.Popen[bytes], Path]:
    """Start a command in the background; return it and the file that it prints to."""
    log = project.root.parent / "printed.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=project.root, env=project.environment, stdout=out, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
    return process, log


def wait(until: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def digests(project: Versioned, folder: str = "results") -> dict[str, str]:
    return {name: hashlib.sha256((project.root / name).read_bytes()).hexdigest() for name in project.files(folder)}


def jobs_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    children = psutil.Process(process.pid).children(recursive=True)
    return [child for child in children if ".snakemake/scripts" in str(child.cmdline())]


def hold_jobs(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Stop a run's jobs where they are, so that it goes on for as long as the test needs; return them."""
    jobs = jobs_of(process)
    assert jobs
    for job in jobs:
        job.suspend()
    return jobs


def training(project: Versioned) -> Callable[[], bool]:
    """Whether the job that finds the committee's solutions is at work; its old log and solutions are removed."""
    log = project.root / "logs/tcm/solutions.log"
    log.unlink(missing_ok=True)
    shutil.rmtree(project.root / SOLUTIONS, ignore_errors=True)
    return log.exists


def test_a_killed_snakemake_leaves_what_is_finished_and_the_next_run_goes_on(recorded_copy: Versioned) -> None:
    before = digests(recorded_copy)
    data = recorded_copy.root / "results/tcm/data/0.safetensors"
    made = data.stat().st_mtime_ns
    begun = training(recorded_copy)
    process, _ = start(recorded_copy, "snakemake", "--", "tcm_solutions")
    wait(begun)
    jobs = hold_jobs(process)
    # a second run must not begin beside it
    assert "cannot be locked" in recorded_copy.fails("snakemake", "--", "tcm_solutions")
    process.kill()
    process.wait()
    for job in jobs:
        job.resume()
    wait(lambda: not any(job.is_running() and job.status() != psutil.STATUS_ZOMBIE for job in jobs), 10)
    printed = recorded_copy.call("snakemake", "--", "tcm_solutions")
    assert "The lock of a run that was killed is removed." in printed
    assert digests(recorded_copy) == before
    assert data.stat().st_mtime_ns == made
    assert changed_stages(recorded_copy) == set()


def test_a_lock_of_another_machine_is_left_alone_and_named(recorded_copy: Versioned) -> None:
    state = recorded_copy.root / ".snakemake"
    (state / "locks").mkdir(exist_ok=True)
    (state / "locks/0.output.lock").write_text(f"{SOLUTIONS}/0-0.safetensors\n")
    shutil.rmtree(state / "runs", ignore_errors=True)
    (state / "runs").mkdir()
    (state / "runs/elsewhere-1-1.0").touch()
    shutil.rmtree(recorded_copy.root / SOLUTIONS)
    printed = recorded_copy.fails("snakemake", "--", "tcm_solutions")
    assert "cannot be locked" in printed
    assert "--unlock" in printed
    recorded_copy.call("snakemake", "--unlock")
    assert "solutions_tcm" in recorded_copy.planned("tcm_solutions")


def test_a_killed_writer_leaves_nothing_that_counts(recorded_copy: Versioned) -> None:
    file = recorded_copy.root / SOLUTIONS / "0-0.safetensors"
    whole = file.read_bytes()
    code = (
        "import sys, time; from ramble.store.artifacts import write_whole\n"
        "def write(aside):\n"
        "    aside.write_bytes(b'half')\n"
        "    print('writing', flush=True)\n"
        "    time.sleep(600)\n"
        "write_whole(sys.argv[1], write)"
    )
    writer, log = start(recorded_copy, sys.executable, "-c", code, str(file))
    wait(lambda: log.read_text() == "writing\n")
    writer.kill()
    writer.wait()
    assert any("partial" in name for name in recorded_copy.files())
    assert file.read_bytes() == whole
    assert changed_stages(recorded_copy) == set()
    recorded_copy.call("snakemake", "--forcerun", "solutions_tcm", "--", "tcm_solutions")
    assert file.read_bytes() == whole
    assert not any("partial" in name for name in recorded_copy.files())


def test_a_killed_dvc_repro_goes_on_when_it_is_run_again(recorded_copy: Versioned) -> None:
    set_parameter(recorded_copy, "studies.tcm.trackers.line.points", 11)
    log = recorded_copy.root / "logs/tcm/paths-line-0.log"
    log.unlink()
    process, _ = start(recorded_copy, "dvc", "repro", "tcm_paths")
    wait(log.exists)
    jobs = hold_jobs(process)
    # a second one is turned away: DVC names the first
    assert "is busy" in recorded_copy.fails("dvc", "repro", "tcm_paths")
    below = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    for job in jobs:
        job.resume()
    # the snakemake of the killed stage ends its job, and holds its lock until then
    wait(lambda: not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in below))
    assert ran_stages(recorded_copy.call("dvc", "repro", "tcm_paths")) == {"tcm_paths"}
    assert "tcm_paths" not in changed_stages(recorded_copy)
    assert "paths_tcm_line_0" not in recorded_copy.planned("paper")


def test_a_full_disk_is_named_and_leaves_nothing_half_written(recorded_copy: Versioned) -> None:
    folder = recorded_copy.root / "results/tcm/paths/line"
    before = digests(recorded_copy)
    shutil.rmtree(folder)
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small file system needs root")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no small file system can be mounted here: {done.stderr.strip()}")
    try:
        printed = recorded_copy.fails("dvc", "repro", "tcm_paths")
        assert "cannot be written (No space left on device); make room" in printed
        assert not [file for file in folder.iterdir() if file.is_file()]
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    recorded_copy.call("dvc", "repro", "tcm_paths")
    assert digests(recorded_copy) == before


def test_results_that_are_read_only_links_into_the_cache(recorded_copy: Versioned) -> None:
    table = recorded_copy.root / "results/tables/claims.csv"
    cached = digests(recorded_copy, ".dvc/cache/files")
    for kind, door, limit in (("symlink", "dvc repro claims", 0.5), ("hardlink", "snakemake -- claims", 0.6)):
        recorded_copy.call("dvc", "config", "--local", "cache.type", kind)
        recorded_copy.call("dvc", "checkout", "--relink", "--force")
        assert table.is_symlink() or table.stat().st_nlink > 1
        assert not table.stat().st_mode & 0o222
        recorded_copy.call("snakemake", "--touch", "--forceall", "--", "paper")
        set_parameter(recorded_copy, "claims.proportional_r2", limit)
        recorded_copy.call(*door.split())
        assert f">= {limit}" in read_table(table).threshold.tolist()
        assert not table.is_symlink() or door.startswith("dvc")
        now = digests(recorded_copy, ".dvc/cache/files")
        assert {name: now[name] for name in cached} == cached


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[Callable[[], tuple[str, subprocess.Popen[bytes], Path]]]:
    """Start S3 servers on loopback; each returns its address, its process and its log of requests."""
    servers: list[subprocess.Popen[bytes]] = []

    def serve() -> tuple[str, subprocess.Popen[bytes], Path]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        log = tmp_path / f"{port}.log"
        with log.open("wb") as out:
            command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
            server = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        servers.append(server)
        wait(lambda: reachable(port))
        return f"http://127.0.0.1:{port}", server, log

    yield serve
    for server in servers:
        server.kill()
        server.wait()


def reachable(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def use_bucket(project: Versioned, address: str, patch: pytest.MonkeyPatch) -> None:
    """Make a bucket and point the remote to it as docs/how-to/dvc-remote.md shows; credentials: environment only."""
    import boto3

    patch.setenv("AWS_ACCESS_KEY_ID", "any")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "thing")
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    patch.setenv("AWS_MAX_ATTEMPTS", "1")
    boto3.client("s3", endpoint_url=address).create_bucket(Bucket="ramble")
    project.call("dvc", "remote", "add", "--force", "--default", "store", "s3://ramble/results")
    project.call("dvc", "remote", "modify", "store", "endpointurl", address)


def test_a_remote_that_goes_away_costs_nothing(
    recorded_copy: Versioned, s3: Callable[[], tuple[str, subprocess.Popen[bytes], Path]], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    address, server, log = s3()
    use_bucket(recorded_copy, address, monkeypatch)
    before = digests(recorded_copy)
    push, printed = start(recorded_copy, "dvc", "push", "--jobs", "1")
    wait(lambda: log.read_text().count('"PUT /ramble/results') > 3)
    server.kill()
    assert push.wait(timeout=120) != 0
    assert "Could not connect to the endpoint" in printed.read_text()
    assert digests(recorded_copy) == before
    assert changed_stages(recorded_copy) == set()
    address, *_ = s3()
    use_bucket(recorded_copy, address, monkeypatch)
    recorded_copy.call("dvc", "push")
    recorded_copy.commit("Point to the bucket")
    target = tmp_path / "clone"
    recorded_copy.call("git", "clone", "--quiet", str(recorded_copy.root), str(target))
    clone = Versioned(target)
    assert "Nothing to be done" in clone.call(*restore(clone))
    assert digests(clone) == before
    config = (clone.root / ".dvc/config").read_text()
    assert "any" not in config
    assert "thing" not in config
