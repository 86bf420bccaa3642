"""Bounds on a step of gradient descent, against loops, linear programs and quadratics that can be solved by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from ramble.measure.descent_bounds import (
    MomentBounds,
    Moments,
    bound_as_printed,
    bound_by_moments,
    bound_in_expectation,
    descent_bound,
    expected_change,
    fit_moments,
    moments,
    segment_curvature,
    weighted_means,
)
from ramble.problems.finite_sums import LeastSquares, LogisticRegression, SmallNetwork
from ramble.training.single_samples import draws, faded, walk

STREAM = torch.Generator().manual_seed(4)
INPUTS = torch.randn(9, 2, generator=STREAM, dtype=torch.float64)
LABELS = torch.tensor([1.0, -1, 1, 1, -1, -1, 1, 1, -1])
LOGISTIC = LogisticRegression(INPUTS, LABELS)
POINTS = torch.randn(100, 2, generator=STREAM, dtype=torch.float64)  # more than are held at a time


def line(scale: float, targets: list[float]) -> LeastSquares:
    """Return the mean of (scale w - t)^2 / 2, of one weight: L = scale^2."""
    return LeastSquares(torch.full((len(targets), 1), scale), torch.tensor(targets))


def test_moments_are_those_of_a_loop_over_the_samples():
    found = moments(LOGISTIC, POINTS)
    for row in (0, 57):
        each = [LOGISTIC.alone(sample).gradients(POINTS[row])[0].numpy() for sample in range(9)]
        whole = np.mean(each, axis=0)
        assert float(found.square[row]) == pytest.approx(whole @ whole)
        assert float(found.second[row]) == pytest.approx(np.mean([g @ g for g in each]))
        assert float(found.variance[row]) == pytest.approx(np.mean([(g - whole) @ (g - whole) for g in each]))


def test_expected_change_is_that_of_a_loop_over_the_draws():
    found = expected_change(LOGISTIC, POINTS, 0.7)
    for row in (0, 63, 64, 99):
        after = [LOGISTIC.value(POINTS[row] - 0.7 * LOGISTIC.gradients(POINTS[row])[sample]) for sample in range(9)]
        assert float(found[row]) == pytest.approx(float(torch.stack(after).mean() - LOGISTIC.value(POINTS[row])))


@pytest.mark.parametrize("rate", [0.1, 1.0, 30.0])
def test_bounds_hold_with_the_computed_constants_and_fail_with_smaller_ones(rate):
    at, smoothness = moments(LOGISTIC, POINTS), LOGISTIC.smoothness
    expected = expected_change(LOGISTIC, POINTS, rate)
    computed = MomentBounds(LOGISTIC.variance_bound, 1.0)
    assert (expected <= bound_in_expectation(at, rate, smoothness) + 1e-12).all()
    assert (expected <= bound_by_moments(at.square, rate, smoothness, computed) + 1e-12).all()
    near = torch.zeros(1, 2, dtype=torch.float64)  # there the loss curves by L in one direction
    curvatures, directions = torch.linalg.eigh(LOGISTIC.hessian(near[0]))
    move = 1e-3 * directions[:, -1:].T
    after = LOGISTIC.value(near + move)
    assert after <= descent_bound(LOGISTIC, near, move, smoothness)
    assert after > descent_bound(LOGISTIC, near, move, 0.9 * smoothness)
    assert float(curvatures[-1]) == pytest.approx(smoothness)


def test_bounds_are_met_to_the_last_bit_where_the_loss_is_a_parabola():
    parabola = line(0.5, [-1.0, 2.0, 3.0])
    points = torch.tensor([[0.0], [4.0]], dtype=torch.float64)
    at = moments(parabola, points)
    torch.testing.assert_close(
        expected_change(parabola, points, 3.0), bound_in_expectation(at, 3.0, parabola.smoothness)
    )


@pytest.mark.parametrize(("rate", "holds"), [(0.5, True), (1.0, True), (3.0, False)])
def test_theorem_as_printed_fails_at_a_minimum_for_steps_above_one(rate, holds):
    parabola = line(0.5, [-1.0, 1.0])  # L = 1 / 4: steps up to 4 are permitted; the minimum is at 0
    point = torch.zeros(1, 1, dtype=torch.float64)
    at = moments(parabola, point)
    fitted, change = fit_moments(at), expected_change(parabola, point, rate)
    torch.testing.assert_close(change, bound_by_moments(at.square, rate, 0.25, fitted))
    assert bool(change <= bound_as_printed(at.square, rate, 0.25, fitted) + 1e-15) == holds


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 10)), min_size=1, max_size=12), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_fitted_moments_hold_everywhere_and_nothing_holds_that_is_lower_on_average(points, digits):
    x, y = np.round(np.array(points), digits).T
    at = Moments(torch.tensor(x), torch.tensor(y))
    found = fit_moments(at)
    assert found.constant >= 0
    assert found.slope >= 1
    assert (found.constant + (found.slope - 1) * x >= y - 1e-9).all()
    best = linprog([len(x), x.sum()], A_ub=-np.stack([np.ones_like(x), x], 1), b_ub=-y, bounds=[(0, None)] * 2)
    assert len(x) * found.constant + (found.slope - 1) * x.sum() == pytest.approx(best.fun, abs=1e-6)


def test_moments_fitted_on_some_points_are_seen_to_fail_at_others():
    found = fit_moments(Moments(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 1.5])))
    assert (found.constant, found.slope) == pytest.approx((1.0, 1.5))
    others = Moments(torch.tensor([0.5, 0.5]), torch.tensor([1.2, 1.3]))
    assert found.holds(others).tolist() == [True, False]


def test_curvature_of_a_segment_is_the_largest_on_it():
    network = SmallNetwork(INPUTS, LABELS, 2, squared=False)
    starts = torch.randn(2, network.size, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    moves = torch.ones_like(starts)
    for row, found in enumerate(segment_curvature(network, starts, moves, looks=3)):
        seen = [network.hessian(starts[row] + share * moves[row]) for share in (0.0, 0.5, 1.0)]
        assert float(found) == pytest.approx(max(float(torch.linalg.eigvalsh(each)[-1]) for each in seen))


def test_constant_steps_end_at_the_level_that_is_known_of_a_parabola():
    rate, parabola = 0.2, line(1.0, [-1.0, 1.0])  # w <- (1 - a) w + a t: variance a / (2 - a)
    rates = torch.full((4_000, 20), rate, dtype=torch.float64)
    found = walk(parabola, torch.zeros(20, 1), rates, draws(parabola, 4_000, 20, STREAM), kept=[0, 7])
    assert float(found.squares[100:].mean()) == pytest.approx(rate / (2 - rate), rel=0.03)
    assert found.steps.tolist() == [0, 7, 4_000]
    assert found.points.shape == (3, 20, 1)


def test_walk_without_chance_is_gradient_descent():
    rates = torch.tensor([[0.5], [0.25]], dtype=torch.float64)
    first = POINTS[:1] - 0.5 * LOGISTIC.gradient(POINTS[:1])
    found = walk(LOGISTIC, POINTS[:1], rates, None)
    torch.testing.assert_close(found.points, torch.stack([POINTS[:1], first, first - 0.25 * LOGISTIC.gradient(first)]))
    torch.testing.assert_close(found.squares[1], LOGISTIC.gradient(first).square().sum(1))


def test_walk_by_single_samples_takes_those_that_are_drawn():
    found = walk(LOGISTIC, POINTS[:2], torch.full((1, 2), 0.5, dtype=torch.float64), torch.tensor([[3, 8]]))
    expected = [
        POINTS[row] - 0.5 * LOGISTIC.alone(sample).gradients(POINTS[row])[0] for row, sample in enumerate((3, 8))
    ]
    torch.testing.assert_close(found.points[1], torch.stack(expected))


def test_weighted_means_and_steps_are_those_of_the_formulas():
    assert faded(2.0, 2.0, 4.0, 3).tolist() == pytest.approx([2.0, 2 / 1.25**2, 2 / 1.5**2])
    means = weighted_means(torch.tensor([[1.0], [4.0]]), torch.tensor([[3.0], [1.0]]))
    assert means.flatten().tolist() == [1.0, (3 + 4) / 4]
