"""Algorithm 1 against a plain re-implementation for one chain, and every way in which it can end."""

import pytest
import torch
from small_problems import (
    committee_on,
    pattern_sets,
    plain_committee_loss,
    plain_committee_outputs,
    silent,
    smooth_problem,
    trained,
)

from ramble.store.headers import Status
from ramble.tracking.paper import PaperTracker
from ramble.tracking.paper_settings import PaperSettings
from ramble.tracking.path import Path

SETS = pattern_sets(31, 2, 10, 30)
PROBLEM = committee_on(SETS, hidden=3, input_scale=0.5)
EASY = {
    "eta": 0.05,
    "gamma": 0.05,
    "gradient_steps": 3,
    "near": 0.9,
    "max_steps": 400,
    "stall_steps": 100,
    "stall_gain": 1e-3,
    "stored_points": 50,
    "resolution": 0.125,
}


def ends(datasets: torch.Tensor, seed: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Solutions of the given sets, two for each chain."""
    starts, goals = trained(PROBLEM, datasets, seed), trained(PROBLEM, datasets, seed + 100)
    for weights in (starts, goals):
        assert (PROBLEM.evaluate(weights, datasets).errors == 0).all()
    return starts, goals


def walk(start: torch.Tensor, end: torch.Tensor, dataset: int = 0, **changes) -> Path:
    tracker = PaperTracker(PaperSettings(**(EASY | changes)))
    (path,) = tracker.track(PROBLEM, start.unsqueeze(0), end.unsqueeze(0), torch.tensor([dataset]), silent())
    return path


def errors(weights: torch.Tensor, dataset: int) -> int:
    outputs = plain_committee_outputs(weights.double(), SETS[dataset]["patterns"], 3, 0.5)
    return int((outputs * SETS[dataset]["labels"] <= 0).sum())


def with_norm(weights: torch.Tensor, start: torch.Tensor, end: torch.Tensor) -> torch.Tensor:
    """The norm rule; a committee is one layer."""
    share = min(1.0, float((end - weights).norm() / (end - start).norm()))
    return weights * ((1 - share) * end.norm() + share * start.norm()) / weights.norm()


def plain_algorithm_1(start: torch.Tensor, end: torch.Tensor, eta: float, gamma: float, steps: int, rounds: int):
    """Algorithm 1 for one chain on set 0, with automatic differentiation; returns states and what was accepted."""
    weights, states, kept = start.clone(), [], []
    for _ in range(rounds):
        for _ in range(steps):
            leaf = weights.clone().requires_grad_()
            (gradient,) = torch.autograd.grad(plain_committee_loss(leaf, SETS[0], 3, 0.5), leaf)
            weights = with_norm(weights - eta * gradient, start, end)
        candidate = with_norm(weights + gamma * (end - weights), start, end)
        kept.append(errors(candidate, 0) == 0)
        weights = candidate if kept[-1] else weights
        states.append(weights)
    return states, kept


def test_an_easy_walk_arrives_and_never_makes_an_error():
    starts, goals = (each[0].float() for each in ends(torch.tensor([0])))
    path = walk(starts, goals)
    assert path.status == Status.ARRIVED
    assert torch.equal(path.points[0], starts)
    assert torch.equal(path.points[-1], goals)
    assert path.points.dtype == torch.float32
    assert len(path.points) > 10
    assert [errors(point, 0) for point in path.points] == [0] * len(path.points)
    assert all(step.train_errors == 0 for step in path.steps)


def test_the_last_hop_is_certified_exactly():
    start, end = (each[0] for each in ends(torch.tensor([0])))
    path = walk(start, end)
    assert path.reason.endswith("certified (exact)")
    assert path.hop_evaluations == 0
    before_last = path.points[-2]
    for share in torch.linspace(0, 1, 500, dtype=torch.float64):
        assert errors(before_last + share * (end - before_last), 0) == 0


def test_t_is_the_normalised_distance_of_every_stored_point():
    start, end = (each[0] for each in ends(torch.tensor([0])))
    path = walk(start, end)
    initial = float((end - start).norm())
    by_hand = [1 - float((end - point).norm()) / initial for point in path.points]
    assert path.t.tolist() == pytest.approx(by_hand, abs=1e-12)
    assert [path.t[0], path.t[-1]] == [0.0, 1.0]
    assert path.steps[-1].t >= EASY["near"]
    assert [step.step for step in path.steps] == list(range(1, len(path.steps) + 1))


@pytest.mark.parametrize(("eta", "gamma"), [(0.05, 0.05), (0.5, 0.02), (0.01, 0.6)])
def test_states_are_those_of_the_plain_algorithm(eta, gamma):
    start, end = (each[0] for each in ends(torch.tensor([0])))
    rounds = 30
    path = walk(start, end, eta=eta, gamma=gamma, near=1.0, max_steps=rounds, stored_points=10**9)
    states, kept = plain_algorithm_1(start, end, eta, gamma, EASY["gradient_steps"], rounds)
    assert path.status == Status.OUT_OF_BUDGET
    assert [step.accepted for step in path.steps] == kept
    assert torch.allclose(path.points[-1], states[-1], rtol=1e-6, atol=1e-9)
    times = [1 - float((end - state).norm() / (end - start).norm()) for state in states]
    assert [step.t for step in path.steps] == pytest.approx(times, abs=1e-8)
    losses = [float(plain_committee_loss(state, SETS[0], 3, 0.5)) for state in states]
    assert [step.train_loss for step in path.steps] == pytest.approx(losses, rel=1e-6)


def test_gradients_and_membership_tests_are_counted():
    start, end = (each[0] for each in ends(torch.tensor([0])))
    path = walk(start, end, near=1.0, max_steps=7)
    assert path.gradients == 7 * EASY["gradient_steps"]
    assert path.evaluations == 7 * 2
    assert [step.gradients for step in path.steps] == [EASY["gradient_steps"] * n for n in range(1, 8)]


def test_many_chains_equal_chain_by_chain():
    datasets = torch.tensor([1, 0, 1, 0])
    starts, goals = ends(datasets)
    together = PaperTracker(PaperSettings(**EASY)).track(PROBLEM, starts, goals, datasets, silent())
    assert len({len(path.steps) for path in together}) > 1  # they end at different steps
    for row, path in enumerate(together):
        alone = walk(starts[row], goals[row], int(datasets[row]))
        assert path.status == alone.status
        assert [step.step for step in path.steps] == [step.step for step in alone.steps]
        assert torch.allclose(path.points, alone.points, rtol=1e-6, atol=1e-9)
        assert torch.allclose(path.t, alone.t, atol=1e-9)


def test_a_huge_rate_leaves_the_solution_space():
    start, end = (each[0] for each in ends(torch.tensor([0])))
    path = walk(start, -end, eta=1e4)
    assert path.status == Status.LEFT_S
    assert "eta, gamma not properly set" in path.reason
    assert path.steps[-1].train_errors > 0
    assert not path.steps[-1].accepted
    assert [errors(point, 0) for point in path.points] == [0] * len(path.points)


def test_a_walk_that_left_the_solution_space_is_not_saved_by_its_elastic_move():
    start, end = (each[0] for each in ends(torch.tensor([0])))
    path = walk(start, end, eta=1e4, gamma=1.0)  # the candidate is W_b itself
    assert path.status == Status.LEFT_S
    assert path.steps[-1].train_errors > 0
    assert not path.steps[-1].accepted
    assert len(path.points) == 1


def test_one_step_is_a_small_budget():
    start, end = (each[0] for each in ends(torch.tensor([0])))
    path = walk(start, end, max_steps=1)
    assert path.status == Status.OUT_OF_BUDGET
    assert "max_steps = 1" in path.reason
    assert len(path.steps) == 1
    assert len(path.points) == 2  # W_a, and where it stood
    assert float(path.t[-1]) == path.steps[-1].t


def test_a_walk_that_cannot_reach_its_end_is_stuck():
    start, end = (each[0] for each in ends(torch.tensor([0])))
    path = walk(start, -end, gamma=0.5, stall_steps=10, stall_gain=0.01)  # every label of -W_b is wrong
    assert path.status == Status.STUCK
    assert "rose by less than 0.01 in 10 steps" in path.reason
    assert path.steps[-1].t - path.steps[-11].t < 0.01
    assert not path.steps[-1].accepted
    assert [errors(point, 0) for point in path.points] == [0] * len(path.points)


def test_a_network_without_exact_margins_has_a_sampled_last_hop():
    problem = smooth_problem(samples=4)
    weights, datasets = problem.initial_weights(torch.Generator().manual_seed(1)).unsqueeze(0), torch.tensor([0])
    for _ in range(400):
        weights = weights - 0.5 * problem.gradients(weights, datasets)[1]
    assert int(problem.evaluate(weights, datasets).errors) == 0
    (path,) = PaperTracker(PaperSettings(**EASY)).track(problem, weights, 1.1 * weights, datasets, silent())
    assert path.status == Status.ARRIVED
    assert path.reason.endswith("certified (sampled)")
    assert 2 * len(path.steps) + 3 <= path.evaluations <= 2 * len(path.steps) + 9


def test_stored_points_are_about_as_many_as_asked_for():
    start, end = (each[0] for each in ends(torch.tensor([0])))
    path = walk(start, end, eta=1e-3, gamma=0.02, near=0.95, stored_points=10)
    assert path.status == Status.ARRIVED
    assert 8 <= len(path.points) <= 12
