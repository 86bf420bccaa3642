"""Lanczos against dense eigenvalues in float64, of small networks and of matrices made to be awkward."""

from functools import cache

import numpy as np
import pytest
import torch
from small_points import stored_path
from small_problems import plain_smooth_loss, smooth_problem

from ramble.errors import RambleError
from ramble.spectra.ends import Ends, lanczos_ends
from ramble.spectra.krylov import KrylovEngine
from ramble.spectra.pyhessian import PyHessianEngine
from ramble.spectra.reference import differences, write_reference
from ramble.spectra.settings import KrylovSettings, PyHessianSettings
from ramble.spectra.spectrum import Spectrum
from ramble.store.artifacts import read_table
from ramble.store.points import write_points

PROBLEM = smooth_problem(seed=3)
ENGINE = KrylovEngine(KrylovSettings(top=3, bottom=1, tolerance=1e-5, budget=31, trace_samples=40, batch=100), seed=7)
LABEL = "test/0-0-1/0"


@cache
def weights(seed: int = 5) -> torch.Tensor:
    """A point part of the way to a solution, so that the Hessian has eigenvalues of both signs."""
    found = PROBLEM.initial_weights(torch.Generator().manual_seed(seed)).unsqueeze(0)
    for _ in range(60):
        found = found - 0.3 * PROBLEM.gradients(found, torch.tensor([0]))[1]
    return found[0]


@cache
def dense_hessian(seed: int = 5) -> torch.Tensor:
    derivative = torch.func.jacrev(torch.func.jacrev(plain_smooth_loss))
    return derivative(weights(seed).double(), PROBLEM)


def by_magnitude(values: np.ndarray, count: int) -> np.ndarray:
    return np.sort(values[np.argsort(np.abs(values))[-count:]])[::-1]


def symmetric(values: torch.Tensor, seed: int = 0) -> torch.Tensor:
    """A full matrix with these eigenvalues."""
    random = torch.Generator().manual_seed(seed)
    frame, _ = torch.linalg.qr(torch.randn(len(values), len(values), generator=random, dtype=torch.float64))
    return frame @ torch.diag(values.double()) @ frame.T


def ends_of(
    matrix: torch.Tensor, top: int, tolerance: float = 1e-6, budget: int = 200, seed: int = 1, bottom: int = 1
) -> Ends:
    random = torch.Generator().manual_seed(seed)
    start = torch.randn(len(matrix), generator=random, dtype=matrix.dtype)
    return lanczos_ends(lambda vector: matrix @ vector, start, top, bottom, tolerance, budget, random)


def clustered() -> torch.Tensor:
    """200 eigenvalues: a top that stands out, a cluster across the edge of the top 12, a bulk, a negative end."""
    cluster = 1.0 + 1e-4 * torch.arange(8)
    bulk = torch.linspace(-0.05, 0.05, 180)
    return torch.cat([torch.linspace(20, 2, 8), cluster, bulk, torch.tensor([-0.3, -0.31, -0.4, -0.5])])


@pytest.mark.parametrize("seed", [5, 6, 7])
@pytest.mark.parametrize("top", [1, 3, 10])
def test_the_top_and_the_most_negative_eigenvalue_of_a_network(top, seed):
    engine = KrylovEngine(
        KrylovSettings(top=top, bottom=1, tolerance=1e-3, budget=31, trace_samples=2, batch=100), seed=1
    )
    found = engine.spectrum(PROBLEM, weights(seed), 0, LABEL)
    values = torch.linalg.eigvalsh(dense_hessian(seed)).numpy()
    expected = by_magnitude(values, top)
    assert found.converged
    assert np.allclose(found.eigenvalues, expected, rtol=1e-3)
    assert found.lowest[0] == pytest.approx(values[0], abs=1e-3 * np.abs(expected).min())


