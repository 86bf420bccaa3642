"""The guarded tracker: its training step, what it joins, and how it ends where nothing can be joined."""

from functools import cache
from itertools import pairwise

import pytest
import torch
from small_problems import (
    pattern_sets,
    plain_committee_outputs,
    plain_smooth_loss,
    silent,
    smooth_problem,
    torn_problem,
)

from ramble.problems.tree_committee import TreeCommittee
from ramble.store.headers import Status
from ramble.tracking.connect import connect
from ramble.tracking.guarded import GuardedTracker
from ramble.tracking.guarded_settings import GuardedSettings
from ramble.tracking.path import Path
from ramble.tracking.polyline import with_points_between
from ramble.training.descent import find_solutions
from ramble.training.descent_settings import Recipe, Settling

SETS = pattern_sets(31, 2, 75, 45)
PROBLEM = TreeCommittee(SETS, hidden=3, input_scale=1.0, initial_sigma=0.3)
BOTH = torch.tensor([0, 1])
QUICK = {
    "bends": 3,
    "contraction": 0.2,
    "gain": 10.0,
    "rate": 0.05,
    "spring": 0.01,
    "round_steps": 20,
    "doubling_rounds": 2,
    "max_bends": 31,
    "max_rounds": 30,
    "stored_points": 21,
    "resolution": 0.125,
    "margin_share": 0.0,
}


def tracker(seed: int = 5, **changes) -> GuardedTracker:
    return GuardedTracker(GuardedSettings(**(QUICK | changes)), seed=seed)


@cache
def solutions() -> torch.Tensor:
    """Two solutions of each set, far apart, (2 sets, 2, 45)."""
    settling = Settling(window=200, tolerance=0.1, max_steps=1000)
    recipe = Recipe(count=2, rate=0.2, output_gain=2.0, batch=64, rounds=2, max_cosine=0.85, settling=settling)
    found = find_solutions(PROBLEM, 31, "test", recipe)
    return torch.stack([solution.weights for solution in found]).view(2, 2, -1)


