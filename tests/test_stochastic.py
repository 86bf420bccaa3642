"""Solutions and paths by minibatches: what they reach, and that a killed run ends as an undisturbed one."""

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
import torch
from small_problems import silent, wide_problem

from ramble.checkpoints import Checkpoint
from ramble.errors import RambleError
from ramble.stochastic import StochasticRecipe, find_stochastic_solutions
from ramble.tracking.connect import connect
from ramble.tracking.path import Path as Walk
from ramble.tracking.path import Status
from ramble.tracking.stochastic import StochasticGuardedTracker
from ramble.tracking.stochastic_paper import StochasticPaperTracker
from ramble.training import Solution
from ramble.wandering import wander

PROBLEM = wide_problem(seed=1)
RECIPE = {
    "rate": 0.5,
    "batch": 4,
    "epochs": 10,
    "focus": 2.0,
    "round_steps": 20,
    "decay": 0.99,
    "margin": 0.5,
    "max_rounds": 100,
}
TRACKER = {
    "bends": 1,
    "rate": 0.2,
    "batch": 4,
    "round_steps": 20,
    "doubling_rounds": 3,
    "max_bends": 3,
    "fine_rate": 0.1,
    "decay": 0.99,
    "focus": 2.0,
    "max_rounds": 60,
    "looked_points": 9,
    "margin_share": 0.1,
    "stored_points": 17,
    "resolution": 0.125,
    "seed": 7,
}
ZERO = torch.zeros(1, dtype=torch.long)


class KilledError(Exception):
    """In place of a signal."""


class Mortal(Checkpoint):
    """A checkpoint whose run dies right after its n-th state is written."""

    def __init__(self, file: Path, saves: int) -> None:
        super().__init__(file, "k", every=0.0)
        self.saves = saves

    def save(self, *state) -> None:
        super().save(*state)
        self.saves -= 1
        if not self.saves:
            raise KilledError


def forgetful(folder: Path) -> Checkpoint:
    """A checkpoint that never becomes due."""
    return Checkpoint(folder / "none.safetensors", "k", every=1e9)


def solutions(checkpoint: Checkpoint, **changes) -> list[Solution]:
    return find_stochastic_solutions(PROBLEM, 5, "test", 2, StochasticRecipe(**(RECIPE | changes)), checkpoint)


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> tuple[torch.Tensor, torch.Tensor]:
    first, second = solutions(forgetful(tmp_path_factory.mktemp("ends")))
    return first.weights[None], second.weights[None]


def walk(ends: tuple[torch.Tensor, torch.Tensor], *checkpoints: Checkpoint, **changes) -> Walk:
    tracker = StochasticGuardedTracker(**(TRACKER | changes), checkpoints=checkpoints)
    (path,) = connect(PROBLEM, tracker, *ends, ZERO, silent())
    return path


def test_solutions_have_the_margin_asked_for_and_differ(tmp_path):
    found = solutions(forgetful(tmp_path))
    for number, solution in enumerate(found):
        assert int(solution.train.errors) == 0
        assert float(solution.train.min_margins) >= 0.5
        assert (solution.restart, solution.settled) == (number, True)
    assert not torch.allclose(found[0].weights, found[1].weights)


def test_more_solutions_leave_the_first_ones_as_they_are(tmp_path):
    recipe = StochasticRecipe(**RECIPE)
    (alone,) = find_stochastic_solutions(PROBLEM, 5, "test", 1, recipe, forgetful(tmp_path))
    assert torch.equal(alone.weights, solutions(forgetful(tmp_path))[0].weights)


def test_where_the_hardest_make_no_error_the_others_are_looked_at(tmp_path, monkeypatch):
    looked, margins_of = [], PROBLEM.batch_margins

    def counted(weights: torch.Tensor, samples: torch.Tensor) -> torch.Tensor:
        looked.append(len(samples))
        return margins_of(weights, samples)

    monkeypatch.setattr(PROBLEM, "batch_margins", counted)
    recipe = StochasticRecipe(**(RECIPE | {"margin": 1e9, "max_rounds": 30}))
    (found,) = find_stochastic_solutions(PROBLEM, 5, "test", 1, recipe, forgetful(tmp_path))
    hardest = round(0.1 * PROBLEM.n_samples)
    assert looked[-2:] == [hardest, PROBLEM.n_samples - hardest]
    assert not found.settled


def test_a_budget_that_is_too_small_is_named(tmp_path):
    with pytest.raises(RambleError, match=r"studies\.test\.solutions: network 0 still makes \d+ training errors"):
        solutions(forgetful(tmp_path), epochs=1, rate=1e-6, max_rounds=1)


