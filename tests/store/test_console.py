"""How a job ends that went wrong."""

import subprocess
import sys
from pathlib import Path

import pytest

JOB = """
import logging, sys
from snakemake.io import Params
from ramble.store.console import step
from ramble.errors import RambleError

class Job:
    log = [sys.argv[1]]
    params = Params(fromdict={"threads": 1})

with step(Job):
    logging.getLogger("ramble").info("at work")
    raise %s
"""
NO_ROOM = 'RambleError("results/a.csv: cannot be written; make room.")'


def ended(log: Path, error: str = NO_ROOM) -> str:
    """What a job that stops with an error prints, but for the time of its messages."""
    command = [sys.executable, "-c", JOB % error, str(log)]
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


@pytest.mark.parametrize(
    "error",
    [
        "MemoryError()",
        "OSError(12, 'Cannot allocate memory')",
        "ImportError('libtorch_cpu.so: failed to map segment from shared object')",
        "RuntimeError('[enforce fail] DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes.')",
        "RuntimeError('CUDA out of memory. Tried to allocate 2.00 GiB')",
    ],
)
def test_memory_that_runs_out_is_called_so(tmp_path, error):
    (sentence,) = ended(tmp_path / "a.log", error).splitlines()
    assert sentence.startswith("error: memory ran out (")
    assert (tmp_path / "a.log").read_text().splitlines()[1:] == [sentence]


def test_an_error_that_nobody_foresaw_is_in_the_log_too(tmp_path):
    printed = ended(tmp_path / "a.log", "ZeroDivisionError('of a kind')")
    assert printed.endswith("ZeroDivisionError: of a kind")
    assert (tmp_path / "a.log").read_text().endswith("ZeroDivisionError: of a kind\n")
