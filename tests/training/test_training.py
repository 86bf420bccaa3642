"""Solutions: as many as asked for, without errors, different, and the same every time."""

import pytest
import torch
from small_problems import committee_on, silent
from small_training import RECIPE, SETS, problem_of, solutions

from ramble.errors import RambleError
from ramble.training.descent import (
    Solution,
    cosine,
    find_solutions,
    initial_batch,
    settle,
    train_to_zero_errors,
)
from ramble.training.descent_settings import Settling


def margins_by_hand(solution: Solution) -> torch.Tensor:
    tensors = SETS[solution.dataset]
    inputs = 0.5 * tensors["patterns"].double().reshape(-1, 3, 10)
    fields = torch.einsum("mkj,kj->mk", inputs, solution.weights.double().reshape(3, 10))
    return fields.clamp(-1, 1).sum(1) * tensors["labels"]


def test_every_data_set_gets_its_solutions_without_errors():
    found = solutions()
    assert [solution.dataset for solution in found] == [0, 0, 0, 1, 1, 1]
    for solution in found:
        smallest = float(margins_by_hand(solution).min())
        assert smallest > 0
        assert int(solution.train.errors) == 0
        assert float(solution.train.min_margins) == pytest.approx(smallest, abs=1e-5)
        assert solution.test is None


def test_attempts_count_every_restart_used_up():
    found = solutions(datasets=1)
    restarts = [solution.restart for solution in found]
    assert restarts == sorted(set(restarts))
    assert sum(solution.attempts for solution in found) == restarts[-1] + 1


def test_the_same_parameters_give_the_same_bytes():
    for first, again in zip(solutions(), solutions(), strict=True):
        assert torch.equal(first.weights, again.weights)
        assert (first.restart, first.steps) == (again.restart, again.steps)


def test_another_data_set_changes_no_other_solution():
    few, many = solutions(datasets=2), solutions(datasets=3)
    for alone, among in zip(few, many[: len(few)], strict=True):
        assert (alone.dataset, alone.restart, alone.attempts) == (among.dataset, among.restart, among.attempts)
        assert torch.allclose(alone.weights, among.weights, atol=1e-4)


def test_streams_belong_to_study_data_set_and_restart():
    problem = problem_of(2)
    all_weights, datasets = initial_batch(problem, 1, "study", [(0, 0), (0, 1), (1, 0)])
    assert datasets.tolist() == [0, 0, 1]
    assert torch.equal(initial_batch(problem, 1, "study", [(1, 0)])[0][0], all_weights[2])
    assert not torch.equal(all_weights[0], all_weights[2])
    for other in (initial_batch(problem, 2, "study", [(0, 0)]), initial_batch(problem, 1, "other", [(0, 0)])):
        assert not torch.equal(other[0][0], all_weights[0])


def test_cosine_by_hand():
    assert cosine(torch.tensor([3.0, 0.0]), torch.tensor([4.0, 4.0])) == pytest.approx(0.5**0.5)


def closest(found: list[Solution]) -> float:
    return max(cosine(a.weights, b.weights) for a in found for b in found if a is not b)


def test_restarts_too_close_to_an_earlier_one_are_passed_over():
    hardly = Settling(window=1, tolerance=1.0, max_steps=1)
    anything = solutions(datasets=1, max_cosine=1.0, settling=hardly)
    allowed = closest(anything) - 0.02
    different = solutions(datasets=1, max_cosine=allowed, rounds=50, settling=hardly)
    one_step = 0.005  # of settling, which comes after the choice
    assert closest(different) <= allowed + one_step < closest(anything)
    assert [solution.restart for solution in different] != [solution.restart for solution in anything]


def test_finished_solutions_are_as_different_as_asked_for():
    # different before they settle, all but the same afterwards: there is one basin only
    briefly = Settling(window=1, tolerance=1.0, max_steps=1)
    assert closest(solutions(datasets=1, max_cosine=0.95, settling=briefly, rounds=20, count=2)) <= 0.95
    long = Settling(window=500, tolerance=0.01, max_steps=3000)
    with pytest.raises(RambleError, match="1 of 2 for data set 0"):
        solutions(datasets=1, max_cosine=0.95, rounds=1, settling=long, count=2)


def test_too_few_solutions_are_an_error_that_says_where():
    # z of the last three patterns adds up to -z of the first: the four cannot all be positive
    turns = torch.tensor([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], dtype=torch.int8)
    unsolvable = {"patterns": turns.repeat_interleave(10, 1), "labels": torch.ones(4, dtype=torch.int8)}
    solvable = {name: values[:4] for name, values in SETS[1].items()}
    problem = committee_on([solvable, unsolvable])
    with pytest.raises(RambleError, match=r"studies\.study\.solutions: after 2 rounds.*0 of 2 for data set 1;"):
        find_solutions(problem, 1, "study", RECIPE.model_copy(update={"count": 2, "rounds": 2, "max_steps": 60}))


def test_training_stops_at_the_first_look_without_errors():
    problem = problem_of(1)
    weights, datasets = initial_batch(problem, 1, "study", [(0, n) for n in range(6)])
    trained, steps = train_to_zero_errors(problem, weights, datasets, RECIPE, silent())
    for row, count in enumerate(steps.tolist()):
        own, looks = weights[row : row + 1], []
        for number in range(1, RECIPE.max_steps + 1):
            own = own - RECIPE.rate * problem.gradients(own, datasets[:1], RECIPE.output_gain)[1]
            if number % 20 == 0:
                looks.append(int(problem.evaluate(own, datasets[:1]).errors) == 0)
            if number == count:
                assert torch.allclose(own[0], trained[row], atol=1e-4)
        assert count == (20 * (looks.index(True) + 1) if any(looks) else -1)


def test_a_solution_settles_when_its_loss_falls_too_little_in_a_window():
    problem, rule = problem_of(1), Settling(window=10, tolerance=0.2, max_steps=300)
    weights, datasets = initial_batch(problem, 3, "study", [(0, n) for n in range(3)])
    weights = weights.double() * torch.tensor([[1.0], [4.0], [12.0]])
    found, steps, settled = settle(problem, weights, datasets, 0.2, rule, silent())
    for row in range(3):
        own, losses = weights[row : row + 1], []
        for _ in range(300):
            loss, gradient = problem.gradients(own, datasets[:1])
            losses.append(float(loss))
            own = own - 0.2 * gradient
        resting = [n for n in range(10, 300, 10) if losses[n] > losses[n - 10] * 0.8]
        assert settled[row]
        assert int(steps[row]) == resting[0]
        loss = problem.evaluate(found[row : row + 1], datasets[:1]).losses
        assert float(loss) == pytest.approx(losses[resting[0]], rel=1e-6)
    assert len(set(steps.tolist())) > 1  # each on its own clock


def test_settling_keeps_to_its_budget():
    problem = problem_of(1)
    weights, datasets = initial_batch(problem, 3, "study", [(0, 0)])
    rule = Settling(window=20, tolerance=1e-9, max_steps=30)
    _, steps, settled = settle(problem, weights, datasets, 0.01, rule, silent())
    assert not settled.any()
    assert int(steps) <= rule.max_steps
