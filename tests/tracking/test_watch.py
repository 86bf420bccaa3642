"""Looks at polygons of large networks: none twice, no further than the first error, and what they say of samples."""

import torch
from small_problems import wide_problem
from torch import Tensor

from ramble.problems.minibatches import Hardest
from ramble.problems.problem import Problem
from ramble.tracking.focus import HARD, HARDER, NEAR, Focus, focused_batches, focused_times
from ramble.tracking.watch import Watch, from_coarse_to_fine

ONE = torch.tensor([0])


def networks(problem: Problem, count: int) -> Tensor:
    return torch.stack([problem.initial_weights(torch.Generator().manual_seed(seed)) for seed in range(count)])


def solution(problem: Problem) -> Tensor:
    weights = networks(problem, 1)
    for _ in range(1000):
        weights = weights - 0.3 * problem.gradients(weights, ONE)[1]
    assert problem.evaluate(weights, ONE).in_solution_space
    return weights


def test_examining_gives_the_evaluation_and_the_margins_that_are_given_apart():
    problem = wide_problem(samples=16)
    points = networks(problem, 3)
    datasets = ONE.expand(3)
    found, margins = problem.examine(points, datasets)
    alone = problem.evaluate(points, datasets)
    assert torch.equal(found.errors, alone.errors)
    assert torch.equal(found.losses, alone.losses)
    assert torch.equal(found.min_margins, alone.min_margins)
    assert torch.equal(margins, problem.sample_margins(points, datasets))


def test_a_look_ends_at_the_first_error_in_its_order():
    problem = wide_problem(samples=16)
    good, bad = solution(problem), networks(problem, 1)
    points = torch.cat([good, good * 1.01, bad, good * 1.02, bad])
    watch = Watch(problem, ONE)
    found, rows = watch.look(points, [1, 3, 2, 0, 4])
    assert rows == [1, 2, 3]
    assert watch.evaluations == 3
    assert found.in_solution_space.tolist() == [True, False, True]
    assert torch.equal(watch.margins(rows), problem.sample_margins(points[rows], ONE.expand(3)))


def test_points_that_stay_are_evaluated_once():
    problem = wide_problem(samples=16)
    good = solution(problem)
    points = torch.cat([good, good * 1.01, good * 1.02])
    watch = Watch(problem, ONE)
    watch.keep(points[:2])
    assert watch.evaluations == 2
    for _ in range(3):
        found, rows = watch.look(points, [2, 1, 0])
        assert rows == [0, 1, 2]
    assert watch.evaluations == 2 + 3
    assert torch.equal(found.min_margins, problem.evaluate(points, ONE.expand(3)).min_margins)
    moved = points * 1.001  # nothing of them is remembered
    watch.look(moved, [0, 1, 2])
    assert watch.evaluations == 2 + 3 + 3


def test_training_is_focused_on_the_smallest_margins_seen_and_on_the_worst_place():
    problem = wide_problem(samples=16)
    points = networks(problem, 9)  # two segments, halved twice
    lowest = problem.evaluate(points, ONE.expand(9)).min_margins
    for row in range(9):
        watch = Watch(problem, ONE)
        watch.look(points, [row])  # all of them have errors: the look ends there
        focus = watch.focus(range(9), 2)
        assert torch.equal(focus.hardest.margins, problem.sample_margins(points[[row]], ONE)[0])
        assert focus.segment + focus.time == row / 4
        assert focus.segment == (0 if row < 4 else 1)
        assert focus.width == 0.25
    assert (lowest <= 0).all()


def test_of_several_points_the_worst_one_says_the_place_and_all_say_the_samples():
    problem = wide_problem(samples=16)
    good, bad = solution(problem), networks(problem, 1)
    points = torch.cat([good, good * 1.01, good * 1.02, bad, good * 1.03])  # one segment
    watch = Watch(problem, ONE)
    watch.look(points, [2, 1, 3])
    focus = watch.focus(range(5), 2)
    assert (focus.segment, focus.time) == (0, 0.75)
    assert torch.equal(focus.hardest.margins, problem.sample_margins(points[1:4], ONE.expand(3)).amin(0))


def test_places_are_drawn_anywhere_and_half_of_the_time_near_the_worst_one():
    focus = Focus(Hardest(torch.zeros(3)), segment=1, time=0.25, width=0.25)
    random = torch.Generator().manual_seed(2)
    drawn = torch.cat([focused_times(2, focus, random) for _ in range(4000)], 1)
    assert 0 <= float(drawn.min()) <= float(drawn.max()) <= 1
    assert abs(float((drawn[0] < 0.5).double().mean()) - 0.5) < 0.03
    assert abs(float((drawn[1] < 0.5).double().mean()) - (NEAR + (1 - NEAR) / 2)) < 0.03
    plain = torch.cat([focused_times(2, None, random) for _ in range(4000)], 1)
    assert abs(float((plain < 0.5).double().mean()) - 0.5) < 0.03


def test_an_overflow_is_as_hard_as_can_be():
    problem = wide_problem(samples=16)
    broken = torch.full_like(networks(problem, 1), 1e38).expand(5, -1).clone()
    watch = Watch(problem, ONE)
    watch.look(broken, [2])
    margins = watch.focus(range(5), 2).hardest.margins
    assert margins.max() <= 0
    assert not margins.isnan().any()


def test_points_are_looked_at_from_coarse_to_fine_and_from_the_middle_outwards():
    assert from_coarse_to_fine(5, 2) == [2, 1, 3, 0, 4]  # one segment, halved twice
    order = from_coarse_to_fine(17, 2)  # five bends, every segment halved twice
    assert order[:3] == [8, 4, 12]  # the inner bends
    assert sorted(order[3:7]) == [2, 6, 10, 14]
    assert sorted(order[7:15]) == list(range(1, 17, 2))
    assert order[-2:] == [0, 16]


def test_batches_hold_all_samples_in_turn_and_their_share_of_hard_ones():
    problem = wide_problem(samples=16)
    plain = torch.cat(list(focused_batches(problem, 4, (4, 1), None, torch.Generator().manual_seed(1))))
    assert sorted(plain.flatten().tolist()) == list(range(16))
    margins = torch.arange(16, dtype=torch.float64).flip(0)
    drawn = list(
        focused_batches(problem, 8, (2000, 2), Focus(Hardest(margins), 0, 0.5, 0.25), torch.Generator().manual_seed(1))
    )
    assert all(samples.shape == (2, 8) for samples in drawn)
    hard = round(HARD * 8)
    firsts = torch.stack(drawn)[..., :hard].flatten()
    expected = (1 / 16) ** (1 / HARDER)  # the share of draws that falls on the hardest one
    assert abs(float((firsts == 15).double().mean()) - expected) < 0.03
    rest = torch.stack(drawn)[..., hard:].flatten().bincount(minlength=16) / (2000 * 2 * (8 - hard))
    torch.testing.assert_close(rest, torch.full_like(rest, 1 / 16), rtol=0, atol=0.01)
