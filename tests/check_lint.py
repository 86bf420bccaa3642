"""Run what no linter has: two tests with one file name, and `snakemake --lint` with one finding allowed."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

ALLOWED = "Specify a conda environment or container for each rule."  # this project's environment is requirements.lock


def findings() -> list[str]:
    """Return all other findings of `snakemake --lint`."""
    command = [sys.executable, "-m", "snakemake", "--lint"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    text = done.stdout + done.stderr
    assert "rror in file" not in text, text
    return [line for line in text.splitlines() if line.lstrip().startswith("* ") and ALLOWED not in line]


def names_given_twice() -> list[str]:
    """Return the file names that two tests have: pytest imports them as modules of one name and collects only one."""
    counts = Counter(path.name for path in Path(__file__).parent.rglob("test_*.py"))
    return [f"* two tests are named {name}; rename one" for name, count in counts.items() if count > 1]


if __name__ == "__main__":
    sys.exit("\n".join(names_given_twice() + findings()) or 0)
