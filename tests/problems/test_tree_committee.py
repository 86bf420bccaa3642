"""The Tree Committee Machine's closed forms against loops and automatic differentiation."""

from fractions import Fraction
from itertools import permutations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_problems import committee_on, pattern_sets, plain_committee_loss, trained
from unhurried import unhurried

from ramble.errors import RambleError
from ramble.problems.tree_committee import TreeCommittee

HIDDEN, INPUTS, SCALE = 3, 12, 0.7
ZERO = torch.tensor([0])


def one_set(seed: int, patterns: int = 8) -> dict[str, torch.Tensor]:
    (tensors,) = pattern_sets(seed, 1, patterns, INPUTS)
    return tensors


def some_weights(seed: int, count: int = 1, sigma: float = 0.6) -> torch.Tensor:
    random = torch.Generator().manual_seed(seed)
    return sigma * torch.randn(count, INPUTS, generator=random, dtype=torch.float64)


def output_by_loops(weights: list[float], pattern: list[int]) -> float:
    fan_in, output = INPUTS // HIDDEN, 0.0
    for unit in range(HIDDEN):
        field = 0.0
        for j in range(fan_in):
            field += weights[unit * fan_in + j] * pattern[unit * fan_in + j]
        output += min(1.0, max(-1.0, SCALE * field))
    return output


def test_outputs_are_the_triple_loop():
    tensors, weights = one_set(1), some_weights(2, count=3)
    found = committee_on([tensors], HIDDEN, SCALE).outputs(weights, torch.zeros(3, dtype=torch.long))
    patterns = tensors["patterns"].tolist()
    by_loops = [[output_by_loops(row, pattern) for pattern in patterns] for row in weights.tolist()]
    assert torch.allclose(found, torch.tensor(by_loops, dtype=torch.float64), atol=1e-12)
    assert any(abs(value) > 1 for row in by_loops for value in row)  # some units are saturated


def test_errors_and_smallest_margin_are_the_loops():
    tensors, weights = one_set(3), some_weights(4)
    found = committee_on([tensors], HIDDEN, SCALE).evaluate(weights, ZERO)
    by_loops = [
        label * output_by_loops(weights[0].tolist(), pattern)
        for pattern, label in zip(tensors["patterns"].tolist(), tensors["labels"].tolist(), strict=True)
    ]
    assert int(found.errors) == sum(margin <= 0 for margin in by_loops)
    assert float(found.min_margins) == pytest.approx(min(by_loops), abs=1e-12)


@unhurried
@given(st.integers(0, 10_000))
def test_gradient_and_loss_are_those_of_automatic_differentiation(seed):
    tensors, weights = one_set(seed), some_weights(seed)
    losses, gradients = committee_on([tensors], HIDDEN, SCALE).gradients(weights, ZERO)
    leaf = weights[0].clone().requires_grad_()
    loss = plain_committee_loss(leaf, tensors, HIDDEN, SCALE)
    (gradient,) = torch.autograd.grad(loss, leaf)
    assert torch.allclose(losses[0], loss.detach(), rtol=1e-12)
    assert torch.allclose(gradients[0], gradient, rtol=1e-9, atol=1e-13)


def test_output_gain_enters_loss_and_gradient():
    tensors, weights = one_set(5), some_weights(6)
    problem = committee_on([tensors], HIDDEN, SCALE)
    losses, gradients = problem.gradients(weights, ZERO, output_gain=3.0)
    step = 1e-6
    for column in range(INPUTS):
        shift = torch.zeros_like(weights)
        shift[0, column] = step
        up, down = (problem.gradients(weights + sign * shift, ZERO, 3.0)[0] for sign in (1, -1))
        assert float(gradients[0, column]) == pytest.approx(float((up - down) / (2 * step)), abs=1e-7)
    sharper = torch.tanh(3.0 * problem.outputs(weights, ZERO)[0]) * tensors["labels"]
    assert float(losses) == pytest.approx(float(-((1 + sharper) / 2).log().mean()), rel=1e-9)


@unhurried
@given(st.integers(0, 10_000))
def test_hessian_is_that_of_automatic_differentiation_and_has_no_negative_eigenvalue(seed):
    tensors, weights = one_set(seed), some_weights(seed)
    (found,) = committee_on([tensors], HIDDEN, SCALE).hessians(weights, ZERO)
    # reverse over reverse: forward mode would call deprecated parts of torch for hardtanh
    dense = torch.func.jacrev(torch.func.jacrev(plain_committee_loss))(weights[0], tensors, HIDDEN, SCALE)
    assert found.dtype == torch.float64
    assert torch.allclose(found, dense, rtol=1e-8, atol=1e-12)
    assert float(torch.linalg.eigvalsh(found)[0]) > -1e-12


