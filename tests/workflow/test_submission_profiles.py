"""Profiles for clusters as far as a dry run goes, and the environments for containers as far as they can be read."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from checkouts import ROOT, Checkout
from loopback_slurm import PLUGINS

CONTAINERS = ROOT / "workflow/containers"
PACKAGE = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["slurm", "generic", "kubernetes"])
def test_a_dry_run_takes_the_profile(checkout: Checkout, name: str) -> None:
    if not (PLUGINS / name).is_dir():
        pytest.skip(f"no plugins in {PLUGINS}; 'make slurm' puts them there")
    environment = checkout.environment | {
        "PYTHONPATH": os.pathsep.join([str(checkout.root / "src"), str(PLUGINS / name)])
    }
    options = ["--dry-run", "--profile", f"workflow/profiles/{name}", "--configfile", "tests/small.yaml", "--", "tcm"]
    command = [sys.executable, "-m", "snakemake", *options]
    done = subprocess.run(command, cwd=checkout.root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^solutions_tcm +1$", done.stdout + done.stderr, re.MULTILINE)


@pytest.mark.parametrize(
    ("plugin", "options", "says"),
    [
        (False, [], "error: Snakemake's plugin for Slurm is not installed beside this Python"),
        (True, [], "error: there is no Slurm on this machine: its command 'sbatch' was not found"),
        (True, ["-n"], ""),
    ],
)
def test_what_is_missing_is_said_in_a_sentence(tmp_path: Path, plugin: bool, options: list[str], says: str) -> None:
    if plugin:
        (tmp_path / "snakemake_executor_plugin_slurm.py").touch()
    command = [sys.executable, str(ROOT / "workflow/submission.py"), *options]
    environment = {"PATH": str(tmp_path), "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (not says)
    assert done.stderr.startswith(says)


def test_both_environments_install_the_same_by_the_lock() -> None:
    file, definition = ((CONTAINERS / name).read_text() for name in ("Containerfile", "ramble.def"))
    for text in (file, definition):
        assert "--constraint /opt/ramble/requirements.lock" in text
        (extras,) = re.findall(r'"/opt/ramble\[(\S+)\]"', text)
        assert set(extras.split(",")) == {"workflow", "slurm"}  # without the first there is no Snakemake
        # the project that runs is the one beside the Snakefile
        assert re.search(rf"pip uninstall --yes {PACKAGE}\b", text)
    (base,) = re.findall(r"^ARG BASE=(\S+)$", file, re.MULTILINE)
    assert f"\nBootstrap: docker\nFrom: {base}\n" in definition
    copied = set(" ".join(re.findall(r"^COPY (.+) \S+$", file, re.MULTILINE)).split())
    assert copied == set(re.findall(r"^    (\S+) /opt/ramble/", definition, re.MULTILINE))
    kept = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")}
    assert copied == kept
    assert all((ROOT / name).exists() for name in copied)


def test_every_line_of_the_file_for_containers_is_an_instruction() -> None:
    text = re.sub(r"\\\n", " ", (CONTAINERS / "Containerfile").read_text())
    lines = [line.split()[0] for line in text.splitlines() if line and not line.startswith("#")]
    assert lines == ["ARG", "FROM", "ARG", "COPY", "COPY", "RUN", "ENV", "CMD"]
