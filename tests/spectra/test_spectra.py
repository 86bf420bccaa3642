"""Eigenvalues of the engines `exact` and `pyhessian` against dense matrices in float64; what every engine refuses."""

from functools import cache, partial

import numpy as np
import pytest
import torch
from small_problems import (
    QuadraticProblem,
    committee_on,
    pattern_sets,
    plain_committee_loss,
    plain_smooth_loss,
    small_lenet,
    smooth_problem,
)
from test_krylov import by_magnitude, clustered, symmetric

from ramble.errors import RambleError
from ramble.spectra.density import DensityEngine
from ramble.spectra.exact import ExactEngine
from ramble.spectra.gauss_newton import GaussNewtonEngine
from ramble.spectra.krylov import KrylovEngine
from ramble.spectra.pyhessian import PyHessianEngine
from ramble.spectra.settings import DensitySettings, GaussNewtonSettings, KrylovSettings, PyHessianSettings
from ramble.spectra.spectrum import Spectrum

PROBLEM = smooth_problem(seed=3)
COMMITTEE = committee_on(pattern_sets(0, 1, 8, 12))
ENGINE = PyHessianEngine(PyHessianSettings(top=3, iterations=2000, tolerance=1e-8, trace_samples=40), seed=7)
ENDLESS = PyHessianEngine(PyHessianSettings(top=3, iterations=10**9, tolerance=1e-300, trace_samples=2), seed=1)
BRIEF = PyHessianEngine(PyHessianSettings(top=3, iterations=2, tolerance=1e-3, trace_samples=2), seed=1)
KRYLOV = KrylovEngine(KrylovSettings(top=3, bottom=1, tolerance=1e-3, budget=31, trace_samples=2, batch=100), seed=1)
ON_NETWORKS = {
    "krylov": KRYLOV.spectrum,
    "pyhessian": ENDLESS.spectrum,
    "gauss_newton": GaussNewtonEngine(
        GaussNewtonSettings(top=3, tolerance=1e-3, budget=31, trace_samples=2, batch=100), seed=1
    ).rows,
    "density": DensityEngine(DensitySettings(probes=2, steps=4, batch=100), seed=1).rows,
}
ALL = ON_NETWORKS | {"exact": ExactEngine().spectrum}


@cache
def smooth_weights() -> torch.Tensor:
    """A point part of the way to a solution, so that the Hessian has eigenvalues of both signs."""
    weights = PROBLEM.initial_weights(torch.Generator().manual_seed(5)).unsqueeze(0)
    for _ in range(60):
        weights = weights - 0.3 * PROBLEM.gradients(weights, torch.tensor([0]))[1]
    return weights[0]


@cache
def dense_eigenvalues() -> np.ndarray:
    """Ascending."""
    derivative = torch.func.jacrev(torch.func.jacrev(plain_smooth_loss))
    return torch.linalg.eigvalsh(derivative(smooth_weights().double(), PROBLEM)).numpy()


@cache
def smooth_spectrum() -> Spectrum:
    return ENGINE.spectrum(PROBLEM, smooth_weights(), 0, "test/0-0-1/0")


@pytest.mark.parametrize("seed", range(5))
def test_exact_eigenvalues_are_those_of_the_dense_hessian(seed):
    sets = pattern_sets(seed, 2, 8, 12)
    problem = committee_on(sets, hidden=3, input_scale=0.6)
    weights = 0.6 * torch.randn(12, generator=torch.Generator().manual_seed(seed))
    found = ExactEngine().spectrum(problem, weights, 1, "unused")
    derivative = torch.func.jacrev(torch.func.jacrev(plain_committee_loss))
    expected = torch.linalg.eigvalsh(derivative(weights.double(), sets[1], 3, 0.6)).numpy()[::-1]
    assert np.allclose(found.eigenvalues, expected, rtol=1e-8, atol=1e-12)
    assert found.lowest[0] == found.eigenvalues[-1] > -1e-12
    assert found.trace == pytest.approx(expected.sum(), rel=1e-9)
    assert abs(found.trace - expected.sum()) <= found.trace_error < 1e-13
    assert np.abs(found.eigenvalues - expected).max() <= found.errors.max()
    assert found.errors.min() >= np.finfo(float).eps * expected[0]  # the zeros too
    assert found.residuals.shape == (12,)
    assert found.residuals.max() < 1e-12


