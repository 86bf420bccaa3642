"""What a person sees of a long run: pace and time left in a log, bars and warnings on a terminal."""

import io
import os
import re
import subprocess
import sys
import termios
import time

from ramble.store.progress import Progress

# A step with a bar, a note and a warning.
STEP = """
import logging, sys
from types import SimpleNamespace
from snakemake.io import Params
from ramble.store.console import step

with step(SimpleNamespace(log=[sys.argv[1]], params=Params(fromdict={"threads": 1}))):
    from ramble.store.progress import Progress

    with Progress("walk", 10) as progress:
        progress.advance(5)
        logging.getLogger("ramble").info("only a note")
        logging.getLogger("ramble").warning("no memory for more")
"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def resumed(every: float) -> Progress:
    """900 of 1000 steps were done before; one more takes a fifth of a second, so that 20 s are left."""
    progress = Progress("walk", 1000, every=every)
    progress.resume(900)
    time.sleep(0.2)
    progress.advance(1, t=0.5)
    return progress


def test_the_log_has_the_time_left_at_this_runs_own_pace(caplog):
    with caplog.at_level("INFO", logger="ramble"):
        resumed(every=0.0)
    (line,) = caplog.messages
    found = re.fullmatch(r"walk: 901 of 1000, 0 s, ETA (\d+) s, t 0\.5", line)
    assert found, line
    assert int(found[1]) >= 19


def test_the_bar_has_the_time_left_at_this_runs_own_pace(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    resumed(every=1e9)
    minutes, seconds = re.findall(r"901/1000 .*<(\d+):(\d+)", sys.stderr.getvalue())[-1]
    assert 60 * int(minutes) + int(seconds) >= 15


def test_nothing_is_foretold_before_this_run_took_a_step(caplog):
    with caplog.at_level("INFO", logger="ramble"):
        progress = Progress("walk", 10, every=0.0)
        progress.resume(3)
        progress.advance(0)
        for _ in range(9):
            progress.advance()
    assert "walk: 3 of 10, 0 s" in caplog.messages
    assert caplog.messages[-1] == "walk: 12 of 12, 0 s, ETA 0 s"  # more than was thought


def test_warnings_reach_a_terminal_and_notes_the_log_alone(tmp_path):
    log = tmp_path / "a.log"
    ours, its = os.openpty()
    termios.tcsetwinsize(its, (24, 80))
    subprocess.run([sys.executable, "-c", STEP, str(log)], stderr=its, check=True)
    os.close(its)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    assert re.search(r"^\r?(walk: .*\r *\r)?\d\d:\d\d:\d\d no memory for more\r$", shown, re.MULTILINE), shown
    assert "walk:" in shown
    assert "only a note" not in shown
    assert re.search(r"only a note\n.*no memory for more\n", log.read_text())