@unhurried
@given(st.integers(0, 10_000), st.floats(0.1, 3.0))
def test_exact_segment_margin_is_the_minimum_over_dense_samples(seed, sigma):
    tensors = one_set(seed)
    problem = committee_on([tensors], HIDDEN, SCALE)
    start, end = some_weights(seed, sigma=sigma), some_weights(seed + 1, sigma=sigma)
    exact = float(problem.segment_min_margins(start, end, ZERO))
    count = 2001
    times = torch.linspace(0, 1, count, dtype=torch.float64).unsqueeze(1)
    between = (1 - times) * start + times * end
    outputs = problem.outputs(between, torch.zeros(count, dtype=torch.long))
    sampled = float((outputs * tensors["labels"]).min())
    # a margin changes by at most |W_b - W_a|_1 * scale along the segment; the nearest sample is half a spacing away
    steepest = float(SCALE * (end - start).abs().sum())
    assert exact <= sampled + 1e-12
    assert exact >= sampled - steepest * 0.5 / (count - 1) - 1e-12


def test_exact_segment_margin_of_many_segments_on_several_sets():
    sets = pattern_sets(11, 2, 8, INPUTS)
    problem = committee_on(sets, HIDDEN, SCALE)
    starts, ends, datasets = some_weights(1, 4), some_weights(2, 4), torch.tensor([1, 0, 0, 1])
    together = problem.segment_min_margins(starts, ends, datasets)
    for row in range(4):
        alone = committee_on([sets[int(datasets[row])]], HIDDEN, SCALE)
        expected = alone.segment_min_margins(starts[row : row + 1], ends[row : row + 1], ZERO)
        assert torch.allclose(together[row], expected[0], atol=1e-12)


def test_a_segment_of_one_point_has_that_points_margin():
    problem = committee_on([one_set(7)], HIDDEN, SCALE)
    weights = some_weights(8)
    found = problem.segment_min_margins(weights, weights, ZERO)
    assert torch.allclose(found, problem.evaluate(weights, ZERO).min_margins, atol=1e-12)


def test_hidden_units_that_do_not_divide_the_inputs_are_refused():
    with pytest.raises(RambleError, match=r"hidden.*5 does not divide the 12 inputs"):
        TreeCommittee([one_set(1)], hidden=5, input_scale=1.0, initial_sigma=0.1)


@pytest.mark.parametrize("sign", [1, -1])
def test_margins_that_float32_cannot_decide_are_decided_in_float64(sign):
    values = [1.0, -1.0, 0.5, -0.5, sign * 3e-9, sign * -1e-9]
    # a large first weight gives the second pattern an output of at least 1
    weights = torch.tensor([order for order in permutations(values) if abs(order[0]) >= 0.5], dtype=torch.float32)
    patterns = [[1, 1, 1, 1, 1, 1], [-1, 1, 1, 1, 1, 1]]
    tensors = {"patterns": torch.tensor(patterns, dtype=torch.int8), "labels": torch.ones(2, dtype=torch.int8)}
    problem = committee_on([tensors], hidden=1)
    datasets = torch.zeros(len(weights), dtype=torch.long)
    fields = [
        [sum(Fraction(weight) * sign for weight, sign in zip(row, pattern, strict=True)) for pattern in patterns]
        for row in weights.tolist()
    ]
    exact_errors = [sum(field <= 0 for field in both) for both in fields]
    in_float32 = (problem.outputs(weights, datasets) <= 0).sum(1).tolist()
    assert in_float32 != exact_errors  # float32 alone would be wrong
    assert problem.evaluate(weights, datasets).errors.tolist() == exact_errors


def test_descending_the_gradient_finds_a_solution():
    problem = committee_on(pattern_sets(5, 2, 10, 30))
    datasets = torch.tensor([0, 1])
    assert problem.evaluate(trained(problem, datasets, seed=1), datasets).errors.tolist() == [0, 0]


def test_overflowed_weights_classify_nothing():
    problem = committee_on([one_set(9)], HIDDEN, SCALE)
    weights = torch.full((1, INPUTS), torch.nan)
    assert problem.evaluate(weights, ZERO).errors.tolist() == [8]
