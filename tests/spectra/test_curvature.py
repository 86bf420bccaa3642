"""Hessian and Gauss-Newton products, densities and counts, against dense matrices in float64."""

from functools import cache

import numpy as np
import pytest
import torch
from small_problems import SmoothNetwork, SmoothProblem, plain_smooth_loss, small_lenet, smooth_problem
from torch import Tensor, nn

from ramble.errors import RambleError
from ramble.problems.network import NetworkProblem
from ramble.problems.seeds import generator
from ramble.spectra.counts import counts_above
from ramble.spectra.density import DensityEngine
from ramble.spectra.gauss_newton import GaussNewtonEngine
from ramble.spectra.products import Curvature, random_signs
from ramble.spectra.pyhessian import PyHessianEngine
from ramble.spectra.settings import DensitySettings, GaussNewtonSettings, PyHessianSettings

PROBLEM = smooth_problem(seed=3)


@cache
def weights() -> Tensor:
    return PROBLEM.initial_weights(torch.Generator().manual_seed(5)).double()


@cache
def dense_hessian() -> Tensor:
    return torch.func.jacrev(torch.func.jacrev(plain_smooth_loss))(weights(), PROBLEM)


@cache
def dense_gauss_newton() -> Tensor:
    """The definition: mean of J^T (diag p - p p^T) J, with the Jacobian J of all logits."""
    inputs, _ = PROBLEM.data("train")
    network = PROBLEM.network(weights())

    def logits(flat: Tensor) -> Tensor:
        return torch.func.functional_call(network, PROBLEM.unflatten(flat), (inputs.double(),))

    jacobian = torch.func.jacrev(logits)(weights())  # (M, C, P)
    shares = logits(weights()).detach().softmax(1)
    inner = torch.diag_embed(shares) - shares.unsqueeze(2) * shares.unsqueeze(1)
    return torch.einsum("mcp,mcd,mdq->pq", jacobian, inner, jacobian) / len(inputs)


def columns(product) -> Tensor:
    return torch.stack([product(row) for row in torch.eye(31, dtype=torch.float64)], 1)


@pytest.mark.parametrize("batch", [100, 5, 1], ids=["one graph", "minibatches", "single inputs"])
def test_products_are_those_of_the_dense_matrices(batch):
    curvature = Curvature(PROBLEM, weights(), "x", batch)
    assert torch.allclose(columns(curvature.hessian()), dense_hessian(), atol=1e-12)
    assert torch.allclose(columns(curvature.gauss_newton()), dense_gauss_newton(), atol=1e-12)


class CrampedNetwork(SmoothNetwork):
    """Has memory for so many inputs at a time."""

    room = 5

    def forward(self, inputs: Tensor) -> Tensor:
        if len(inputs) > self.room:
            raise torch.OutOfMemoryError
        return super().forward(inputs)


class CrampedProblem(SmoothProblem):
    def build_network(self) -> nn.Module:
        return CrampedNetwork()


def test_minibatches_too_large_for_the_memory_are_named(monkeypatch):
    problem = CrampedProblem({split: PROBLEM.data(split) for split in PROBLEM.splits})
    sentence = r"s/0-0-1/7: the device has no memory for minibatches of 6 inputs; lower spectra\.batch"
    with pytest.raises(RambleError, match=sentence):
        Curvature(problem, weights(), "s/0-0-1/7", 6)
    fits = Curvature(problem, weights(), "x", 5)
    assert torch.allclose(fits.hessian()(torch.ones(31).double()), dense_hessian().sum(1), atol=1e-12)
    monkeypatch.setattr(CrampedNetwork, "room", 6)
    later = Curvature(problem, weights(), "s/0-0-1/7", 6)
    monkeypatch.setattr(CrampedNetwork, "room", 5)
    for product in (later.hessian(), later.gauss_newton()):
        with pytest.raises(RambleError, match=sentence):
            product(torch.ones(31).double())


