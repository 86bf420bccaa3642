"""Elastic bands: forces and spacing against plain loops, insertion by hand, and how they end."""

from itertools import pairwise

import pytest
import torch
from small_problems import committee_on, pattern_sets, silent, smooth_problem, torn_problem, trained

from ramble.problems.problem import Evaluation
from ramble.store.headers import Status
from ramble.tracking.band import Band, BandTracker, join, relax
from ramble.tracking.band_settings import BandSettings
from ramble.tracking.path import Path, Setting
from ramble.tracking.polyline import Strand, evaluate_polylines

SETS = pattern_sets(31, 2, 10, 30)
PROBLEM = committee_on(SETS, hidden=3, input_scale=0.5)
QUICK = {
    "pivots": 3,
    "max_pivots": 7,
    "rate": 0.1,
    "cycle_steps": 20,
    "max_cycles": 40,
    "insert_share": 0.2,
    "between": 3,
    "resolution": 0.125,
}
ZERO = torch.tensor([0])


def bands(starts, goals, datasets, problem=PROBLEM, **changes) -> list[Path]:
    return BandTracker(BandSettings(**(QUICK | changes))).track(problem, starts, goals, datasets, silent())


def plain_step(
    problem, points: torch.Tensor, velocity: torch.Tensor, shares: torch.Tensor, rate: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """One step of one band, pivot by pivot; returns points and velocities (n, P)."""
    losses, gradients = problem.gradients(points, torch.zeros(len(points), dtype=torch.long))
    moved, velocity = points.clone(), velocity.clone()
    for i in range(1, len(points) - 1):
        step = points[i + 1] - points[i] if losses[i + 1] > losses[i - 1] else points[i] - points[i - 1]
        along = step / step.norm()
        velocity[i] = 0.9 * velocity[i] + gradients[i] - (gradients[i] @ along) * along
        moved[i] -= rate * velocity[i]
    lengths = [float((b - a).norm()) for a, b in pairwise(moved)]
    spaced = moved.clone()
    for i in range(1, len(points) - 1):
        left = float(shares[i]) * sum(lengths)
        side = 0
        while left > lengths[side]:
            left -= lengths[side]
            side += 1
        spaced[i] = moved[side] + left / lengths[side] * (moved[side + 1] - moved[side])
    return spaced, velocity


def test_relaxing_equals_the_plain_loop_for_bands_of_different_size():
    problem, random = smooth_problem(), torch.Generator().manual_seed(6)
    several = []
    for count in (3, 6, 4):
        middle = torch.rand(count - 2, generator=random, dtype=torch.float64).sort().values
        shares = torch.cat([torch.zeros(1), middle, torch.ones(1)])
        several.append(Band(torch.randn(count, 31, generator=random, dtype=torch.float64), shares))
    outer = torch.stack(
        [problem.evaluate(band.points[[0, -1]], torch.zeros(2, dtype=torch.long)).losses for band in several]
    )
    joined = join(several, torch.zeros(3, dtype=torch.long), outer)
    for _ in range(4):
        joined = relax(problem, joined, 0.5)
    for band, found in zip(several, joined.points.split(joined.lengths), strict=True):
        expected, velocity = band.points, torch.zeros_like(band.points)
        for _ in range(4):
            expected, velocity = plain_step(problem, expected, velocity, band.shares, 0.5)
        assert torch.allclose(found, expected, atol=1e-7)
        assert torch.equal(found[[0, -1]], band.points[[0, -1]])


def inserted(losses: list[float], **changes) -> Band:
    """The band after one insertion: three pivots at 0, 1, 3 on a line and one point between each two."""
    points = torch.tensor([[0.0], [0.5], [1.0], [2.0], [3.0]])
    band = Band(points[::2], torch.tensor([0.0, 1 / 3, 1.0], dtype=torch.float64))
    found = Evaluation(torch.tensor(losses), torch.zeros(5, dtype=torch.long), torch.ones(5))
    return BandTracker(BandSettings(**(QUICK | {"pivots": 1, "between": 1} | changes)))._insert(band, points, found)


@pytest.mark.parametrize(
    ("losses", "positions"),
    [
        ([0.0, 0.5, 1.0, 0.75, 0.5], [0.0, 1.0, 3.0]),  # along the straight lines
        ([0.0, 0.5, 1.0, 1.0, 0.5], [0.0, 1.0, 2.0, 3.0]),  # the second segment sticks out by 0.25
        ([0.0, 0.5, 1.0, 0.9, 0.5], [0.0, 1.0, 3.0]),  # by 0.15 of the range only
        ([0.0, 0.9, 1.0, 1.1, 0.5], [0.0, 0.5, 1.0, 2.0, 3.0]),
        ([0.0, 0.1, 1.0, 0.1, 0.5], [0.0, 1.0, 3.0]),  # a dip is no obstacle
    ],
)
def test_pivots_are_inserted_where_the_loss_sticks_out(losses, positions):
    band = inserted(losses)
    assert band.points.squeeze(1).tolist() == positions
    assert torch.allclose(band.shares, torch.tensor(positions, dtype=torch.float64) / 3)


def test_the_worst_segment_comes_first_when_there_is_room_for_one():
    assert inserted([0.0, 0.9, 1.0, 1.2, 0.5], max_pivots=2).points.squeeze(1).tolist() == [0.0, 1.0, 2.0, 3.0]
    assert inserted([0.0, 1.2, 1.0, 0.9, 0.5], max_pivots=2).points.squeeze(1).tolist() == [0.0, 0.5, 1.0, 3.0]
    assert inserted([0.0, 1.2, 1.0, 1.2, 0.5], max_pivots=1).points.squeeze(1).tolist() == [0.0, 1.0, 3.0]


def test_an_easy_band_arrives_without_any_error():
    starts, goals = trained(PROBLEM, ZERO, 1).float(), trained(PROBLEM, ZERO, 101).float()
    (path,) = bands(starts, goals, ZERO)
    assert path.status == Status.ARRIVED, path.reason
    assert path.steps[-1].accepted
    assert "segments hold; loss" in path.reason
    fine = torch.cat([torch.lerp(path.points[:-1], path.points[1:], t) for t in (0.0, 0.3, 0.8)])
    assert (PROBLEM.evaluate(fine, ZERO.expand(len(fine))).errors == 0).all()


def test_the_ends_are_kept_to_the_bit():
    random = torch.Generator().manual_seed(2)
    starts, goals = torch.randn(2, 1, 30, generator=random) * torch.logspace(-6, 6, 30)
    (path,) = bands(starts, goals, ZERO, max_cycles=2)
    assert torch.equal(path.points[0], starts[0])
    assert torch.equal(path.points[-1], goals[0])
    assert [path.t[0], path.t[-1]] == [0.0, 1.0]


def test_across_a_real_barrier_the_band_is_stuck_and_says_where():
    problem, starts, goals = torn_problem()
    (path,) = bands(starts, goals, ZERO, problem, max_cycles=5)
    assert path.status == Status.STUCK
    assert path.reason.startswith("not a zero-error path: at most 1 errors (t = 0.")
    assert len(path.steps) == 5
    assert torch.equal(path.points[-1], goals[0])


def test_rows_count_gradients_and_points():
    problem, starts, goals = torn_problem()
    (path,) = bands(starts, goals, ZERO, problem, max_cycles=3, max_pivots=3)
    assert [step.gradients for step in path.steps] == [60, 120, 180]
    assert [step.evaluations for step in path.steps] == [2 + 17, 2 + 34, 2 + 51]  # both ends before the first cycle
    assert len(path.points) == 17


def test_many_bands_equal_one_by_one():
    datasets = torch.tensor([1, 0, 1, 0])
    starts, goals = trained(PROBLEM, datasets, 1), trained(PROBLEM, datasets, 101)
    goals[2] = -goals[2]  # no solution: this one never arrives
    together = bands(starts, goals, datasets, max_cycles=6)
    assert len({len(path.steps) for path in together}) > 1
    for row, path in enumerate(together):
        (alone,) = bands(starts[row : row + 1], goals[row : row + 1], datasets[row : row + 1], max_cycles=6)
        assert path.status == alone.status
        assert [step.gradients for step in path.steps] == [step.gradients for step in alone.steps]
        assert torch.allclose(path.points, alone.points, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("scale", [20, 200])
def test_a_band_that_diverges_is_stuck_and_leaves_the_others_alone(scale):
    problem, random = smooth_problem(), torch.Generator().manual_seed(7)
    starts, goals = torch.randn(2, 3, 31, generator=random, dtype=torch.float64)
    starts[1] *= 10.0**scale
    datasets = torch.zeros(3, dtype=torch.long)
    together = bands(starts, goals, datasets, problem, max_cycles=2)
    assert together[1].status == Status.STUCK
    for row in (0, 2):
        (alone,) = bands(starts[row : row + 1], goals[row : row + 1], ZERO, problem, max_cycles=2)
        assert torch.allclose(together[row].points, alone.points, atol=1e-7)


def test_a_band_between_equal_ends_stays_there():
    starts = trained(PROBLEM, ZERO, 1)
    (path,) = bands(starts, starts, ZERO, max_cycles=1, rate=1e-9)
    assert torch.allclose(path.points, starts, atol=1e-6)


def test_errors_between_the_points_are_found_and_said():
    ones = {"patterns": torch.ones(1, 3, dtype=torch.int8), "labels": torch.ones(1, dtype=torch.int8)}
    problem = committee_on([ones], hidden=3)
    # both ends have the margin 0.2 = 0.6 + 0.6 - 1; in the middle it is 0.6 - 1 - 1
    points = torch.tensor([[-100.0, 0.6, 0.6], [0.6, 0.6, -100.0]])
    strand = Strand(Setting(problem, points[:1], points[1:], ZERO), 5)
    strand.look(points, evaluate_polylines(problem, [points], ZERO)[0], 0.1, 0)
    path = strand.path()
    assert path.status == Status.STUCK
    assert path.reason.startswith("not a zero-error path: errors between its points; loss ")


def test_a_margin_smaller_than_the_one_wanted_is_not_called_an_error():
    ones = {"patterns": torch.ones(1, 3, dtype=torch.int8), "labels": torch.ones(1, dtype=torch.int8)}
    problem = committee_on([ones], hidden=3)
    points = torch.tensor([[0.6, 0.6, 0.6], [0.7, 0.7, 0.7]])
    strand = Strand(Setting(problem, points[:1], points[1:], ZERO), 5)
    strand.look(points, evaluate_polylines(problem, [points], ZERO)[0], 0.1, 0)
    strand.certified(1.8, 2.0)
    path = strand.path()
    assert path.status == Status.STUCK
    assert path.reason.startswith("not a path yet: no errors were seen, but a margin of 1.8 where 2 is asked for")
