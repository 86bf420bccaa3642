"""How a job ends that went wrong."""

import subprocess
import sys
from pathlib import Path

import pytest

JOB = """
import logging, sys
from ramble.console import step
from ramble.errors import RambleError

with step(sys.argv[1], 1):
    logging.getLogger("ramble").info("at work")
    raise RambleError("results/a.csv: cannot be written; make room.")
"""


def ended(log: Path) -> str:
    """What a job that stops with an error prints, but for the time of its messages."""
    command = [sys.executable, "-c", JOB, str(log)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    at_work, *rest = done.stderr.splitlines()
    assert at_work.endswith(" at work")
    return "\n".join(rest)


def test_an_error_is_one_sentence_printed_and_logged(tmp_path):
    sentence = "error: results/a.csv: cannot be written; make room."
    assert ended(tmp_path / "a.log") == sentence
    assert (tmp_path / "a.log").read_text().splitlines()[1:] == [sentence]


def test_an_error_is_printed_where_the_log_is_on_a_full_disk():
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    assert ended(Path("/dev/full")) == "error: results/a.csv: cannot be written; make room."
