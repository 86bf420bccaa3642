"""Margins of some of the training samples: those that all samples together have there."""

import pytest
import torch
from small_batch_norm import Given, X, Y, residual, some_weights
from small_problems import committee_on, pattern_sets, smooth_problem, wide_problem
from torch import Tensor

from ramble.problems.problem import Problem

ZERO = torch.tensor([0])
SOME = torch.tensor([3, 0, 7])
PROBLEMS = {
    "smooth": lambda: smooth_problem(samples=9),
    "rectified": lambda: wide_problem(samples=9),
    "statistics that follow": lambda: Given(residual, X, Y),
    "folded": lambda: Given(
        lambda: residual()[:3].append(torch.nn.Flatten()).append(torch.nn.Linear(64, 3)), X, Y, "fold"
    ),
    "committee": lambda: committee_on(pattern_sets(31, 1, 10, 30), hidden=3, input_scale=0.5),
}


def weights_of(problem: Problem) -> Tensor:
    return problem.initial_weights(torch.Generator().manual_seed(1))[None]


@pytest.mark.parametrize("name", PROBLEMS)
def test_some_samples_have_the_margins_that_they_have_among_all(name):
    problem = PROBLEMS[name]()
    weights = weights_of(problem)
    found = problem.margins_on(weights, ZERO, SOME)
    assert found.dtype == torch.float64
    torch.testing.assert_close(found, problem.sample_margins(weights, ZERO)[0, SOME], rtol=1e-5, atol=1e-6)


def test_a_sign_that_float32_leaves_open_is_decided_in_float64():
    problem = smooth_problem(samples=9)
    weights = weights_of(problem)
    exact = problem.sample_margins(weights.double(), ZERO)[0]
    # the last biases are moved so that one sample's margin is a ten-millionth of its logits
    shift = (exact[3] - 1e-7).item()
    label = int(problem.labels(ZERO)[0, 3])
    weights[0, -3 + label] -= shift
    exactly = problem.sample_margins(weights.double(), ZERO)[0, SOME]
    assert float(exactly[0].abs()) < 1e-6
    torch.testing.assert_close(problem.margins_on(weights, ZERO, SOME)[0], exactly[0], rtol=1e-9, atol=1e-15)


def test_batch_norm_measures_the_same_statistics_for_some_samples():
    problem = Given(residual, X, Y)
    weights = some_weights(problem, dtype=torch.float32)[None]
    torch.testing.assert_close(
        problem.margins_on(weights, ZERO, SOME), problem.sample_margins(weights, ZERO)[0, SOME], rtol=1e-5, atol=1e-6
    )
