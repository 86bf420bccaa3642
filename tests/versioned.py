"""A small project under git and DVC, with tests/small.yaml laid over its params.yaml for good."""

import subprocess
import sys
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import yaml
from checkouts import Checkout, copy_project

BIN = Path(sys.executable).parent
ROLES = ("AUTHOR", "COMMITTER")


@dataclass(frozen=True)
class Versioned(Checkout):
    """A checkout whose params.yaml is small, under git and DVC."""

    @property
    def environment(self) -> dict[str, str]:
        # the shells of DVC and make find these commands, and git needs somebody who commits
        path = f"{BIN}:{super().environment['PATH']}"
        person = {f"GIT_{role}_{what}": "test@example.org" for role in ROLES for what in ("NAME", "EMAIL")}
        return super().environment | person | {"PATH": path, "OMP_NUM_THREADS": "1"}

    def command(self, *targets: str, dry: bool = False) -> list[str]:
        return [sys.executable, "-m", "snakemake", "--cores", "2", *["--dry-run"] * dry, "--", *targets]

    def call(self, *command: str, check: bool = True) -> str:
        """Run a command as the user would type it; return all that it printed."""
        done = subprocess.run(
            command, cwd=self.root, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stdout
        return done.stdout

    def fails(self, *command: str) -> str:
        """Run a command that must fail; return all that it printed."""
        done = subprocess.run(
            command, cwd=self.root, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode != 0, done.stdout
        return done.stdout

    def commit(self, message: str) -> None:
        self.call("git", "add", "--all")
        self.call("git", "commit", "--quiet", "--message", message)


def small_project(folder: Path) -> Versioned:
    """Return the project with small parameters, committed; nothing has run."""
    project = Versioned(copy_project(folder).root)
    files = [project.root / name for name in ("params.yaml", "tests/small.yaml", "tests/tiny.yaml")]
    parameters = reduce(laid_over, (yaml.safe_load(file.read_text()) for file in files))
    files[0].write_text(yaml.safe_dump(parameters, sort_keys=False))
    project.edit("profiles/default/config.yaml", "cores: all", "cores: 2")
    project.call("snakemake", "--force", "--", "dvc_yaml")
    project.call("git", "init", "--quiet", "--initial-branch", "main")
    project.commit("Small parameters")
    return project


def laid_over(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    """Return what snakemake makes of two configuration files, without the keys that the second one sets to null."""
    merged = dict(base)
    for key, value in top.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = laid_over(base[key], value) if both else value
    return {key: value for key, value in merged.items() if value is not None}