def dies_and_goes_on(file: Path, saves: int, run: Callable[[Checkpoint], object]) -> object:
    with pytest.raises(KilledError):
        run(Mortal(file, saves))
    return run(Checkpoint(file, "k", every=0.0))


@pytest.mark.parametrize("saves", [1, 4, 11, 17])
def test_killed_training_ends_with_the_solutions_of_an_undisturbed_one(tmp_path, saves):
    expected = solutions(forgetful(tmp_path))
    resumed = dies_and_goes_on(tmp_path / "a.safetensors", saves, solutions)
    assert [(s.steps, s.restart) for s in resumed] == [(s.steps, s.restart) for s in expected]
    for ours, theirs in zip(resumed, expected, strict=True):
        assert torch.equal(ours.weights, theirs.weights)


def test_a_polygon_joins_two_solutions(ends):
    path = walk(ends)
    assert path.joins, path.reason
    assert torch.equal(path.points[0], ends[0][0])
    assert torch.equal(path.points[-1], ends[1][0])
    assert path.steps[-1].accepted
    assert path.steps[-1].train_errors == 0
    assert path.gradients == path.steps[-1].step * 20 * 4 - 3 * 20 * 2  # two segments in the first three rounds
    margins = PROBLEM.sample_margins(path.points, ZERO.expand(len(path.points)))
    assert float(margins.min()) > 0


@pytest.mark.parametrize("saves", [1, 3, 6])
def test_a_killed_tracker_ends_with_the_path_of_an_undisturbed_one(tmp_path, ends, saves):
    expected = walk(ends)
    path = dies_and_goes_on(tmp_path / "a.safetensors", saves, lambda checkpoint: walk(ends, checkpoint))
    assert torch.equal(path.points, expected.points)
    assert [(s.step, s.gradients, s.min_margin) for s in path.steps] == [
        (s.step, s.gradients, s.min_margin) for s in expected.steps
    ]


def test_a_round_that_diverges_is_undone_and_the_rate_halved(ends):
    wild = walk(ends, rate=1e6)
    assert wild.joins, wild.reason
    assert bool(torch.isfinite(wild.points).all())
    assert wild.steps[0].eta == TRACKER["fine_rate"]  # six halvings left more than that


def test_the_second_phase_begins_no_faster_than_the_first_one_went(ends):
    assert walk(ends, rate=1e-3, fine_rate=1.0, max_rounds=7).steps[0].eta == 1e-3


def test_a_polygon_that_makes_errors_is_stuck(ends):
    path = walk(ends, rate=1e-9, fine_rate=1e-9, max_rounds=7)
    assert path.status is Status.STUCK
    assert "not a zero-error path after 7 rounds" in path.reason
    assert not path.joins


def test_the_printed_gamma_is_rejected_where_the_step_leaves_s(ends):
    tracker = StochasticPaperTracker(
        eta=1e-6, gamma=0.5, gradient_steps=1, near=0.99, max_steps=3, stall_steps=5, stall_gain=0.001,
        stored_points=5, resolution=0.5, batch=5, seed=1,
    )  # fmt: skip
    (path,) = connect(PROBLEM, tracker, *ends, ZERO, silent())
    middle = PROBLEM.evaluate(torch.lerp(*ends, 0.5), ZERO)
    assert path.steps[0].accepted == bool(middle.in_solution_space)
    assert path.status in (Status.OUT_OF_BUDGET, Status.LEFT_S)


def test_training_on_starts_at_the_solution_and_is_looked_at_evenly(ends):
    found = wander(PROBLEM, ends[0][0], gradients=10, points=6, rate=0.1, batch=7, seed=1)
    table = found.table
    assert table.gradients.tolist() == [0, 2, 4, 6, 8, 10]
    assert table.train_errors.iloc[0] == 0
    start = PROBLEM.evaluate(ends[0], ZERO, "test")
    assert table.test_errors.iloc[0] == int(start.errors)
    assert table.train_loss.nunique() == 6
    seen = PROBLEM.evaluate(found.points, ZERO.expand(6))
    assert table.train_loss.tolist() == pytest.approx(seen.losses.tolist())


def test_no_minibatches_no_stochastic_tracker(ends):
    with pytest.raises(RambleError, match="derive the problem from NetworkProblem"):
        StochasticGuardedTracker(**TRACKER).track(_NoNetwork(), *ends, ZERO, silent())


class _NoNetwork:
    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(name)
