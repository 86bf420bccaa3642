"""What a start of snakemake costs: a dry run of this project, the same with garbage looked for, and one of no rules.

All runs alternate. Executables of other environments are timed beside the one that is installed here: on the empty
workflow, and on this project's where they have what it imports.

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


def dry_run(executable: str, snakefile: Path, folder: Path) -> float | None:
    """Seconds that a dry run takes, or None where it fails."""
    command = [executable, "--dry-run", "--quiet", "all", "--snakefile", str(snakefile), "--directory", str(folder)]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=False)
    return time.perf_counter() - started if done.returncode == 0 else None


def without_care(snakefile: Path) -> str:
    """The project's Snakefile with the garbage collector left alone."""
    lines = snakefile.read_text().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(CARE)]
    assert len(kept) == len(lines) - len(CARE), "the Snakefile no longer says what this benchmark takes away"
    return "".join(kept)


def alternate(cases: dict[str, tuple[str, Path, Path]], runs: int) -> dict[str, float]:
    """Median seconds of each case {name: (executable, Snakefile, folder)}; those that cannot run are left out."""
    first = {name: dry_run(*case) for name, case in cases.items()}  # also warms the file cache
    able = [name for name, seconds in first.items() if seconds is not None]
    for name in cases.keys() - set(able):
        print(f"left out, does not run: {name}")
    taken: dict[str, list[float]] = {name: [] for name in able}
    for _ in range(runs):
        for name in able:
            seconds = dry_run(*cases[name])
            assert seconds is not None, f"failed the second time: {name}"
            taken[name].append(seconds)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--also", nargs="*", default=[], metavar="SNAKEMAKE")
    options = parser.parse_args()
    here = shutil.which("snakemake", path=Path(sys.executable).parent)
    assert here, "snakemake is not installed beside this Python"
    # includes are relative to the Snakefile, so that the variant must lie beside it
    with TemporaryDirectory() as folder:
        empty = Path(folder) / "Snakefile"
        empty.write_text(EMPTY)
        variant = PROJECT / "Snakefile.without-care"
        variant.write_text(without_care(PROJECT / "Snakefile"))
        try:
            cases = {"without the care": (here, variant, PROJECT)}
            for executable in (here, *options.also):
                cases[f"this project, {executable}"] = (executable, PROJECT / "Snakefile", PROJECT)
                cases[f"no rules, {executable}"] = (executable, empty, Path(folder))
            medians = alternate(cases, options.runs)
        finally:
            variant.unlink()
    ours = medians[f"this project, {here}"]
    for name, seconds in medians.items():
        print(f"{seconds:6.2f} s, {seconds / ours:5.2f} of a dry run of this project here: {name}")


if __name__ == "__main__":
    main()
