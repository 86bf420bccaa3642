"""What `pip install` gives somebody without the repository: a wheel, and the commands that work from it alone."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from checkouts import ROOT, copy_project

pytestmark = pytest.mark.slow

NETS = """
from torch import nn


def mlp():
    return nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 12), nn.ReLU(), nn.Linear(12, 3))
"""
DATA = """
import torch


def train():
    drawn = torch.Generator().manual_seed(5)
    return torch.randn(24, 6, generator=drawn), torch.randint(3, (24,), generator=drawn)
"""
TRAIN = """
import torch
from data import train
from nets import mlp

inputs, labels = train()
for seed, name in enumerate(("a.pt", "b.pt")):
    torch.manual_seed(seed)
    network = mlp()
    optimiser = torch.optim.Adam(network.parameters(), 0.02)
    for _ in range(400):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(network(inputs), labels).backward()
        optimiser.step()
    torch.save(network.state_dict(), name)
"""


@dataclass(frozen=True)
class Installed:
    """An environment that has the wheel and what it asks for, and a folder that is nobody's repository."""

    binaries: Path
    folder: Path

    def call(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        program, *arguments = command
        own = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [self.binaries / program, *arguments], cwd=self.folder, env=own, capture_output=True, text=True, check=False
        )
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done


def required(names: Iterator[str]) -> dict[str, Distribution]:
    """Return the distributions of some names and all that these ask for without extras, as they are installed here."""
    found: dict[str, Distribution] = {}
    waiting = list(names)
    while waiting:
        asked = waiting.pop()
        name = re.split(r"[ ;<>=!~\[(]", asked, maxsplit=1)[0]
        if name in found or "extra ==" in asked:
            continue
        try:
            found[name] = distribution(name)
        except ModuleNotFoundError:  # of another platform
            continue
        waiting += found[name].requires or []
    return found


def asked_by(wheel: Path) -> Iterator[str]:
    """Yield what a wheel asks for, extras left out."""
    unpacked = wheel.parent / "unpacked"
    shutil.unpack_archive(wheel, unpacked, "zip")
    (metadata,) = unpacked.glob("*.dist-info/METADATA")
    for line in metadata.read_text().splitlines():
        if line.startswith("Requires-Dist:") and "extra ==" not in line:
            yield line.removeprefix("Requires-Dist:").strip()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel, installed beside links to what it asks for and to nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    project = copy_project(folder / "source").root
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, project], check=True)
    (wheel,) = folder.glob("*.whl")
    assert wheel.name.startswith("ramble_paths-")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    (packages,) = (folder / "venv").glob("lib/*/site-packages")
    for asked in required(asked_by(wheel)).values():
        # a library's folder may be shared by several distributions
        tops = {Path(file).parts[0] for file in asked.files or () if Path(file).parts[0] not in ("..", "__pycache__")}
        for top in tops:
            if not (packages / top).exists():
                (packages / top).symlink_to(Path(str(asked.locate_file(top))))
    python = folder / "venv/bin/python"
    subprocess.run([*pip, "--python", python, "install", "--no-deps", "--no-index", wheel], check=True)
    for name, content in (("nets.py", NETS), ("data.py", DATA), ("train.py", TRAIN)):
        (folder / "own").mkdir(exist_ok=True)
        (folder / "own" / name).write_text(content)
    own = Installed(folder / "venv/bin", folder / "own")
    own.call("python", "train.py")
    return own


def test_environment_has_nothing_that_only_the_workflow_needs(installed: Installed) -> None:
    for name in ("snakemake", "dvc", "psutil", "torchvision", "plotly"):
        assert installed.call("python", "-c", f"import {name}", check=False).returncode == 1, name
    place = installed.call("python", "-c", "import ramble; print(ramble.__file__)").stdout
    assert "site-packages" in place
    assert str(ROOT) not in place


def test_two_checkpoints_are_joined_checked_and_measured_outside_of_the_repository(installed: Installed) -> None:
    joined = installed.call("ramble", "connect", "a.pt", "b.pt", "--network", "nets:mlp", "--data", "data:train")
    assert "joined          yes" in joined.stdout
    assert "certificate     sound" in joined.stdout
    file = "ramble-a-b/path.safetensors"
    assert installed.call("ramble", "verify", file).stdout.startswith("holds")
    table = installed.call("ramble", "spectrum", file, "--top", "3", "--points", "3").stdout.splitlines()
    assert table[0].split()[:5] == ["point", "t", "s", "eig_1", "eig_2"]
    assert len(table) == 5  # names, points, and where it was written
    assert "train_loss" in installed.call("ramble", "profile", file).stdout


def test_command_tells_the_version_of_the_wheel(installed: Installed) -> None:
    said = installed.call("ramble", "--version").stdout.split()
    assert said == ["ramble", installed.call("python", "-c", VERSION).stdout.strip()]


VERSION = "from importlib.metadata import version; print(version('ramble-paths'))"
