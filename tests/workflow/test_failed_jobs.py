"""What a run says when a job fails, is killed or meets what it cannot use, and what it leaves."""

import os
import signal
import subprocess
import time

import psutil
import pytest
from checkouts import Checkout
from own_study import DATA, SOLUTIONS, with_own_study

pytestmark = pytest.mark.slow


@pytest.fixture
def own(checkout: Checkout) -> Checkout:
    return with_own_study(checkout)


def in_the_maker(own: Checkout, *statements: str) -> None:
    """Have the job that makes the data run some statements first."""
    file = own.root / "mypkg/maker.py"
    lines = "".join(f"    {statement}\n" for statement in statements)
    file.write_text(file.read_text().replace("dataset):\n", f"dataset):\n{lines}"))


def said(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("error: ")]


def test_a_failed_job_names_its_rule_and_its_log(own: Checkout) -> None:
    in_the_maker(own, "raise ValueError('nobody foresaw this')")
    done = own.run(SOLUTIONS, check=False)
    assert done.returncode != 0
    assert said(done) == ["error: rule data_own failed; its log: logs/own/data.log"]
    assert "ValueError: nobody foresaw this" in (own.root / "logs/own/data.log").read_text()


def test_a_killed_job_says_by_what(own: Checkout) -> None:
    in_the_maker(own, "import os", "os.kill(os.getpid(), 9)")
    done = own.run(SOLUTIONS, check=False)
    assert done.returncode != 0
    (line,) = said(done)
    assert line.startswith("error: rule data_own was killed by SIGKILL (as systems do when memory runs out); its log: ")


def test_memory_that_runs_out_is_called_so(own: Checkout) -> None:
    limit = "resource.setrlimit(resource.RLIMIT_AS, (2**33, 2**33))"
    in_the_maker(own, "import resource", limit, "torch.ones(2**33)")
    done = own.run(SOLUTIONS, check=False)
    assert done.returncode != 0
    first, second = said(done)
    assert first.startswith("error: memory ran out (")
    assert second == "error: rule data_own failed; its log: logs/own/data.log"


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda file: os.utime(file, (time.time() + 9000,) * 2), "s in the future"),
        (lambda file: (file.rename(file.with_name("kept")), file.mkdir()), "is no regular file"),
        (lambda file: (file.rename(file.with_name("kept")), os.mkfifo(file)), "is no regular file"),
    ],
)
def test_an_input_that_cannot_be_used_is_named_before_anything_is_deleted(own: Checkout, spoil, says) -> None:
    own.run(SOLUTIONS)
    before = (own.root / SOLUTIONS).read_bytes()
    spoil(own.root / DATA)
    done = own.run(SOLUTIONS, check=False)
    assert done.returncode != 0
    (line,) = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith(f"{DATA}: is ")]
    assert says in line
    assert (own.root / SOLUTIONS).read_bytes() == before


def test_scripts_of_killed_runs_are_removed_and_those_of_others_stay(own: Checkout) -> None:
    state = own.root / ".snakemake"
    left = state / "scripts/tmp0123abcd.data.py"
    elsewhere = state / "runs/elsewhere-1-1.0"
    for file in (left, elsewhere, state / f"runs/{os.uname().nodename}-{os.getpid()}-1.0"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    own.run(DATA)
    assert left.exists()
    elsewhere.unlink()
    (own.root / DATA).unlink()
    own.run(DATA)
    assert not left.exists()
    assert not list((state / "scripts").iterdir())


def hear_interrupts() -> None:
    """A shell's background jobs, and all that they start, ignore interrupts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_a_second_interrupt_ends_at_once_and_without_a_traceback(own: Checkout) -> None:
    deaf = "signal.signal(signal.SIGINT, signal.SIG_IGN)"
    in_the_maker(own, "import signal, time", deaf, "open('deaf', 'w').close()", "time.sleep(600)")
    process = subprocess.Popen(
        own.command(DATA), cwd=own.root, env=own.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, start_new_session=True, preexec_fn=hear_interrupts,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not (own.root / "deaf").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    jobs = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(1)
    os.killpg(process.pid, signal.SIGINT)
    text, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted again; run snakemake again to go on" in text
    assert "Traceback" not in text
    _, alive = psutil.wait_procs(jobs, timeout=30)
    assert not alive
    maker = own.root / "mypkg/maker.py"
    maker.write_text(maker.read_text().replace("time.sleep(600)", "pass"))
    own.run(DATA)
    assert (own.root / DATA).exists()
