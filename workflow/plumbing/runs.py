"""What a killed run leaves behind must not keep the next one waiting: snakemake's lock outlives its owner."""

import os
import shutil
import socket
from pathlib import Path

import psutil
from snakemake.logging import logger

LOCKS = Path(".snakemake/locks")
SCRIPTS = Path(".snakemake/scripts")
RUNS = Path(".snakemake/runs")  # one empty file per run: <host>-<process>-<its start>


def is_over(run: Path) -> bool:
    """Whether a run's process is certainly gone; of other machines nothing is certain."""
    host, pid, created = run.name.rsplit("-", 2)
    if host != socket.gethostname():
        return False
    try:
        return bool(psutil.Process(int(pid)).create_time() != float(created))
    except psutil.NoSuchProcess:
        return True


def remove_stale_lock() -> None:
    """Remove the lock where all runs that can hold it are over."""
    locks, runs = list(LOCKS.glob("*.lock")), list(RUNS.glob("*"))
    if not locks or not runs or not all(map(is_over, runs)):
        return
    # a run takes the lock before it signs: a lock newer than all signatures may belong to one that is about to sign
    if max(map(os.path.getmtime, locks)) <= max(map(os.path.getmtime, runs)):
        shutil.rmtree(LOCKS)
        logger.warning("The lock of a run that was killed is removed.")


def sign() -> None:
    """Say that this process is a run, and remove what runs that are over have left."""
    RUNS.mkdir(parents=True, exist_ok=True)
    process = psutil.Process()
    left, runs = list(SCRIPTS.glob("tmp*")), list(RUNS.glob("*"))
    over = [run for run in runs if is_over(run)]
    # what jobs were started from: where no other run can have jobs, for a run signs before it has
    for file in [*over, *(left if over == runs else [])]:
        file.unlink(missing_ok=True)
    RUNS.joinpath(f"{socket.gethostname()}-{process.pid}-{process.create_time()}").touch()
