"""What a job costs on Slurm beyond the queue and its own command: a real Slurm of one node, and jobs that do nothing.

They are jobs of this project's Snakefile, to which one rule is added, and run one at a time. A job of Slurm begins with
a Snakemake that starts another one by `srun`, which runs the command; each reads the Snakefile.

    python benchmarks/slurm_jobs.py [--jobs 20]
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

PROJECT = Path(__file__).resolve().parent.parent
sys.path.append(str(PROJECT / "tests"))

from checkouts import Checkout, copy_project  # noqa: E402
from loopback_slurm import PLUGINS, Slurm, running_slurm  # noqa: E402

RULE = """

rule nothing:
    output:
        "results/nothing/{number}",
    shell:
        "python looking.py > {output}"
"""
# when the command begins, and the processor time that its job of Slurm has taken until then
LOOKING = """
import contextlib
import os
import time

import psutil

taken = 0.0
for process in psutil.process_iter():
    with contextlib.suppress(psutil.Error):
        if process.pid != os.getpid() and process.environ().get("SLURM_JOB_ID") == os.environ["SLURM_JOB_ID"]:
            taken += sum(process.cpu_times()[:4])
print(time.time(), taken)
"""


def run_jobs(slurm: Slurm, project: Checkout, jobs: int) -> float:
    """Make the files of the rule by jobs of Slurm; return the seconds it took."""
    environment = slurm.environment | {
        "PYTHONPATH": os.pathsep.join([str(project.root / "src"), str(PLUGINS / "slurm")])
    }
    often = ["--slurm-init-seconds-before-status-checks", "2", "--max-status-checks-per-second", "1"]
    targets = [f"results/nothing/{number}" for number in range(jobs)]
    command = [sys.executable, "-m", "snakemake", "--profile", "workflow/profiles/slurm", *often, "--", *targets]
    started = time.perf_counter()
    done = subprocess.run(command, cwd=project.root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return time.perf_counter() - started


def times(slurm: Slurm, number: str) -> tuple[float, float]:
    """Begin and end of a job, as Slurm has them: whole seconds since 1970."""
    said = slurm.call("scontrol", "show", "job", number)
    begin, end = (re.search(rf"{name}=(\S+)", said)[1] for name in ("StartTime", "EndTime"))
    return datetime.fromisoformat(begin).timestamp(), datetime.fromisoformat(end).timestamp()


def main(jobs: int) -> None:
    """Print means over the jobs: Slurm's whole seconds leave 0.3 s to each job of twenty, and less to their mean."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "slurm").mkdir()
        project = copy_project(folder / "project")
        snakefile = project.root / "Snakefile"
        snakefile.write_text(snakefile.read_text() + RULE)
        (project.root / "looking.py").write_text(LOOKING)
        with running_slurm(folder / "slurm", cores=1) as slurm:
            whole = run_jobs(slurm, project, jobs)
            told = {number: times(slurm, number) for number, *_ in slurm.jobs()}
        looks = sorted(
            [float(part) for part in (project.root / f"results/nothing/{number}").read_text().split()]
            for number in range(jobs)
        )
    spans = sorted(told.values())
    lengths = [end - begin for begin, end in spans]
    until = [command - begin for (begin, _), (command, _) in zip(spans, looks, strict=True)]
    taken = statistics.mean(processor for _, processor in looks)
    print(f"{jobs} jobs in {whole:.0f} s, one after the other; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(
        f"in Slurm: mean {statistics.mean(lengths):.1f} s, shortest {min(lengths):.0f} s, longest {max(lengths):.0f} s"
    )
    print(f"until the command begins: mean {statistics.mean(until):.1f} s, of which {taken:.1f} s of processor time")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=20)
    main(parser.parse_args().jobs)
