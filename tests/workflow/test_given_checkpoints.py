"""A real run of a study whose solutions are checkpoints that plain PyTorch trained, as a stranger saved them."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from checkouts import Checkout, copy_project
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn

from ramble.store.artifacts import read_table
from ramble.store.tensors import read_tensors

pytestmark = pytest.mark.slow

RAW = Path(os.environ.get("RAMBLE_DATA_ROOT", "data")) / "MNIST" / "raw"
PARAMETERS = """\
seed: 1
device: cpu
paper: [mine]
studies:
  mine:
    kind: paths
    threads: 1
    data: {path: ramble.problems.mnist.mnist_images, arguments: {data_root: data, train: 100, test: 200}}
    problem: {path: ramble.problems.lenet.LeNet5Problem, arguments: {input_mean: 0.1307, input_std: 0.3081}}
    solutions: {files: [a.pt, b.safetensors]}
    trackers:
      line: {points: 5, resolution: 0.5}
      guarded: {max_bends: 3, max_rounds: 20, stored_points: 11, resolution: 0.125}
    spectra: {engine: krylov, trackers: [guarded], points: 2, top: 2, budget: 100, trace_samples: 2}
figures:
  given: {kind: losses, study: mine, tracker: guarded}
"""


class LeNet(nn.Module):
    """LeNet5 of a stranger, under the usual names."""

    def __init__(self, hidden: int = 84) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, hidden), nn.Linear(hidden, 10)

    def forward(self, images: Tensor) -> Tensor:
        pooled = nn.functional.max_pool2d(torch.relu(self.conv1(images)), 2)
        pooled = nn.functional.max_pool2d(torch.relu(self.conv2(pooled)), 2)
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(pooled.flatten(1))))))


def raw(name: str, offset: int, count: int) -> NDArray[np.uint8]:
    with gzip.open(RAW / f"train-{name}.gz") as file:
        return np.frombuffer(file.read(offset + count), np.uint8, offset=offset)


def trained(seed: int) -> tuple[LeNet, torch.optim.Adam]:
    """A network that Adam trained on the first 100 images of MNIST to zero errors."""
    pixels = torch.from_numpy(raw("images-idx3-ubyte", 16, 100 * 784).copy()).view(100, 1, 28, 28)
    images = (pixels.float() / 255 - 0.1307) / 0.3081
    labels = torch.from_numpy(raw("labels-idx1-ubyte", 8, 100).astype(np.int64))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = LeNet()
    adam = torch.optim.Adam(network.parameters(), 2e-3)
    for _ in range(120):
        adam.zero_grad()
        nn.functional.cross_entropy(network(images), labels).backward()  # type: ignore[no-untyped-call]
        adam.step()
    assert torch.equal(network(images).argmax(1), labels)
    return network, adam


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy of the project with both checkpoints and parameters for them."""
    checkout = copy_project(tmp_path_factory.mktemp("given") / "ramble")
    (first, adam), (second, _) = trained(0), trained(1)
    wrapped = nn.DataParallel(first).state_dict()  # names begin with module.
    torch.save({"epoch": 120, "state_dict": wrapped, "optimizer": adam.state_dict()}, checkout.root / "a.pt")
    save_file(second.state_dict(), checkout.root / "b.safetensors")
    torch.save(second.state_dict(), checkout.root / "again.pt")
    torch.save(LeNet(hidden=80).state_dict(), checkout.root / "other.pt")
    (checkout.root / "mine.yaml").write_text(PARAMETERS)
    return checkout


def call(checkout: Checkout, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=checkout.root, env=checkout.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def made(checkout: Checkout, target: str) -> subprocess.CompletedProcess[str]:
    options = ["--cores", "2", "--configfile", "mine.yaml", "--replace-workflow-config", "--", target]
    return call(checkout, "snakemake", *options)


def test_checkpoints_of_others_go_through_the_whole_chain(project: Checkout) -> None:
    done = made(project, "mine")
    assert done.returncode == 0, done.stdout + done.stderr
    results = project.root / "results"
    state, header = read_tensors(results / "mine/solutions/0-0.safetensors")
    given = torch.load(project.root / "a.pt", weights_only=True)["state_dict"]
    assert all(torch.equal(value, given[f"module.{name}"]) for name, value in state.items())
    assert (header["train_errors"], header["steps"]) == ("0", "0")
    path, header = read_tensors(results / "mine/paths/guarded/0-0-1.safetensors")
    profile = read_table(results / "mine/profile/guarded/0-0-1.csv")
    assert len(profile) == len(path["points"])
    assert profile.train_errors.iloc[[0, -1]].tolist() == [0, 0]
    arrived = header["status"] == "arrived"  # so few rounds may not do: Adam left other networks than plain descent
    assert not arrived or (profile.train_errors == 0).all()
    assert len(read_table(results / "mine/spectra/guarded/0-0-1.csv")) == 2
    assert all((results / f"figures/given.{suffix}").stat().st_size > 5000 for suffix in ("svg", "png", "pdf"))
    verified = call(
        project, "ramble", "verify", "results/mine/paths/guarded/0-0-1.safetensors", "--params", "mine.yaml"
    )
    assert verified.returncode == int(not arrived), verified.stdout + verified.stderr
    assert "compared: data (100 inputs), both ends" in verified.stdout


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("missing.pt", "studies.mine.solutions.files: missing.pt is missing; name a checkpoint that is there"),
        ("other.pt", "other.pt: "),
        ("again.pt", "again.pt and b.safetensors hold the same weights; give two."),
    ],
)
def test_files_that_are_no_pair_of_solutions_end_with_a_sentence(project: Checkout, file: str, says: str) -> None:
    text = PARAMETERS.replace("a.pt, b.safetensors", f"b.safetensors, {file}")
    (project.root / "mine.yaml").write_text(text)
    done = made(project, "results/mine/pairs.csv")
    assert done.returncode != 0
    told = done.stdout + done.stderr
    assert says in told, told
    assert "Traceback" not in told