def test_exact_eigenvalues_of_a_network_are_those_of_the_dense_hessian():
    found = ExactEngine().spectrum(PROBLEM, smooth_weights(), 0, "test")
    assert np.allclose(found.eigenvalues, dense_eigenvalues()[::-1], rtol=1e-9, atol=1e-14)
    assert found.lowest[0] == found.eigenvalues[-1] < 0
    assert found.lowest_errors[0] == found.errors[-1] < 1e-13


def test_exact_refuses_networks_whose_hessian_is_too_large():
    problem = small_lenet()
    with pytest.raises(RambleError, match=r"s/0-0-1/2: .* at most 5000 weights, .* 61706; take engine: krylov"):
        ExactEngine().spectrum(problem, torch.zeros(problem.n_weights), 0, "s/0-0-1/2")


def test_exact_refuses_a_problem_that_it_cannot_differentiate():
    with pytest.raises(RambleError, match="engine exact needs the method hessians or a NetworkProblem, and int"):
        ExactEngine().spectrum(3, torch.zeros(3), 0, "s/0-0-1/2")


@pytest.mark.parametrize("engine", ON_NETWORKS)
def test_other_engines_than_exact_refuse_what_is_no_network(engine):
    with pytest.raises(RambleError, match=r"s/0-0-1/2: .* NetworkProblem, which TreeCommittee is not; .*exact"):
        ON_NETWORKS[engine](COMMITTEE, torch.zeros(12), 0, "s/0-0-1/2")


@pytest.mark.parametrize("engine", ALL)
def test_every_engine_refuses_weights_that_are_not_finite(engine):
    broken = smooth_weights().clone()
    broken[3] = float("nan")
    with pytest.raises(RambleError, match="s/0-0-1/2: some weights are not finite"):
        ALL[engine](PROBLEM, broken, 0, "s/0-0-1/2")


def test_exact_refuses_a_committee_with_weights_that_are_not_finite():
    with pytest.raises(RambleError, match="s/0-0-1/2: some weights are not finite"):
        ExactEngine().spectrum(COMMITTEE, torch.full((12,), float("nan")), 0, "s/0-0-1/2")


def with_a_broken_matrix(network_with, weights):
    network = network_with(weights)
    network.matrix.fill_(float("nan"))
    return network


@pytest.mark.parametrize("engine", [BRIEF, KRYLOV, ExactEngine()], ids=["pyhessian", "krylov", "exact"])
def test_products_that_are_not_finite_name_their_point(engine, monkeypatch):
    problem = QuadraticProblem(torch.eye(4))
    monkeypatch.setattr(problem, "network", partial(with_a_broken_matrix, problem.network))
    with pytest.raises(RambleError, match="s/0-0-1/2: a product with the Hessian is not finite"):
        engine.spectrum(problem, torch.zeros(4), 0, "s/0-0-1/2")


def test_pyhessian_refuses_more_eigenvalues_than_weights():
    engine = PyHessianEngine(PyHessianSettings(top=35, iterations=10, tolerance=1e-3, trace_samples=2), seed=1)
    with pytest.raises(RambleError, match="s/0-0-1/2: top = 35 eigenvalues asked of a network with 31 weights"):
        engine.spectrum(PROBLEM, smooth_weights(), 0, "s/0-0-1/2")


def pyhessian_of(values: torch.Tensor, top: int, tolerance: float) -> Spectrum:
    engine = PyHessianEngine(PyHessianSettings(top=top, iterations=5000, tolerance=tolerance, trace_samples=2), seed=1)
    return engine.spectrum(QuadraticProblem(symmetric(values)), torch.zeros(len(values)), 0, "s/0-0-1/2")


@pytest.mark.parametrize("tolerance", [1e-3, 1e-4, 1e-5])
def test_pyhessian_comes_to_its_tolerance_where_eigenvalues_lie_apart(tolerance):
    found = pyhessian_of(clustered(), 8, tolerance)
    # a change of c between two iterations leaves an error of c r^2 / (1 - r^2), and ratios r are at most 0.87
    assert np.allclose(found.eigenvalues, by_magnitude(clustered().numpy(), 8), rtol=5 * tolerance)
    assert found.lowest[0] == pytest.approx(-0.5, rel=5e-2)


