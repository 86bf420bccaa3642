"""A small project under git and DVC, with tests/small.yaml laid over its params.yaml for good."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from checkouts import Checkout, copy_project

from ramble.parameters.yaml_file import read_merged

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
    parameters = without_nulls(read_merged(files))
    files[0].write_text(yaml.safe_dump(parameters, sort_keys=False))
    project.edit("profiles/default/config.yaml", "cores: all", "cores: 2")
    project.call("snakemake", "--force", "--", "dvc_yaml")
    project.call("git", "init", "--quiet", "--initial-branch", "main")
    project.commit("Small parameters")
    return project


def without_nulls(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return parameters without the keys that are null, at any depth: DVC is to watch none of them."""
    kept = {key: value for key, value in parameters.items() if value is not None}
    return {key: without_nulls(value) if isinstance(value, dict) else value for key, value in kept.items()}
