"""Eigenvalues of both engines against dense second derivatives in float64."""

from functools import cache

import numpy as np
import pytest
import torch
from small_problems import committee_on, pattern_sets, plain_committee_loss, plain_smooth_loss, smooth_problem

from ramble.spectra.exact import ExactEngine
from ramble.spectra.pyhessian import PyHessianEngine
from ramble.spectra.spectrum import Spectrum

PROBLEM = smooth_problem(seed=3)
ENGINE = PyHessianEngine(top=3, iterations=2000, tolerance=1e-8, trace_samples=40, seed=7)


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
    assert found.trace_error == 0.0
    assert found.residuals.shape == (12,)
    assert found.residuals.max() < 1e-12


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
    engine = PyHessianEngine(top=3, iterations=iterations, tolerance=1e-6, trace_samples=2, seed=1)
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
        np.array([0.3, 0.6]), 2.5, 0.05, True,
    )  # fmt: skip
    assert found.columns == {
        "eig_1": 2.0, "eig_2": 1.0, "most_negative": -0.5, "most_negative_2": -0.4, "trace": 2.5, "trace_error": 0.05,
        "residual_1": 0.1, "residual_2": 0.2, "error_1": 0.01, "error_2": 0.02, "most_negative_residual": 0.3,
        "most_negative_2_residual": 0.6, "converged": 1,
    }  # fmt: skip