def test_minibatches_do_not_change_products_of_lenet():
    problem = small_lenet()
    point = problem.initial_weights(torch.Generator().manual_seed(1)).double()
    vector = torch.randn(len(point), generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    whole, parts = (Curvature(problem, point, "x", batch) for batch in (100, 4))
    assert torch.allclose(whole.hessian()(vector), parts.hessian()(vector), rtol=1e-9, atol=1e-12)
    assert torch.allclose(whole.gauss_newton()(vector), parts.gauss_newton()(vector), rtol=1e-9, atol=1e-12)


def test_the_gauss_newton_part_is_positive_semi_definite_and_the_hessian_is_not():
    assert torch.linalg.eigvalsh(dense_gauss_newton())[0] > -1e-12
    assert torch.linalg.eigvalsh(dense_hessian())[0] < -1e-3


def test_the_row_of_the_gauss_newton_part():
    engine = GaussNewtonEngine(GaussNewtonSettings(top=3, tolerance=1e-5, budget=31, trace_samples=40, batch=5), seed=1)
    (row,) = engine.rows(PROBLEM, weights(), 0, "x").to_dict("records")
    values = torch.linalg.eigvalsh(dense_gauss_newton()).numpy()[::-1]
    assert [row["gn_1"], row["gn_2"], row["gn_3"]] == pytest.approx(values[:3], rel=1e-4)
    rest = torch.linalg.matrix_norm(dense_hessian() - dense_gauss_newton(), ord=2)
    assert row["rest_norm"] == pytest.approx(float(rest), rel=1e-4)
    assert all(abs(row[f"gn_{i}"] - values[i - 1]) <= row[f"gn_error_{i}"] for i in (1, 2, 3))
    assert abs(row["rest_norm"] - float(rest)) <= row["rest_error"] <= 1e-5 * float(rest)
    assert abs(row["gn_trace"] - values.sum()) < 5 * row["gn_trace_error"] + 1e-5
    assert row["converged"] == 1


def test_weyl_bounds_the_most_negative_eigenvalue():
    rest = torch.linalg.matrix_norm(dense_hessian() - dense_gauss_newton(), ord=2)
    assert -float(torch.linalg.eigvalsh(dense_hessian())[0]) <= float(rest)


@pytest.mark.parametrize("degree", [0, 1, 3, 7])
def test_the_quadrature_is_exact_up_to_twice_its_steps(degree):
    rows = DensityEngine(DensitySettings(probes=2, steps=4, batch=100), seed=1).rows(PROBLEM, weights(), 0, "x")
    rows = rows[rows.probe == rows.probe.min()]
    start = random_signs(31, generator(1, "density", "x")).double()
    expected = start @ torch.linalg.matrix_power(dense_hessian(), degree) @ start / 31
    assert (rows.weight * rows.node**degree).sum() == pytest.approx(float(expected), rel=1e-4)


def test_the_density_of_the_whole_space_is_that_of_the_dense_matrix():
    engine = DensityEngine(DensitySettings(probes=400, steps=31, batch=100), seed=1)
    rows = engine.rows(PROBLEM, weights(), 0, "x")
    values = torch.linalg.eigvalsh(dense_hessian()).numpy()
    places = (values[[3, 12, 25, 29]] + values[[4, 13, 26, 30]]) / 2
    counts = counts_above(rows, places, 31)
    expected = [(values > place).sum() for place in places]
    assert (np.abs(counts.mean - expected) < 4 * counts.error + 1e-6).all()
    assert counts.error.max() < 0.5
    traces = 31 * (rows.weight * rows.node).groupby(rows.probe).sum()
    assert abs(traces.mean() - values.sum()) < 4 * traces.std() / 20


def test_the_nodes_of_every_probe_reach_the_largest_eigenvalue():
    rows = DensityEngine(DensitySettings(probes=3, steps=31, batch=100), seed=1).rows(PROBLEM, weights(), 0, "x")
    largest = torch.linalg.eigvalsh(dense_hessian()).numpy()[-1]
    assert rows.groupby("probe").node.max().to_numpy() == pytest.approx([largest] * 3, rel=1e-4)


class Dropping(SmoothNetwork):
    """Drops half of its inputs, whatever mode it is in."""

    def forward(self, inputs: Tensor) -> Tensor:
        return super().forward(nn.functional.dropout(inputs, 0.5, training=True))


class DroppingProblem(SmoothProblem):
    """Random only where it is asked for a network of its own, which a look at the problem does not tell."""

    looked_at = False

    def network(self, weights: Tensor) -> nn.Module:
        network = super().network(weights)
        if self.looked_at:
            random = Dropping().to(weights.dtype)
            random.load_state_dict(network.state_dict())
            return random.eval()
        return network


class TrainingProblem(SmoothProblem):
    def network(self, weights: Tensor) -> nn.Module:
        return super().network(weights).train()


def on_the_same_data(kind: type[NetworkProblem]) -> NetworkProblem:
    return kind({"train": PROBLEM.data("train")})


def test_a_random_network():
    problem = on_the_same_data(DroppingProblem)
    problem.looked_at = True
    with pytest.raises(RambleError, match="s/0-0-1/2: two evaluations of the loss differ"):
        Curvature(problem, weights(), "s/0-0-1/2", 100)


def test_a_network_in_training_mode():
    with pytest.raises(RambleError, match=r"s/0-0-1/2: the network is in training mode.*eval"):
        Curvature(on_the_same_data(TrainingProblem), weights(), "s/0-0-1/2", 100)


def test_engine_pyhessian_refuses_training_mode_before_it_runs():
    endless = PyHessianEngine(PyHessianSettings(top=3, iterations=10**9, tolerance=1e-300, trace_samples=2), seed=1)
    with pytest.raises(RambleError, match="s/0-0-1/2: the network is in training mode"):
        endless.spectrum(on_the_same_data(TrainingProblem), weights(), 0, "s/0-0-1/2")