def ends(datasets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Both solutions of the given sets."""
    return solutions()[datasets, 0], solutions()[datasets, 1]


def walked(starts, goals, datasets, problem=PROBLEM, **changes) -> list[Path]:
    return tracker(**changes).track(problem, starts, goals, datasets, silent())


def test_joins_what_the_straight_line_does_not():
    starts, goals = ends(BOTH)
    middles = PROBLEM.evaluate((starts + goals) / 2, BOTH)
    assert (middles.errors > 0).all()
    for path, patterns in zip(connect(PROBLEM, tracker(), starts, goals, BOTH, silent()), SETS, strict=True):
        assert (path.status, path.certificate) == (Status.ARRIVED, "exact"), path.reason
        assert path.min_margin > 0
        for before, after in pairwise(path.points.double()):
            for share in (0.0, 0.21, 0.5, 0.93):
                outputs = plain_committee_outputs(torch.lerp(before, after, share), patterns["patterns"], 3, 1.0)
                assert (outputs * patterns["labels"] > 0).all()


def test_the_ends_are_kept_to_the_bit():
    starts, goals = ends(BOTH)
    starts[0, 0] = -0.0
    for path, start, goal in zip(walked(starts, goals, BOTH, max_rounds=1), starts, goals, strict=True):
        for point, end in ((path.points[0], start), (path.points[-1], goal)):
            assert torch.equal(point.view(torch.int32), end.view(torch.int32))


def test_a_straight_line_inside_needs_no_gradient():
    starts, _ = ends(BOTH)
    goals = starts * 1.01
    for path in walked(starts, goals, BOTH):
        assert path.status == Status.ARRIVED
        assert (path.gradients, len(path.steps)) == (0, 1)
        assert len(path.points) == QUICK["stored_points"]


def test_one_step_is_that_of_automatic_differentiation():
    problem = smooth_problem()
    random = torch.Generator().manual_seed(3)
    polygons = torch.randn(2, 4, 31, generator=random, dtype=torch.float64)
    one = tracker(round_steps=1, gain=2.0)
    found = one._train(problem, polygons, torch.tensor([0, 0]), torch.Generator().manual_seed(8))
    shares = torch.rand(3, 1, generator=torch.Generator().manual_seed(8)).double()
    leaf = polygons.clone().requires_grad_()
    points = (1 - shares) * leaf[:, :-1] + shares * leaf[:, 1:]

    def sharpened(weights: torch.Tensor) -> torch.Tensor:
        # a gain on the outputs is one on the last layer, weights and bias
        return plain_smooth_loss(torch.cat([weights[:16], 2.0 * weights[16:]]), problem)

    loss = sum(sharpened(row) for row in points.flatten(0, 1))
    (gradient,) = torch.autograd.grad(loss, leaf)
    middle = (polygons[:, :-2] + polygons[:, 2:]) / 2
    expected = polygons[:, 1:-1] - 0.05 * gradient[:, 1:-1] + 0.01 * (middle - polygons[:, 1:-1])
    assert torch.allclose(found[:, 1:-1], expected, rtol=1e-5, atol=1e-8)
    assert torch.equal(found[:, [0, -1]], polygons[:, [0, -1]])


def test_across_a_real_barrier_it_is_stuck():
    problem, starts, goals = torn_problem()
    (path,) = walked(starts, goals, torch.tensor([0]), problem, max_rounds=5, max_bends=7)
    assert path.status == Status.STUCK
    assert path.reason.startswith("not a zero-error path: ")
    assert len(path.steps) == 6
    assert torch.equal(path.points[-1], goals[0])


def test_rows_count_gradients_points_and_certificates():
    problem, starts, goals = torn_problem()
    (path,) = walked(starts, goals, torch.tensor([0]), problem, max_rounds=3, max_bends=7, round_steps=10)
    # 3 bends: 4 segments; doubled after two rounds: 8
    assert [step.gradients for step in path.steps] == [0, 40, 80, 160]
    assert [step.evaluations for step in path.steps] == [2, 7, 12, 21]


def test_many_polygons_equal_one_by_one():
    datasets = torch.tensor([1, 0, 1])
    starts, goals = ends(datasets)
    goals[2] = -goals[2]  # no solution: this one never arrives
    together = walked(starts, goals, datasets, max_rounds=12)
    assert len({len(path.steps) for path in together}) > 1
    for row, path in enumerate(together):
        (alone,) = walked(starts[row : row + 1], goals[row : row + 1], datasets[row : row + 1], max_rounds=12)
        assert path.status == alone.status
        assert [step.gradients for step in path.steps] == [step.gradients for step in alone.steps]
        assert torch.allclose(path.points, alone.points, rtol=1e-3, atol=1e-4)


def test_the_seed_alone_decides():
    starts, goals = ends(BOTH)
    one, same, other = (walked(starts, goals, BOTH, seed=seed)[0] for seed in (1, 1, 2))
    assert torch.equal(one.points, same.points)
    assert not torch.equal(one.points, other.points)


def test_a_share_of_the_margin_is_kept_when_asked_for():
    starts, goals = ends(BOTH)
    of_ends = [float(PROBLEM.evaluate(each, BOTH).min_margins[1]) for each in (starts, goals)]
    wanted = 0.9 * min(of_ends)
    (_, plain), (_, wide) = (
        connect(PROBLEM, tracker(margin_share=share), starts, goals, BOTH, silent()) for share in (0.0, 0.9)
    )
    assert plain.min_margin < wanted
    assert wide.status == Status.ARRIVED
    assert wide.min_margin > wanted * (1 - 1e-4)  # float32 rounds the stored points anew
    assert wide.gradients > plain.gradients


@pytest.mark.parametrize("count", [2, 5, 40])
def test_points_between_are_even_and_keep_the_corners(count):
    corners = torch.tensor([[0.0, 0.0], [3.0, 4.0], [3.0, 9.0], [23.0, 9.0]])
    points = with_points_between(corners, count)
    assert all(any(torch.equal(corner, point) for point in points) for corner in corners)
    assert abs(len(points) - max(count, len(corners))) <= len(corners)
    lengths = points.diff(dim=0).norm(dim=1)
    assert float(lengths.sum()) == pytest.approx(30, rel=1e-6)
    if count == 40:
        assert float(lengths.max() / lengths.min()) < 1.2
