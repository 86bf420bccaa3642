# What a killed run leaves behind must not keep the next one waiting: snakemake's lock outlives its owner.
import os
import shutil
import socket
from pathlib import Path

import psutil
from snakemake.logging import logger

LOCKS = Path(".snakemake/locks")
SCRIPTS = Path(".snakemake/scripts")
RUNS = Path(".snakemake/runs")  # one empty file per run: <host>-<process>-<its start>


def run_name():
    process = psutil.Process()
    return f"{socket.gethostname()}-{process.pid}-{process.create_time()}"


def is_over(run):
    """Whether a run's process is certainly gone; of other machines nothing is certain."""
    host, pid, created = run.name.rsplit("-", 2)
    if host != socket.gethostname():
        return False
    try:
        return psutil.Process(int(pid)).create_time() != float(created)
    except psutil.NoSuchProcess:
        return True


def remove_stale_lock():
    """Remove the lock where all runs that can hold it are over."""
    locks, runs = list(LOCKS.glob("*.lock")), list(RUNS.glob("*"))
    if not locks or not runs or not all(is_over(run) for run in runs):
        return
    # a run takes the lock before it signs: a lock newer than all signatures may belong to one that is about to sign
    if max(map(os.path.getmtime, locks)) <= max(map(os.path.getmtime, runs)):
        shutil.rmtree(LOCKS)
        logger.warning("The lock of a run that was killed is removed.")


remove_stale_lock()


def remove_stale_scripts():
    """Remove what jobs of killed runs were started from, where no other run can have jobs: a run signs before it has."""
    left = list(SCRIPTS.glob("tmp*"))
    if all(is_over(run) for run in RUNS.glob("*")):
        for script in left:
            script.unlink(missing_ok=True)


onstart:
    RUNS.mkdir(parents=True, exist_ok=True)
    remove_stale_scripts()
    for run in RUNS.glob("*"):
        if is_over(run):
            run.unlink()
    RUNS.joinpath(run_name()).touch()
    # not before: until Snakemake has handlers of its own, Python prints errors where there is none
    logger.addHandler(Failures())
