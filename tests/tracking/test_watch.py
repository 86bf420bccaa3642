"""Looks at polygons of large networks: none twice, no further than the first error, and what they say of samples."""

import torch
from small_problems import wide_problem
from torch import Tensor

from ramble.problems.minibatches import Hardest
from ramble.problems.problem import Problem
from ramble.tracking.batches import FOCUS, HARD, focused_batches
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
    assert torch.equal(watch.margins(points[rows]), problem.sample_margins(points[rows], ONE.expand(3)))


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


def test_the_hardest_samples_are_those_of_the_smallest_margins_seen():
    problem = wide_problem(samples=16)
    points = networks(problem, 2)
    watch = Watch(problem, ONE)
    watch.look(points[:1], [0])
    assert torch.equal(watch.hardest(points).margins, problem.sample_margins(points[:1], ONE)[0])


def test_an_overflow_is_as_hard_as_can_be():
    problem = wide_problem(samples=16)
    broken = torch.full_like(networks(problem, 1), 1e38)
    watch = Watch(problem, ONE)
    watch.look(broken, [0])
    assert watch.hardest(broken).margins.max() <= 0
    assert not watch.hardest(broken).margins.isnan().any()


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
    drawn = list(focused_batches(problem, 8, (2000, 2), Hardest(margins), torch.Generator().manual_seed(1)))
    assert all(samples.shape == (2, 8) for samples in drawn)
    hard = round(HARD * 8)
    firsts = torch.stack(drawn)[..., :hard].flatten()
    expected = (1 / 16) ** (1 / FOCUS)  # the share of draws that falls on the hardest one
    assert abs(float((firsts == 15).double().mean()) - expected) < 0.03
    rest = torch.stack(drawn)[..., hard:].flatten().bincount(minlength=16) / (2000 * 2 * (8 - hard))
    torch.testing.assert_close(rest, torch.full_like(rest, 1 / 16), rtol=0, atol=0.01)