@pytest.mark.parametrize("seed", [5, 6, 7])
@pytest.mark.parametrize("tolerance", [1e-3, 1e-8], ids=["float32", "float64"])
def test_error_bars_hold_the_true_eigenvalues(tolerance, seed):
    engine = KrylovEngine(
        KrylovSettings(top=4, bottom=2, tolerance=tolerance, budget=31, trace_samples=2, batch=5), seed=1
    )
    found = engine.spectrum(PROBLEM, weights(seed), 0, LABEL)
    values = torch.linalg.eigvalsh(dense_hessian(seed)).numpy()
    assert (np.abs(found.eigenvalues - by_magnitude(values, 4)) <= found.errors).all()
    assert found.errors.max() <= 2 * tolerance * np.abs(found.eigenvalues).max()
    assert (np.abs(found.lowest - values[:2]) <= found.lowest_errors).all()
    assert np.allclose(found.lowest, values[:2], atol=2 * tolerance * np.abs(found.eigenvalues).min())
    assert found.lowest_errors.max() <= 2 * tolerance * np.abs(found.eigenvalues).max()


@pytest.mark.parametrize("top", [5, 12, 20])
@pytest.mark.parametrize("tolerance", [1e-5, 1e-6, 1e-8])  # finer than the cluster
def test_clustered_and_negative_eigenvalues_of_a_matrix(top, tolerance):
    found = ends_of(symmetric(clustered()), top, tolerance)
    expected = by_magnitude(clustered().double().numpy(), top)
    assert found.converged
    assert np.abs(found.top - expected).max() <= tolerance * np.abs(expected).min()
    assert found.lowest[0] == pytest.approx(-0.5, abs=tolerance * np.abs(expected).min())


def test_negative_eigenvalues_belong_to_the_top_by_magnitude():
    found = ends_of(symmetric(torch.tensor([3.0, -2.0, 1.0, 0.5, -0.1, 0.2])), 2)
    assert found.top.tolist() == pytest.approx([3.0, -2.0])
    assert found.lowest[0] == pytest.approx(-2.0)


def test_residuals_are_those_of_the_returned_pairs():
    matrix = symmetric(clustered())
    found = ends_of(matrix, 12, 1e-2)
    vectors, values = found.top_vectors, torch.tensor(found.top)
    assert torch.allclose(vectors.T @ vectors, torch.eye(12, dtype=torch.float64), atol=1e-10)
    recomputed = (matrix @ vectors - vectors * values).norm(dim=0).numpy()
    assert recomputed.max() > 1e-6  # not all of them rounding
    assert np.allclose(found.top_residuals, recomputed, rtol=1e-6, atol=1e-12)


def test_residuals_bound_the_distance_to_a_true_eigenvalue():
    engine = KrylovEngine(KrylovSettings(top=3, bottom=1, tolerance=1e-6, budget=6, trace_samples=2, batch=100), seed=1)
    found = engine.spectrum(PROBLEM, weights(), 0, LABEL)
    values = torch.linalg.eigvalsh(dense_hessian()).numpy()
    for value, residual in zip(found.eigenvalues, found.residuals, strict=True):
        assert np.abs(values - value).min() <= residual + 1e-5
    assert np.abs(values - found.lowest[0]).min() <= found.lowest_residuals[0] + 1e-5


def test_all_products_of_a_budget_are_not_enough(caplog):
    short = ends_of(symmetric(clustered()), 12, 1e-6, budget=20)
    assert not short.converged
    assert short.products == 20
    assert short.top_residuals.max() > 1e-6
    engine = KrylovEngine(KrylovSettings(top=3, bottom=1, tolerance=1e-6, budget=5, trace_samples=2, batch=100), seed=1)
    assert not engine.spectrum(PROBLEM, weights(), 0, LABEL).converged
    assert f"{LABEL}: eigenvalues not converged after 5 products" in caplog.text


def test_an_invariant_space_does_not_end_the_search():
    matrix = torch.diag(torch.tensor([2.0, 1.0, 0.0, 0.0, 0.0], dtype=torch.float64))
    start = torch.tensor([1.0, 0, 0, 0, 0], dtype=torch.float64)
    found = lanczos_ends(lambda v: matrix @ v, start, 2, 1, 1e-6, 5, torch.Generator().manual_seed(0))
    assert found.top.tolist() == pytest.approx([2.0, 1.0])
    assert found.converged


def test_the_whole_space_is_always_converged():
    found = ends_of(symmetric(torch.tensor([1.0, 1.0, 1.0, -1.0])), 4)
    assert found.top.tolist() == pytest.approx([1.0, 1.0, 1.0, -1.0])
    assert found.converged
    assert found.trace == pytest.approx(2.0)


