"""What trackers and training do where some errors are allowed."""

import pytest
import torch
from small_problems import ProductProblem, committee_on, pattern_sets, silent, wide_problem
from small_training import RECIPE, problem_of

from ramble.errors import RambleError
from ramble.store.checkpoints import Checkpoint
from ramble.store.headers import Status
from ramble.tracking.connect import connect
from ramble.tracking.guarded import GuardedTracker
from ramble.tracking.guarded_settings import GuardedSettings
from ramble.tracking.line import LineTracker
from ramble.tracking.line_settings import LineSettings
from ramble.tracking.paper import PaperTracker
from ramble.tracking.paper_settings import PaperSettings
from ramble.tracking.path import Step, Walk
from ramble.tracking.stochastic import StochasticGuardedTracker
from ramble.tracking.stochastic_settings import StochasticGuardedSettings
from ramble.training.descent import initial_batch, search_solutions, train_to_zero_errors
from ramble.training.stochastic import find_stochastic_solutions
from ramble.training.stochastic_settings import StochasticRecipe

ZERO = torch.tensor([0])
HARD = pattern_sets(31, 1, 75, 45)
APART = torch.tensor([[1.0, 1.5]]), torch.tensor([[-1.2, -1.0]])
LINE = LineTracker(LineSettings(points=21))
GUARDED = GuardedTracker(GuardedSettings(max_rounds=6, stored_points=9, margin_share=0.0), seed=1)
PAPER = PaperTracker(PaperSettings(gamma=0.05, max_steps=300, stall_steps=20, stored_points=20))


def torn(max_errors: int) -> ProductProblem:
    """Two samples; of the first, solutions lie on both sides of a gap that no path without an error crosses."""
    problem = ProductProblem({"train": (torch.tensor([[1.0], [-1.0]]), torch.tensor([0, 1]))})
    problem.allow_errors(max_errors)
    return problem


@pytest.mark.parametrize("tracker", [LINE, GUARDED], ids=["line", "guarded"])
def test_one_error_joins_what_no_path_without_errors_joins(tracker):
    (path,) = connect(torn(0), tracker, *APART, ZERO, silent())
    assert (path.joins, path.certificate) == (False, "none")
    (path,) = connect(torn(1), tracker, *APART, ZERO, silent())
    assert (path.status, path.joins) == (Status.ARRIVED, True), path.reason
    assert path.min_margin > 0
    dense = torch.cat(
        [
            torch.lerp(a, b, torch.linspace(0, 1, 50)[:, None])
            for a, b in zip(path.points, path.points[1:], strict=False)
        ]
    )
    found = torn(1).evaluate(dense, torch.zeros(len(dense), dtype=torch.long))
    assert int(found.errors.max()) == 1
    assert [step.accepted for step in path.steps] == [True] * len(path.steps)


def test_a_polygon_that_is_stuck_says_what_was_allowed():
    problem = ProductProblem(
        {"train": (torch.ones(3, 1) * torch.tensor([[1.0], [1.1], [-1.0]]), torch.tensor([0, 0, 1]))}
    )
    problem.allow_errors(1)
    (path,) = connect(problem, GUARDED, *APART, ZERO, silent())
    assert (path.status, path.certificate) == (Status.STUCK, "none")
    assert path.reason.startswith("not a path of at most 1 errors: ")
    (line,) = connect(problem, LINE, *APART, ZERO, silent())
    assert line.reason.startswith("more than 1 error from t = 0.")


def test_ends_with_more_errors_than_allowed_are_refused_with_their_number():
    problem = ProductProblem({"train": (torch.tensor([[1.0], [2.0], [-1.0]]), torch.tensor([0, 0, 1]))})
    start, end = APART[0], torch.zeros(1, 2)  # wrong on the first two
    with pytest.raises(RambleError, match=r"makes 2 training errors; .* or allow as many \(max_errors = 2\)"):
        connect(problem, LINE, start, end, ZERO, silent())
    problem.allow_errors(1)
    with pytest.raises(RambleError, match="makes 2 training errors; train it on until it has at most 1, or allow"):
        connect(problem, LINE, start, end, ZERO, silent())
    problem.allow_errors(2)
    assert connect(problem, LINE, start, end, ZERO, silent())[0].joins


def test_a_walk_keeps_points_with_the_errors_allowed():
    kept = {}
    for allowed in (0, 1):
        walk = Walk(torch.zeros(2), 10, allowed)
        for number, errors in enumerate((0, 1, 2), 1):
            walk.add(
                Step(number, 0.2 * number, 0.0, errors, 1.0, True, 0.1, 0.1, 5, 2), torch.full((2,), float(number))
            )
        kept[allowed] = walk.times
    assert kept == {0: [0.0, 0.2], 1: [0.0, 0.2, 0.4]}


def test_algorithm_1_stays_among_networks_with_the_errors_allowed():
    problem = problem_of(1)
    problem.allow_errors(2)
    found = search_solutions(problem, 1, "study", RECIPE.model_copy(update={"count": 2}))
    starts, ends = (solution.weights[None] for solution in found.solutions)
    (path,) = connect(problem, PAPER, starts, ends, ZERO, silent())
    assert max(step.train_errors for step in path.steps) <= 2
    assert path.certificate == "exact"
    assert path.min_margin > 0


def test_training_ends_with_the_errors_allowed():
    steps = []
    for allowed in (0, 2):
        problem = committee_on(HARD)
        problem.allow_errors(allowed)
        labels = [(0, restart) for restart in range(16)]
        weights, datasets = initial_batch(problem, 1, "study", labels)
        weights, own = train_to_zero_errors(problem, weights, datasets, RECIPE, silent(RECIPE.max_steps))
        errors = problem.evaluate(weights, datasets).errors
        assert torch.equal(own >= 0, errors <= allowed)
        steps.append(own.where(own >= 0, RECIPE.max_steps + 1))
    assert (steps[1] <= steps[0]).all()
    assert (steps[1] < steps[0]).any()


def test_minibatches_join_networks_with_the_errors_allowed(tmp_path):
    problem = wide_problem(seed=1)
    inputs, labels = problem.data("train")
    labels[0] = (labels[0] + 1) % 3
    inputs[1] = inputs[0]
    labels[1] = (labels[0] + 1) % 3  # two equal inputs of different classes: no network is right on both
    problem.allow_errors(1)
    recipe = StochasticRecipe(
        count=2, rate=0.5, batch=4, epochs=10, focus=2.0, round_steps=20, decay=0.99, margin=0.2, max_rounds=100
    )
    found = find_stochastic_solutions(problem, 5, "test", recipe, Checkpoint(tmp_path / "none", "k", every=1e9))
    assert [int(solution.train.errors) for solution in found] == [1, 1]
    assert all(float(solution.train.min_margins) > 0 for solution in found)
    settings = StochasticGuardedSettings(
        bends=1, rate=0.2, max_gradient=10.0, batch=4, round_steps=20, doubling_rounds=3, max_bends=3, fine_rate=0.1,
        decay=0.99, focus=2.0, max_rounds=60, margin_share=0.1, stored_points=17, resolution=0.125,
    )  # fmt: skip
    tracker = StochasticGuardedTracker(settings, seed=7)
    (path,) = connect(problem, tracker, *(solution.weights[None] for solution in found), ZERO, silent())
    assert path.joins, path.reason
    assert path.min_margin > 0
    points = problem.evaluate(path.points, torch.zeros(len(path.points), dtype=torch.long))
    assert points.errors.tolist() == [1] * len(path.points)
