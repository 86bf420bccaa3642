"""What a start of snakemake costs: a dry run of this project, the same with garbage looked for, and one of no rules.

All runs alternate, in a project whose default target is made. Executables of other environments are timed on the
workflow of no rules, beside the one that is installed here: another version takes this project's results for old, and
would be timed at telling why.

    python benchmarks/start.py [--runs 10] [--also /path/to/another/.venv/bin/snakemake ..]
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

CARE = ("gc.disable()", "gc.freeze()", "gc.enable()")
EMPTY = 'rule nothing:\n    output: "nothing"\n    shell: "touch nothing"\n'
PROJECT = Path(__file__).resolve().parent.parent


def dry_run(executable: str, snakefile: Path, folder: Path) -> float:
    """Seconds that a dry run takes."""
    command = [executable, "--dry-run", "--quiet", "all", "--snakefile", str(snakefile), "--directory", str(folder)]
    started = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return time.perf_counter() - started


def without_care(snakefile: Path) -> str:
    """The project's Snakefile with the garbage collector left alone."""
    lines = snakefile.read_text().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(CARE)]
    assert len(kept) == len(lines) - len(CARE), "the Snakefile no longer says what this benchmark takes away"
    return "".join(kept)


def alternate(cases: dict[str, tuple[str, Path, Path]], runs: int) -> dict[str, float]:
    """Median seconds of each case {name: (executable, Snakefile, folder)}."""
    taken: dict[str, list[float]] = {name: [] for name in cases}
    for run in range(runs + 1):
        for name, case in cases.items():
            seconds = dry_run(*case)
            if run:  # the first one warms the file cache
                taken[name].append(seconds)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--also", nargs="*", default=[], metavar="SNAKEMAKE")
    options = parser.parse_args()
    here = shutil.which("snakemake", path=Path(sys.executable).parent)
    assert here, "snakemake is not installed beside this Python"
    with TemporaryDirectory() as folder:
        empty = Path(folder) / "Snakefile"
        empty.write_text(EMPTY)
        # includes are relative to the Snakefile, so that the variant must lie beside it
        variant = PROJECT / "Snakefile.garbage-looked-for"
        variant.write_text(without_care(PROJECT / "Snakefile"))
        try:
            cases = {
                "this project": (here, PROJECT / "Snakefile", PROJECT),
                "this project, garbage looked for": (here, variant, PROJECT),
            }
            for executable in (here, *options.also):
                cases[f"no rules, {executable}"] = (executable, empty, Path(folder))
            medians = alternate(cases, options.runs)
        finally:
            variant.unlink()
    shortest = min(medians.values())
    for name, seconds in medians.items():
        print(f"{seconds:6.2f} s, {seconds / shortest:5.2f} times the shortest: {name}")


if __name__ == "__main__":
    main()
