"""A real run of what a study may ask for beside its spectra: those of single layers, and eigenvectors."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse.linalg
import torch
from checkouts import copy_project
from torch import Tensor, nn

from ramble.store.artifacts import read_table
from ramble.store.tensors import read_tensors

pytestmark = pytest.mark.slow

OVERLAY = """\
studies:
  mnist100:
    spectra:
      top: 2
      budget: 300
      layers: {tracker: line, points: 2, groups: [conv1, fc3.bias]}
      eigenvectors: {tracker: line, points: 2, top: 2}
"""
PLACE = "line/0-0-1"
PRINTED = 5e-9  # tables have nine digits


class LeNet(nn.Module):
    """LeNet5, written out once more."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, images: Tensor) -> Tensor:
        pooled = nn.functional.max_pool2d(torch.relu(self.conv1(images)), 2)
        pooled = nn.functional.max_pool2d(torch.relu(self.conv2(pooled)), 2)
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(pooled.flatten(1))))))


class Loss:
    """The mean loss of a study's training images in float64, as a function of some of the weights; all by autograd."""

    def __init__(self, results: Path, point: int) -> None:
        path, _ = read_tensors(results / f"paths/{PLACE}.safetensors")
        data, _ = read_tensors(results / "data/0.safetensors")
        _, header = read_tensors(results / "solutions/0-0.safetensors")
        mean, std = float(header["input_mean"]), float(header["input_std"])
        pixels, self.labels = data["train_images"].float() / 255, data["train_labels"].long()
        self.images = ((pixels - mean) / std).double().reshape(-1, 1, 28, 28)
        self.network = LeNet().double()
        nn.utils.vector_to_parameters(path["points"][point].double(), self.network.parameters())

    def hessian(self, *names: str) -> Tensor:
        """The Hessian in the weights of these tensors, all of it."""
        state = dict(self.network.named_parameters())
        own = torch.cat([state[name].detach().flatten() for name in names])

        def loss(flat: Tensor) -> Tensor:
            parts = torch.split(flat, [state[name].numel() for name in names])
            inserted = {name: part.view_as(state[name]) for name, part in zip(names, parts, strict=True)}
            logits = torch.func.functional_call(self.network, {**state, **inserted}, (self.images,))
            return nn.functional.cross_entropy(logits, self.labels)

        return torch.autograd.functional.hessian(loss, own)

    def product(self, vector: Tensor) -> Tensor:
        weights = list(self.network.parameters())
        loss = nn.functional.cross_entropy(self.network(self.images), self.labels)
        slopes = torch.cat([part.flatten() for part in torch.autograd.grad(loss, weights, create_graph=True)])
        return torch.cat([part.flatten() for part in torch.autograd.grad(slopes @ vector, weights)])


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a real run makes of the files that only this test asks for."""
    checkout = copy_project(tmp_path_factory.mktemp("parts") / "ramble")
    (checkout.root / "parts.yaml").write_text(OVERLAY)
    files = [f"results/mnist100/{part}/{PLACE}.csv" for part in ("layers", "eigenvectors")]
    options = ["--cores", "2", "--configfile", "tests/small.yaml", "parts.yaml", "--", *files]
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *options],
        cwd=checkout.root, env=checkout.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert not list((checkout.root / "results").rglob(".*")), "finished jobs leave no state behind"
    return checkout.root / "results/mnist100"


def test_spectra_of_layers_are_those_of_their_dense_blocks(results: Path) -> None:
    table = read_table(results / f"layers/{PLACE}.csv")
    assert table.group.tolist() == ["conv1", "fc3.bias"] * 2
    assert table.weights.tolist() == [156, 10] * 2
    assert table.point.tolist() == [0, 0, 10, 10]
    for point, rows in table.groupby("point"):
        loss = Loss(results, int(point))
        for row, names in zip(rows.itertuples(), (["conv1.weight", "conv1.bias"], ["fc3.bias"]), strict=True):
            dense = torch.linalg.eigvalsh(loss.hessian(*names)).numpy()
            largest = np.sort(dense[np.argsort(-np.abs(dense))[:2]])[::-1]
            assert abs(row.eig_1 - largest[0]) <= row.error_1
            assert abs(row.eig_2 - largest[1]) <= row.error_2
            assert abs(row.most_negative - dense[0]) <= row.most_negative_error
            assert row.converged == 1


def test_eigenvectors_are_orthonormal_and_what_is_said_of_them_is_true(results: Path) -> None:
    table = read_table(results / f"eigenvectors/{PLACE}.csv")
    tensors, header = read_tensors(results / f"eigenvectors/{PLACE}.safetensors")
    assert (header["points"], table.point.tolist()) == ("[0, 10]", [0, 10])
    names = [name for name, _ in LeNet().named_parameters()]
    assert sorted(names) == sorted(tensors)
    vectors = torch.cat([tensors[name].double().flatten(2) for name in names], 2)
    for number, row in enumerate(table.itertuples()):
        loss, own = Loss(results, int(row.point)), vectors[number]
        assert torch.allclose(own @ own.T, torch.eye(2, dtype=torch.float64), rtol=0, atol=1e-6)
        dense = scipy.sparse.linalg.LinearOperator(
            (own.shape[1],) * 2, dtype=np.float64, matvec=lambda v, loss=loss: loss.product(torch.from_numpy(v)).numpy()
        )
        values, exact = scipy.sparse.linalg.eigsh(dense, k=2, which="LM", v0=own.sum(0).numpy(), tol=1e-10)
        for i, (value, error, residual, angle) in enumerate(
            ((row.eig_1, row.error_1, row.vector_residual_1, row.angle_1),
             (row.eig_2, row.error_2, row.vector_residual_2, row.angle_2))
        ):  # fmt: skip
            assert float((loss.product(own[i]) - value * own[i]).norm()) <= residual
            assert abs(values[1 - i] - value) <= error + PRINTED * value
            cosine = min(1.0, abs(float(own[i] @ torch.from_numpy(exact[:, 1 - i].copy()))) / float(own[i].norm()))
            assert np.arccos(cosine) <= angle + 1e-6
            assert residual < 0.01 * value
            assert angle < 0.1
        assert row.converged == 1
