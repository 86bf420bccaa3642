"""Copies of the project in which a test may change anything."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Checkout:
    """A copy of the project's files in which a test may change anything."""

    root: Path

    def run(self, *targets: str, dry: bool = False, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the real snakemake in the copy, with the copy's own package."""
        command = self.command(*targets, dry=dry)
        done = subprocess.run(command, cwd=self.root, env=self.environment, capture_output=True, text=True, check=False)
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done

    def command(self, *targets: str, dry: bool = False) -> Sequence[str]:
        options = ["--cores", "2", "--configfile", "tests/small.yaml", *["--dry-run"] * dry]
        return [sys.executable, "-m", "snakemake", *options, "--", *targets]

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"PYTHONPATH": str(self.root / "src")}

    def planned(self, *targets: str) -> dict[str, int]:
        """Return how many jobs of each rule a dry run lists."""
        done = self.run(*targets, dry=True)
        lines = (done.stdout + done.stderr).partition("Job stats:")[2].partition("\n\n")[0].splitlines()
        rows = [line.split() for line in lines if line and not line.startswith(("job ", "---"))]
        return {name: int(count) for name, count in rows if name != "total"}

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.root / file
        text = path.read_text()
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new))

    def files(self, folder: str = "results") -> set[str]:
        return {str(path.relative_to(self.root)) for path in (self.root / folder).rglob("*") if path.is_file()}


def copy_project(target: Path) -> Checkout:
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    for name in tracked:
        source = ROOT / name
        if source.is_file() or source.is_symlink():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name, follow_symlinks=False)
    return Checkout(target)