def test_pyhessian_stays_within_a_cluster_and_finds_negative_eigenvalues():
    found = pyhessian_of(clustered(), 20, 1e-5)
    expected = by_magnitude(clustered().numpy(), 20)
    assert found.eigenvalues[:8] == pytest.approx(expected[:8], rel=5e-5)
    assert found.eigenvalues[8:16] == pytest.approx(expected[8:16], abs=7e-4 + 5e-5)  # mixed: its width, no closer
    assert found.eigenvalues[16:] == pytest.approx(expected[16:], rel=2e-4)  # r = 0.97
    assert found.lowest[0] == found.eigenvalues[-1]


@pytest.mark.parametrize("top", [2, 6])
def test_the_most_negative_eigenvalue_may_belong_to_the_top(top):
    found = pyhessian_of(torch.tensor([3.0, -2.0, 1.0, 0.5, -0.1, 0.2]), top, 1e-6)
    assert found.lowest[0] == pytest.approx(-2.0, rel=1e-4)


@pytest.mark.parametrize(
    ("values", "why"), [(torch.zeros(6), "error -9"), (torch.logspace(-6, 6, 50), "No convergence")]
)
def test_a_failure_of_arpack_names_the_point(values, why):
    with pytest.raises(RambleError, match=rf"s/0-0-1/2: ARPACK did not find .*{why}.*; take engine: krylov"):
        pyhessian_of(values, 1, 1e-3)


def test_pyhessian_says_where_it_did_not_converge(caplog):
    assert not BRIEF.spectrum(PROBLEM, smooth_weights(), 0, "s/0-0-1/2").converged
    assert "s/0-0-1/2: PyHessian's eigenvalues not converged" in caplog.text


def test_the_dense_hessian_has_both_signs():
    values = dense_eigenvalues()
    assert values[-3] > 0 > values[0]


def test_top_eigenvalues():
    assert np.allclose(smooth_spectrum().eigenvalues, dense_eigenvalues()[::-1][:3], rtol=1e-2)


def test_most_negative_eigenvalue():
    assert smooth_spectrum().lowest[0] == pytest.approx(dense_eigenvalues()[0], rel=0.1)


def test_trace_is_within_its_error():
    found = smooth_spectrum()
    assert found.trace_error > 0
    assert abs(found.trace - dense_eigenvalues().sum()) < 5 * found.trace_error


@pytest.mark.parametrize("iterations", [1, 3, 10, 100])
def test_residuals_bound_the_distance_to_a_true_eigenvalue(iterations):
    engine = PyHessianEngine(PyHessianSettings(top=3, iterations=iterations, tolerance=1e-6, trace_samples=2), seed=1)
    found = engine.spectrum(PROBLEM, smooth_weights(), 0, "test")
    rounding = 1e-5
    for value, residual in zip(found.eigenvalues, found.residuals, strict=True):
        assert np.abs(dense_eigenvalues() - value).min() <= residual + rounding
    assert list(found.eigenvalues) == sorted(found.eigenvalues, reverse=True)


def test_the_same_label_gives_the_same_numbers():
    torch.rand(3)  # whatever was drawn before
    again = ENGINE.spectrum(PROBLEM, smooth_weights(), 0, "test/0-0-1/0")
    assert np.array_equal(again.eigenvalues, smooth_spectrum().eigenvalues)
    assert (again.trace, again.lowest[0]) == (smooth_spectrum().trace, smooth_spectrum().lowest[0])
    other = ENGINE.spectrum(PROBLEM, smooth_weights(), 0, "test/0-0-1/1")
    assert other.trace != again.trace


def test_the_global_generator_is_left_alone():
    before = torch.random.get_rng_state()
    ENGINE.spectrum(PROBLEM, smooth_weights(), 0, "test")
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_spectrum_is_one_row():
    found = Spectrum(
        np.array([2.0, 1.0]), np.array([0.1, 0.2]), np.array([0.01, 0.02]), np.array([-0.5, -0.4]),
        np.array([0.3, 0.6]), np.array([0.03, 0.06]), 2.5, 0.05, True,
    )  # fmt: skip
    assert found.columns == {
        "eig_1": 2.0, "eig_2": 1.0, "most_negative": -0.5, "most_negative_2": -0.4, "trace": 2.5, "trace_error": 0.05,
        "residual_1": 0.1, "residual_2": 0.2, "error_1": 0.01, "error_2": 0.02, "most_negative_residual": 0.3,
        "most_negative_2_residual": 0.6, "most_negative_error": 0.03, "most_negative_2_error": 0.06, "converged": 1,
    }  # fmt: skip
