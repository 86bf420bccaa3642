"""What goes wrong is said in a sentence that names it, before anything is deleted where that is possible."""

import logging
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from snakemake.exceptions import WorkflowError
from snakemake.io import is_flagged
from snakemake_interface_logger_plugins.common import LogEvent

AHEAD = 60  # seconds that another machine's clock may be ahead


class Failures(logging.Handler):
    """Says which rule failed, why where that is known, and where its log is. The default profile hides both."""

    def __init__(self) -> None:
        super().__init__()
        self.last = threading.local()  # what was said in this thread before
        self.told: set[int] = set()  # jobs; snakemake names them again at the end

    def emit(self, record: Any) -> None:
        """Print a sentence where a job failed."""
        event = getattr(record, "event", None)
        if event == LogEvent.ERROR:
            self.last.text = record.getMessage()
        elif event == LogEvent.JOB_ERROR and record.jobid not in self.told:
            self.told.add(record.jobid)
            logs = ", ".join(map(str, record.log or [])) or "none"
            # of a job on a cluster the record itself says more
            how = how_it_ended(str(getattr(record, "rule_msg", None) or getattr(self.last, "text", "")))
            if how == FAILED_THERE and any(map(tells_of_memory, map(str, record.log or []))):
                how = ENDED_BY_SLURM["OUT_OF_MEMORY"]
            # in one piece and on a line of its own: snakemake writes lines and their ends from another thread
            sys.stderr.write(f"\nerror: rule {record.rule_name} {how}; its log: {logs}\n")
            sys.stderr.flush()


FAILED_THERE = "failed on Slurm"
# {how Slurm says that a job ended: what that means}
ENDED_BY_SLURM = {
    "OUT_OF_MEMORY": "was killed by Slurm over its memory; raise its mem_mb in workflow/resources.yaml",
    "TIMEOUT": "was out of time on Slurm; raise its runtime in workflow/resources.yaml if it is once more",
    "CANCELLED": "was cancelled on Slurm",
    "NODE_FAIL": "was lost with its node",
}


def how_it_ended(text: str) -> str:
    """Return how a job ended, from what snakemake says of its process or of the cluster."""
    if refused := re.search(r"SLURM sbatch failed. The error message was '(.*?)'\.\n", text, re.DOTALL):
        lines = [line.removeprefix("sbatch: ").removeprefix("error: ") for line in refused[1].splitlines()]
        return f"was refused by Slurm ({lines[0] if lines else 'without a reason'}); see workflow/resources.yaml"
    if state := re.search(r"SLURM status is: '(\w+)", text):
        return ENDED_BY_SLURM.get(state[1], FAILED_THERE)
    found = re.search(r"Signals\.(SIG\w+)|exit status (\d+)", text)
    signals = {one.value + 128: one.name for one in signal.Signals}
    name = found and (found[1] or signals.get(int(found[2])))
    if not name:
        return "failed"
    return f"was killed by {name}" + " (as systems do when memory runs out)" * (name == "SIGKILL")


def tells_of_memory(log: str) -> bool:
    """Whether Slurm says in its log of a job that it was killed over its memory; not all clusters say so of the job."""
    try:
        text = Path(log).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return re.search(r"slurmstepd.*(exceeded memory limit|oom.kill)", text, re.IGNORECASE) is not None


def _no_file(entry: os.DirEntry[str]) -> str | None:
    """Return what keeps an entry of a folder from being used as an artifact, if anything."""
    if entry.is_symlink() and not Path(entry).exists():
        return None  # counts as missing
    if not entry.is_file():
        return "is no regular file, and an artifact belongs there; move it away"
    ahead = entry.stat().st_mtime - time.time()
    if ahead > AHEAD:
        return (
            f"is dated {ahead:.0f} s in the future, so that all that is made from it would count as old; set the clock "
            "right or touch it"
        )
    return None


def _makes_folder(made: Any) -> bool:
    """Whether what a rule makes is a folder."""
    return all(is_flagged(output, "directory") for output in made.output)


def refuse_unusable(artifacts: Any, folder: str = "results") -> None:
    """Raise WorkflowError at what stands in an artifact's place: Snakemake would delete what was made of it first.

    Args:
        artifacts: Snakemake's index of what the rules make.
        folder: which is looked through, and all in it.
    """
    for entry in list(os.scandir(folder)) if Path(folder).is_dir() else ():
        name, reason = f"{folder}/{entry.name}", _no_file(entry)
        makers = artifacts.match_producers(name) if reason is not None else ()
        if makers and not (entry.is_dir() and all(_makes_folder(made) for made in makers)):
            raise WorkflowError(f"{name}: {reason}")
        if entry.is_dir():
            refuse_unusable(artifacts, name)


def _end_at_once(number: int, frame: FrameType | None) -> None:
    """The second interrupt waits for nothing: jobs end with this process, and the next run removes its lock."""
    print("interrupted again; run snakemake again to go on", file=sys.stderr)
    os._exit(130)


def _end(number: int, frame: FrameType | None) -> None:
    """The first interrupt, as ever."""
    signal.signal(signal.SIGINT, _end_at_once)
    raise KeyboardInterrupt


def refuse_missing(where: str, files: Sequence[str]) -> None:
    """Raise WorkflowError where one of a user's files is not there; `where` names the key that it stands under."""
    for file in files:
        if not Path(file).exists():
            raise WorkflowError(f"{where}: {file} is missing; name a checkpoint that is there")


def hear_second_interrupt() -> None:
    """Have a second Ctrl-C end this process at once, where nobody else listens to it."""
    ours = threading.current_thread() is threading.main_thread()
    if ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)
