"""Problems whose solutions may make some errors."""

import pytest
import torch
from small_problems import committee_on, pattern_sets, smooth_problem
from torch import nn

from ramble.errors import RambleError
from ramble.problems.checks import unavoidable_errors
from ramble.problems.margins import membership_margins
from ramble.problems.minibatches import Hardest
from ramble.problems.network import NetworkProblem
from ramble.problems.problem import allowed_errors

ZERO = torch.zeros(1, dtype=torch.long)


class Plain(NetworkProblem):
    def build_network(self) -> nn.Module:
        return nn.Linear(2, 2)


def test_the_margin_that_decides_is_the_one_behind_the_errors_allowed():
    margins = torch.tensor([[3.0, -1.0, 0.5, 2.0], [float("nan"), 1.0, 4.0, 2.0]])
    assert membership_margins(margins[0], 0) == -1.0
    assert membership_margins(margins, 1).tolist() == [0.5, 1.0]
    assert membership_margins(margins, 3).tolist() == [3.0, 4.0]


@pytest.mark.parametrize("max_errors", [0, 1, 4])
def test_membership_is_by_that_margin(max_errors):
    problem = smooth_problem(samples=12)
    problem.allow_errors(max_errors)
    weights = torch.randn(300, problem.n_weights, generator=torch.Generator().manual_seed(1))
    zeros = torch.zeros(300, dtype=torch.long)
    found = problem.evaluate(weights, zeros)
    assert torch.equal(found.in_solution_space, found.errors <= max_errors)
    assert torch.equal(found.in_solution_space, found.min_margins > 0)
    assert int(found.in_solution_space.sum()) > 0 or max_errors < 4
    by_hand = problem.sample_margins(weights, zeros).sort(1).values[:, max_errors]
    assert torch.allclose(found.min_margins.double(), by_hand, atol=1e-5)
    tested = problem.evaluate(weights, zeros, "test")  # test errors decide nothing
    assert torch.equal(tested.in_solution_space, tested.errors == 0)


def test_a_network_whose_outputs_overflow_is_no_solution():
    problem = committee_on(pattern_sets(3, 1, 8, 9))
    problem.allow_errors(2)
    broken = torch.full((1, 9), float("nan"))
    assert not problem.evaluate(broken, ZERO).in_solution_space
    assert not problem.segment_min_margins(broken, broken, ZERO) > 0


@pytest.mark.parametrize(("given", "samples", "allowed"), [(0, 5, 0), (4, 5, 4), (0.29, 100, 29), (0.1, 5, 0)])
def test_a_share_is_one_of_the_training_set(given, samples, allowed):
    assert allowed_errors(given, samples) == allowed


@pytest.mark.parametrize("given", [-1, 1.0, 1.5, 0.0, True, float("nan")])
def test_what_is_neither_a_number_nor_a_share_is_refused(given):
    with pytest.raises(RambleError, match="neither a whole number of errors nor a share between 0 and 1"):
        allowed_errors(given, 10)


def test_not_all_samples_may_be_misclassified():
    with pytest.raises(RambleError, match="max_errors = 12 allows all 12 training samples to be misclassified"):
        smooth_problem(samples=12).allow_errors(12)


def test_a_look_counts_network_by_network():
    # three samples are wrong somewhere, one at a time
    margins = torch.full((3, 20), 2.0)
    margins[0, 4], margins[1, 7], margins[2, 9] = -1.0, -2.0, -3.0
    strict, lenient = Hardest(torch.zeros(20)), Hardest(torch.zeros(20), max_errors=1)
    assert not strict.look(lambda samples: margins[:, samples], 0.5)
    assert lenient.look(lambda samples: margins[:, samples], 0.5)
    assert (strict.smallest, lenient.smallest) == (-3.0, 2.0)
    margins[2, 4] = 0.25
    assert not lenient.look(lambda samples: margins[:, samples], 0.5)
    assert lenient.smallest == 0.25
    assert lenient.errors == 3


def test_contradictions_are_refused_only_where_they_make_more_errors_than_are_allowed():
    inputs = torch.tensor([[0.0, 1.0], [-0.0, 1.0], [0.0, 1.0], [2.0, 2.0], [2.0, 2.0], [3.0, 0.0]])
    labels = torch.tensor([0, 1, 1, 1, 0, 0])
    assert unavoidable_errors(inputs, labels) == (2, (0, 1))
    assert unavoidable_errors(inputs, torch.tensor([1, 1, 1, 0, 0, 0])) == (0, None)
    problem = Plain({"train": (inputs, labels)})
    for few in (0, 1, 0.2):
        with pytest.raises(RambleError, match=r"inputs 0 and 1 are equal .* at least 2 errors; .*max_errors = 2"):
            problem.allow_errors(few)
    for enough in (2, 3, 0.4):
        problem.allow_errors(enough)
    weights = torch.randn(500, problem.n_weights, generator=torch.Generator().manual_seed(1))
    assert int(problem.evaluate(weights, torch.zeros(500, dtype=torch.long)).errors.min()) >= 2


def test_a_committee_counts_the_errors_of_opposite_patterns_in_its_worst_set():
    patterns = torch.tensor([[1, 1, -1], [-1, -1, 1], [1, 1, -1]])
    problem = committee_on([{"patterns": patterns, "labels": torch.tensor(own)} for own in ([1, -1, 1], [1, 1, 1])])
    with pytest.raises(RambleError, match=r"data set 1: the patterns 0 and 1 are opposite .* at least 1 error;"):
        problem.allow_errors(0)
    problem.allow_errors(1)
