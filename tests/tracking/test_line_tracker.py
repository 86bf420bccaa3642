"""The straight segment as a path."""

import pytest
import torch
from small_problems import committee_on, silent

from ramble.store.headers import Status
from ramble.tracking.line import LineTracker
from ramble.tracking.line_settings import LineSettings

# One pattern of three ones with label +1 and one input a unit, so a margin is the sum of the clamped weights.
ONES = {"patterns": torch.ones(1, 3, dtype=torch.int8), "labels": torch.ones(1, dtype=torch.int8)}
PROBLEM = committee_on([ONES], hidden=3)
ZERO = torch.tensor([0])
RESOLUTION = 1 / 64
# both ends have the margin 0.2 = 0.6 + 0.6 - 1; in the middle it is 0.6 - 1 - 1
APART = torch.tensor([[-100.0, 0.6, 0.6]]), torch.tensor([[0.6, 0.6, -100.0]])
NEIGHBOURS = torch.tensor([[0.3, 0.2, 0.7]]), torch.tensor([[0.9, 0.1, -0.4]])


def test_a_segment_inside_the_solution_space_arrives():
    (path,) = LineTracker(LineSettings(points=5, resolution=RESOLUTION)).track(PROBLEM, *NEIGHBOURS, ZERO, silent())
    assert path.status == Status.ARRIVED
    assert path.t.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert torch.equal(path.points[0], NEIGHBOURS[0][0])
    assert torch.equal(path.points[-1], NEIGHBOURS[1][0])
    assert torch.allclose(path.points[2], (NEIGHBOURS[0][0] + NEIGHBOURS[1][0]) / 2)
    assert [step.min_margin for step in path.steps] == pytest.approx(
        [1.2, 1.125 - 0.05, 0.9 + 0.0 + 0.0 - 0.0, 0.75, 0.6], abs=0.06
    )


def test_the_ends_are_kept_to_the_bit():
    random = torch.Generator().manual_seed(1)
    start, end = torch.randn(2, 1, 3, generator=random) * torch.tensor([[1e-3, 1.0, 1e5]])
    (path,) = LineTracker(LineSettings(points=7, resolution=RESOLUTION)).track(PROBLEM, start, end, ZERO, silent())
    assert torch.equal(path.points[0], start[0])
    assert torch.equal(path.points[-1], end[0])


def test_an_error_in_the_middle_is_reported_where_it_is_first_seen():
    (path,) = LineTracker(LineSettings(points=11, resolution=RESOLUTION)).track(PROBLEM, *APART, ZERO, silent())
    assert (path.status, path.reason) == (Status.LEFT_S, "errors from t = 0.1000")
    assert [step.train_errors for step in path.steps] == [0] + 9 * [1] + [0]
    assert [step.accepted for step in path.steps] == [errors == 0 for errors in [0] + 9 * [1] + [0]]


def test_an_error_between_the_points_is_found_by_the_exact_certificate():
    (path,) = LineTracker(LineSettings(points=2, resolution=RESOLUTION)).track(PROBLEM, *APART, ZERO, silent())
    assert all(step.train_errors == 0 for step in path.steps)
    assert (path.status, path.reason) == (Status.LEFT_S, "errors between the points")


def test_chains_are_judged_each_on_its_own():
    starts, ends = (torch.cat([one, other]) for one, other in zip(APART, NEIGHBOURS, strict=True))
    paths = LineTracker(LineSettings(points=11, resolution=RESOLUTION)).track(
        PROBLEM, starts, ends, torch.tensor([0, 0]), silent()
    )
    assert [path.status for path in paths] == [Status.LEFT_S, Status.ARRIVED]
