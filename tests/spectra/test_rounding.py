"""The bound on what float32 does to products, from what it does to random vectors."""

import numpy as np
import pytest
import torch
from small_problems import smooth_problem
from torch import Tensor

from ramble.spectra.bounds import MISSED
from ramble.spectra.krylov import KrylovEngine
from ramble.spectra.rounding import MOST_PROBES, PROBES, MeasuredRounding
from ramble.spectra.settings import KrylovSettings

SIZE = 60


def measured(error: Tensor, seed: int = 0) -> tuple[MeasuredRounding, list[int]]:
    """The bound for products that are off by a matrix, and how often the exact one was asked."""
    asked: list[int] = []

    def exact(vector: Tensor) -> Tensor:
        asked.append(1)
        return torch.zeros_like(vector)

    product = lambda vector: (error @ vector.double()).float()  # noqa: E731
    random = torch.Generator().manual_seed(seed)
    return MeasuredRounding(product, lambda: exact, torch.zeros(SIZE), random, lambda largest: 0.0), asked


def of_rank(rank: int, seed: int) -> Tensor:
    frame, _ = torch.linalg.qr(
        torch.randn(SIZE, SIZE, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    )
    return 1e-3 * frame[:, :rank] @ frame[:, :rank].T


@pytest.mark.parametrize("rank", [1, 5, SIZE])
def test_it_bounds_errors_of_any_rank_however_often_it_is_made_sharper(rank):
    for seed in range(200):
        rounding, _ = measured(of_rank(rank, seed), seed)
        bounds = [rounding(1e-9)]
        while rounding.sharper(1.01):
            bounds.append(rounding(1e-9))
        assert len(bounds) == 3
        assert min(bounds) >= 1e-3


def test_more_vectors_make_it_sharper():
    rounding, asked = measured(of_rank(SIZE, 0))
    first = rounding(1e-9)
    assert len(asked) == PROBES
    assert rounding.sharper(2.0)
    assert first / rounding(1e-9) == pytest.approx(10 / (4 / MISSED) ** (1 / 10), rel=0.01)
    assert len(asked) == 2 * PROBES


def test_no_vectors_are_drawn_where_they_cannot_help():
    rounding, asked = measured(of_rank(SIZE, 0))
    rounding(1e-9)
    assert not rounding.sharper(3.0)  # ten times fewer would be needed
    assert len(asked) == PROBES
    while rounding.sharper(1.0):
        pass
    assert len(asked) == MOST_PROBES


def test_the_probabilities_of_all_bounds_come_to_what_is_promised():
    rounding, _ = measured(of_rank(1, 0))
    rounding(1e-9)
    missed = [rounding._missed]
    while rounding.sharper(1.0):
        missed.append(rounding._missed)
    assert 2.65 * MISSED + sum(missed) <= 4e-5


def test_the_most_negative_eigenvalue_may_be_left_out():
    problem = smooth_problem(seed=3)
    weights = problem.initial_weights(torch.Generator().manual_seed(5))
    engines = [
        KrylovEngine(KrylovSettings(top=3, bottom=bottom, tolerance=1e-3, budget=31, trace_samples=2), 1)
        for bottom in (0, 1)
    ]
    without, found = (engine.spectrum(problem, weights, 0, "x") for engine in engines)
    assert without.lowest.shape == (0,)
    assert "most_negative" not in without.columns
    assert without.converged
    assert np.abs(without.eigenvalues - found.eigenvalues).max() <= (without.errors + found.errors).max()
