"""Trained curves: their geometry, their gradient, and how they end."""

from itertools import pairwise

import pytest
import torch
from small_problems import (
    committee_on,
    pattern_sets,
    plain_committee_outputs,
    plain_smooth_loss,
    silent,
    smooth_problem,
    torn_problem,
    trained,
)

from ramble.store.headers import Status
from ramble.tracking.curve import CurveTracker, Training, coefficients, curve_gradients
from ramble.tracking.curve_settings import CurveSettings
from ramble.tracking.path import Path

SETS = pattern_sets(31, 2, 10, 30)
PROBLEM = committee_on(SETS, hidden=3, input_scale=0.5)
QUICK = {
    "shape": "bezier",
    "bends": 1,
    "rate": 0.02,
    "draws": 4,
    "round_steps": 10,
    "max_rounds": 40,
    "stored_points": 21,
    "resolution": 0.125,
}


def ends(datasets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Solutions of the given sets, two for each chain."""
    starts, goals = trained(PROBLEM, datasets, 1), trained(PROBLEM, datasets, 101)
    for weights in (starts, goals):
        assert (PROBLEM.evaluate(weights, datasets).errors == 0).all()
    return starts, goals


def curves(starts, goals, datasets, problem=PROBLEM, seed=5, **changes) -> list[Path]:
    return CurveTracker(CurveSettings(**(QUICK | changes)), seed=seed).track(problem, starts, goals, datasets, silent())


def de_casteljau(controls: torch.Tensor, t: float) -> torch.Tensor:
    """A point of the Bezier curve (..., P) by repeated halving, which knows no polynomials."""
    while controls.shape[-2] > 1:
        controls = (1 - t) * controls[..., :-1, :] + t * controls[..., 1:, :]
    return controls[..., 0, :]


def on_polygon(controls: torch.Tensor, t: float) -> torch.Tensor:
    """A point of the polygonal chain: its segment, and where on it."""
    sides = controls.shape[-2] - 1
    side = min(int(t * sides), sides - 1)
    return torch.lerp(controls[..., side, :], controls[..., side + 1, :], t * sides - side)


PLAIN = {"bezier": de_casteljau, "polygon": on_polygon}
TIMES = torch.tensor([0.0, 0.11, 0.25, 0.5, 2 / 3, 0.97, 1.0], dtype=torch.float64)


@pytest.mark.parametrize("shape", ["bezier", "polygon"])
@pytest.mark.parametrize("bends", [1, 2, 5])
def test_points_are_those_of_the_textbook_construction(shape, bends):
    controls = torch.randn(bends + 2, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(bends))
    points = coefficients(shape, bends, TIMES) @ controls
    expected = torch.stack([PLAIN[shape](controls, t) for t in TIMES.tolist()])
    assert torch.allclose(points, expected, atol=1e-12)


@pytest.mark.parametrize("shape", ["bezier", "polygon"])
@pytest.mark.parametrize("bends", [1, 3])
def test_gradients_in_the_bends_are_those_of_automatic_differentiation(shape, bends):
    problem = smooth_problem()
    random = torch.Generator().manual_seed(3)
    controls = torch.randn(2, bends + 2, 31, generator=random, dtype=torch.float64).requires_grad_()
    points = torch.stack([PLAIN[shape](controls, t) for t in TIMES.tolist()], 1)  # (2, T, 31)
    by_hand = torch.stack([torch.stack([plain_smooth_loss(w, problem) for w in row]).mean() for row in points])
    expected = torch.autograd.grad(by_hand.sum(), controls)[0][:, 1:-1]
    shares = coefficients(shape, bends, TIMES)
    losses, found = curve_gradients(problem, controls.detach(), torch.tensor([0, 0]), shares)
    # the data are float32, hence the tolerance
    assert torch.allclose(losses, by_hand.detach(), rtol=1e-6)
    assert torch.allclose(found, expected, rtol=1e-5, atol=1e-8)


def test_steps_are_those_of_torch_adam():
    random = torch.Generator().manual_seed(4)
    bends, targets = torch.randn(2, 3, 2, 5, generator=random, dtype=torch.float64)
    training = Training(bends, torch.zeros_like(bends), torch.zeros_like(bends), 0)
    leaf = bends.clone().requires_grad_()
    optimiser = torch.optim.Adam([leaf], lr=0.07)
    for _ in range(20):
        training = training.step(4 * (training.bends - targets) ** 3, 0.07)
        optimiser.zero_grad()
        ((leaf - targets) ** 4).sum().backward()
        optimiser.step()
    assert torch.allclose(training.bends, leaf.detach(), atol=1e-6)


@pytest.mark.parametrize(("shape", "bends"), [("bezier", 1), ("polygon", 1), ("polygon", 3)])
def test_an_easy_curve_arrives_without_any_error(shape, bends):
    datasets = torch.tensor([0])
    starts, goals = (each.float() for each in ends(datasets))
    (path,) = curves(starts, goals, datasets, shape=shape, bends=bends)
    assert path.status == Status.ARRIVED, path.reason
    assert path.points.dtype == torch.float32
    assert path.steps[-1].accepted
    between = [torch.lerp(a, b, 0.37) for a, b in pairwise(path.points)]
    for weights in [*path.points, *between]:
        outputs = plain_committee_outputs(weights.double(), SETS[0]["patterns"], 3, 0.5)
        assert (outputs * SETS[0]["labels"] > 0).all()


@pytest.mark.parametrize("shape", ["bezier", "polygon"])
def test_the_ends_are_kept_to_the_bit(shape):
    random = torch.Generator().manual_seed(2)
    starts, goals = torch.randn(2, 1, 30, generator=random) * torch.logspace(-6, 6, 30)
    starts[0, 0] = -0.0
    (path,) = curves(starts, goals, torch.tensor([0]), shape=shape, max_rounds=1)
    for point, end in ((path.points[0], starts[0]), (path.points[-1], goals[0])):
        assert torch.equal(point.view(torch.int32), end.view(torch.int32))
    assert [path.t[0], path.t[-1]] == [0.0, 1.0]


def test_corners_of_a_polygon_are_stored():
    starts, goals = ends(torch.tensor([0]))
    (path,) = curves(starts, goals, torch.tensor([0]), shape="polygon", bends=3, stored_points=18, max_rounds=2)
    assert len(path.points) == 4 * 5 + 1
    directions = torch.nn.functional.normalize(path.points.diff(dim=0), dim=1)
    turns = (directions[1:] * directions[:-1]).sum(1) < 1 - 1e-9
    assert turns.nonzero().squeeze(1).tolist() == [4, 9, 14]


def test_across_a_real_barrier_the_curve_is_stuck_and_says_where():
    problem, starts, goals = torn_problem()
    (path,) = curves(starts, goals, torch.tensor([0]), problem, max_rounds=5)
    assert path.status == Status.STUCK
    assert path.reason.startswith("not a zero-error path: at most 1 errors (t = 0.")
    assert "on average and at most 0." in path.reason
    assert len(path.steps) == 5
    assert path.steps[-1].train_errors == 1
    assert torch.equal(path.points[-1], goals[0])


def test_rows_count_gradients_and_points():
    problem, starts, goals = torn_problem()
    (path,) = curves(starts, goals, torch.tensor([0]), problem, max_rounds=3)
    assert [step.gradients for step in path.steps] == [40, 80, 120]
    assert [step.evaluations for step in path.steps] == [21, 42, 63]
    assert path.evaluations == 63 + path.hop_evaluations
    found = problem.evaluate(path.points, torch.zeros(21, dtype=torch.long))
    last = path.steps[-1]
    assert last.t == pytest.approx(float((found.errors == 0).double().mean()))
    assert last.train_loss == pytest.approx(float(found.losses.mean()))
    assert last.min_margin == pytest.approx(float(found.min_margins.min()))


def test_many_curves_equal_one_by_one():
    datasets = torch.tensor([1, 0, 1, 0])
    starts, goals = ends(datasets)
    goals[2] = -goals[2]  # no solution: this one never arrives
    together = curves(starts, goals, datasets, max_rounds=12)
    assert len({len(path.steps) for path in together}) > 1
    for row, path in enumerate(together):
        (alone,) = curves(starts[row : row + 1], goals[row : row + 1], datasets[row : row + 1], max_rounds=12)
        assert path.status == alone.status
        assert [step.gradients for step in path.steps] == [step.gradients for step in alone.steps]
        assert torch.allclose(path.points, alone.points, rtol=1e-6, atol=1e-9)


def test_the_seed_alone_decides():
    problem, starts, goals = torn_problem()
    starts = starts + torch.tensor([[0.1, -0.2]])
    one, same, other = (curves(starts, goals, torch.tensor([0]), problem, max_rounds=2, seed=s)[0] for s in (1, 1, 2))
    assert torch.equal(one.points, same.points)
    assert not torch.equal(one.points, other.points)
