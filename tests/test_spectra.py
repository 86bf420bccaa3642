"""Eigenvalues of both engines against dense second derivatives in float64."""

from functools import cache

import numpy as np
import pytest
import torch
from small_problems import committee_on, pattern_sets, plain_committee_loss, plain_smooth_loss, smooth_problem

from ramble.artifacts import read_table, write_tensors
from ramble.contract.stored_paths import StoredPath
from ramble.spectra.exact import ExactEngine
from ramble.spectra.pyhessian import PyHessianEngine
from ramble.spectra.spectrum import Spectrum, table, write_spectra

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
    assert found.most_negative == found.eigenvalues[-1] > -1e-12
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
    assert smooth_spectrum().most_negative == pytest.approx(dense_eigenvalues()[0], rel=0.1)


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
    assert (again.trace, again.most_negative) == (smooth_spectrum().trace, smooth_spectrum().most_negative)
    other = ENGINE.spectrum(PROBLEM, smooth_weights(), 0, "test/0-0-1/1")
    assert other.trace != again.trace


def test_the_global_generator_is_left_alone():
    before = torch.random.get_rng_state()
    ENGINE.spectrum(PROBLEM, smooth_weights(), 0, "test")
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_table_has_one_row_a_point():
    spectrum = Spectrum(np.array([2.0, 1.0]), np.array([0.1, 0.2]), -0.5, 2.5, 0.01, 0.3, True)
    path = StoredPath("0-0-1", 0, torch.tensor([[0.0], [1.0], [4.0]]), torch.tensor([0.0, 0.1, 0.3]).double(), {})
    found = table(path, [0, 1], [spectrum, spectrum])
    assert list(found) == [
        "point", "t", "s", "eig_1", "eig_2", "most_negative", "trace", "trace_error", "residual_1", "residual_2",
        "most_negative_residual", "converged",
    ]  # fmt: skip
    assert found.iloc[1].tolist() == pytest.approx([1, 0.1, 0.25, 2.0, 1.0, -0.5, 2.5, 0.01, 0.1, 0.2, 0.3, 1])


class Recording:
    """An engine that remembers where it was asked."""

    def __init__(self) -> None:
        self.labels: list[str] = []

    def spectrum(self, problem: object, weights: torch.Tensor, dataset: int, label: str) -> Spectrum:
        self.labels.append(label)
        return Spectrum(np.array([1.0]), np.array([0.0]), 0.0, 1.0, 0.0, 0.0, True)


@pytest.mark.parametrize(("back", "points"), [(False, [0, 5, 10]), (True, [0, 6, 10])], ids=["t rises", "t falls"])
def test_points_are_even_in_t_where_it_rises_else_in_s(tmp_path, back, points):
    # equal steps but for one long one at the end: half the length is not half the way in t
    places = torch.tensor([*range(10), 12.0]).unsqueeze(1)
    t = torch.linspace(0, 1, 11, dtype=torch.float64)
    if back:
        t[1] = -0.5
    write_tensors(tmp_path / "0-0-1.safetensors", {"points": places, "t": t}, {})
    engine = Recording()
    write_spectra(engine, None, "s", 3, [str(tmp_path / "0-0-1.safetensors")], [str(tmp_path / "out.csv")])
    assert engine.labels == [f"s/0-0-1/{point}" for point in points]
    assert read_table(tmp_path / "out.csv").point.tolist() == points
