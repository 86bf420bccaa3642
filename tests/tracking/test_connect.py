"""What every tracker is called through: checked ends, certified paths."""

import pytest
import torch
from small_problems import committee_on, pattern_sets, silent, trained

from ramble.errors import RambleError
from ramble.store.headers import Status
from ramble.tracking.connect import connect
from ramble.tracking.line import LineTracker
from ramble.tracking.line_settings import LineSettings

PROBLEM = committee_on(pattern_sets(31, 2, 10, 30), hidden=3, input_scale=0.5)
DATASETS = torch.tensor([0, 1])
LINE = LineTracker(LineSettings(points=5, resolution=0.125))


@pytest.fixture(scope="module")
def solutions() -> torch.Tensor:
    weights = trained(PROBLEM, DATASETS, 1).float()
    assert (PROBLEM.evaluate(weights, DATASETS).errors == 0).all()
    return weights


def refusal(starts: torch.Tensor, ends: torch.Tensor, tracker: LineTracker = LINE) -> str:
    with pytest.raises(RambleError) as caught:
        connect(PROBLEM, tracker, starts, ends, DATASETS, silent())
    return str(caught.value)


def test_an_end_with_errors_is_refused_with_their_number(solutions):
    wrong = solutions.clone()
    wrong[1] = -wrong[1]
    errors = int(PROBLEM.evaluate(wrong, DATASETS).errors[1])
    assert errors > 0
    assert f"W_b of pair 1 (data set 1) is no solution: it makes {errors} training errors" in refusal(solutions, wrong)


def test_zero_weights_are_ties_and_no_solution(solutions):
    assert "W_a of pair 0 (data set 0) is no solution: it makes 10" in refusal(torch.zeros_like(solutions), solutions)


def test_other_shapes_are_refused(solutions):
    assert "W_a has the shape (2, 29); 2 pairs of this network need (2, 30)" in refusal(solutions[:, :-1], solutions)
    assert "W_b has the shape (1, 30)" in refusal(solutions, solutions[:1])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_broken_weights_are_refused(solutions, value):
    broken = solutions.clone()
    broken[1, 3] = value
    assert "W_b of pair 1 has weights that are not finite" in refusal(solutions, broken)


def test_equal_ends_are_joined_by_one_point(solutions):
    goals = solutions.clone()
    goals[1] *= 1.001
    still, moved = connect(PROBLEM, LINE, solutions, goals, DATASETS, silent())
    assert (still.status, still.reason, still.points.shape) == (Status.ARRIVED, "W_a is W_b", (1, 30))
    assert (still.certificate, still.gradients, still.evaluations) == ("exact", 0, 0)
    assert still.min_margin == pytest.approx(float(PROBLEM.evaluate(solutions, DATASETS).min_margins[0]), rel=1e-5)
    assert (moved.status, len(moved.points)) == (Status.ARRIVED, 5)


def test_all_ends_equal(solutions):
    paths = connect(PROBLEM, LINE, solutions, solutions, DATASETS, silent())
    assert [len(path.points) for path in paths] == [1, 1]
