"""Run `snakemake --lint` and allow one finding: this project's environment is requirements.lock, not conda."""

import subprocess
import sys

ALLOWED = "Specify a conda environment or container for each rule."


def findings() -> list[str]:
    """Return all other findings."""
    command = [sys.executable, "-m", "snakemake", "--lint"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    text = done.stdout + done.stderr
    assert "rror in file" not in text, text
    return [line for line in text.splitlines() if line.lstrip().startswith("* ") and ALLOWED not in line]


if __name__ == "__main__":
    sys.exit("\n".join(findings()) or 0)
