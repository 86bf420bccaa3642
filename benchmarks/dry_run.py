"""What a dry run costs by the number of jobs: processor seconds and peak memory of `snakemake --dry-run`.

The study is the Tree Committee Machine of params.yaml with 5 solutions a data set, one path a job and five trackers, on
more and more data sets.

    python benchmarks/dry_run.py [--datasets 14 40 83] [--profile dry_run.prof]
"""

import argparse
import os
import re
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

PROJECT = Path(__file__).resolve().parent.parent
OVERLAY = """
studies:
  tcm:
    paths_per_job: 1
    data: {{datasets: {datasets}}}
    solutions: {{count: 5}}
    trackers: {{paper_tuned: null}}
    spectra: {{trackers: [paper, guarded]}}
figures:
  fig2-paper_tuned: null
"""
STUDIES = ["tcm_load", "tcm_graph12", "tcm_graph40"]


def dry_run(folder: Path, datasets: int, profile: Path | None) -> tuple[int, float, float]:
    """Return the number of jobs, processor seconds, and peak memory in GB."""
    overlay = OVERLAY.format(datasets=datasets)
    left_out = "".join(f"  {study}: null\n" for study in STUDIES)
    (folder / "many.yaml").write_text(overlay.replace("figures:", f"{left_out}figures:"))
    options = ["--dry-run", "--snakefile", str(PROJECT / "Snakefile"), "--configfile", "many.yaml"]
    python = [sys.executable, *(["-m", "cProfile", "-o", str(profile.resolve())] if profile else [])]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [*python, "-m", "snakemake", *options, "--", "paper"], cwd=folder, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(PROJECT / "src")}, check=True,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    jobs = re.search(r"^total +(\d+)", done.stdout + done.stderr, re.MULTILINE)
    assert jobs, done.stdout + done.stderr
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return int(jobs[1]), seconds, after.ru_maxrss / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", nargs="+", type=int, default=[14, 40, 83])
    parser.add_argument("--profile", type=Path, help="a file for what cProfile says of the last one")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        (Path(folder) / "params.yaml").write_bytes((PROJECT / "params.yaml").read_bytes())
        for datasets in options.datasets:
            jobs, seconds, memory = dry_run(Path(folder), datasets, options.profile)
            print(f"{jobs:6d} jobs: {seconds:6.1f} s of processor time, at most {memory:.2f} GB", flush=True)


if __name__ == "__main__":
    main()