def test_the_zero_operator():
    found = ends_of(torch.zeros(6, 6, dtype=torch.float64), 2)
    assert found.top.tolist() == [0.0, 0.0]
    assert found.converged


def test_more_eigenvalues_than_weights():
    engine = KrylovEngine(
        KrylovSettings(top=32, bottom=1, tolerance=1e-3, budget=100, trace_samples=2, batch=100), seed=1
    )
    with pytest.raises(RambleError, match="top = 32 and bottom = 1 eigenvalues asked of a 31 x 31 matrix"):
        engine.spectrum(PROBLEM, weights(), 0, LABEL)


def test_more_eigenvalues_than_products():
    with pytest.raises(RambleError, match="budget = 4 products are too few for top = 5 and bottom = 1"):
        ends_of(symmetric(clustered()), 5, budget=4)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite(value):
    broken = weights().clone()
    broken[3] = value
    with pytest.raises(RambleError, match=f"{LABEL}: some weights are not finite"):
        ENGINE.spectrum(PROBLEM, broken, 0, LABEL)


def test_the_trace_is_within_its_error():
    engine = KrylovEngine(
        KrylovSettings(top=3, bottom=1, tolerance=1e-2, budget=12, trace_samples=40, batch=100), seed=7
    )
    found = engine.spectrum(PROBLEM, weights(), 0, LABEL)
    assert abs(found.trace - float(dense_hessian().trace())) < 5 * found.trace_error + 1e-5


def test_the_same_label_gives_the_same_numbers():
    before = torch.random.get_rng_state()
    first = ENGINE.spectrum(PROBLEM, weights(), 0, LABEL)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.rand(3)
    again = ENGINE.spectrum(PROBLEM, weights(), 0, LABEL)
    assert np.array_equal(first.eigenvalues, again.eigenvalues)
    assert (first.trace, first.lowest[0]) == (again.trace, again.lowest[0])
    assert not np.array_equal(first.residuals, ENGINE.spectrum(PROBLEM, weights(), 0, "other").residuals)


def test_both_engines_agree():
    theirs = PyHessianEngine(PyHessianSettings(top=3, iterations=2000, tolerance=1e-8, trace_samples=40), seed=7)
    pair = [engine.spectrum(PROBLEM, weights(), 0, LABEL) for engine in (ENGINE, theirs)]
    assert pair[0].eigenvalues == pytest.approx(pair[1].eigenvalues, rel=1e-2)


def spectrum_of(values: list[float], residuals: list[float], *rest: float) -> Spectrum:
    lowest, lowest_residual, trace, trace_error = rest
    errors = np.array(residuals) ** 2
    return Spectrum(
        np.array(values), np.array(residuals), errors, np.array([lowest]), np.array([lowest_residual]),
        np.array([lowest_residual]), trace, trace_error, True,
    )  # fmt: skip


def test_differences_are_relative_to_ours():
    ours = spectrum_of([2.0, 1.0], [0.1, 0.2], -0.5, 0.3, 2.5, 0.01)
    theirs = spectrum_of([2.2, 1.0], [0.3, 0.4], -0.4, 0.5, 5.0, 0.02)
    rows = differences(ours, theirs)
    assert rows.quantity.tolist() == ["eig_1", "eig_2", "most_negative", "trace"]
    assert rows.relative_difference.tolist() == pytest.approx([0.1, 0.0, 0.2, 1.0])
    assert rows.krylov_error.tolist() == [0.1, 0.2, 0.3, 0.01]
    assert rows.pyhessian_error.tolist() == [0.3, 0.4, 0.5, 0.02]


def test_the_reference_has_both_engines_at_every_point(tmp_path):
    theirs = PyHessianEngine(PyHessianSettings(top=3, iterations=2000, tolerance=1e-8, trace_samples=40), seed=7)
    points = torch.stack([weights(5), weights(6), weights(7)])
    write_points(tmp_path / "0-0-1.safetensors", stored_path(points))
    write_reference(ENGINE, theirs, PROBLEM, "s", 2, str(tmp_path / "0-0-1.safetensors"), str(tmp_path / "out.csv"))
    found = read_table(tmp_path / "out.csv")
    assert found.point.tolist() == [0] * 5 + [2] * 5
    top = found[found.quantity.str.startswith("eig_")]
    assert top.relative_difference.abs().max() < 1e-2
