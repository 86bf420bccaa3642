"""Points chosen along a path, and what is measured at each."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_points import some_points
from small_problems import (
    committee_on,
    pattern_sets,
    plain_committee_loss,
    plain_committee_outputs,
    random_images,
    silent,
    small_lenet,
    smooth_problem,
)
from unhurried import unhurried

from ramble.measure.profile import profile
from ramble.problems.lenet import LeNet5Problem
from ramble.store.points import Points, spread_points

times = st.lists(st.integers(-50, 100), min_size=1, max_size=40)


@unhurried
@given(times, st.integers(2, 12))
def test_points_are_sorted_and_have_both_ends(values, count):
    found = spread_points(np.array(values) / 100, count)
    assert found == sorted(set(found))
    assert (found[0], found[-1]) == (0, len(values) - 1)


@unhurried
@given(times, st.integers(2, 12))
def test_points_are_not_more_than_asked_for_even_where_the_path_turns_back(values, count):
    assert len(spread_points(np.array(values) / 100, count)) <= count


@unhurried
@given(times, st.integers(2, 12))
def test_points_are_not_more_than_asked_for_on_a_path_that_only_advances(values, count):
    assert len(spread_points(np.array(sorted(values)) / 100, count)) <= count


@unhurried
@given(st.integers(2, 60), st.integers(2, 20))
def test_points_are_spread_evenly_in_t(size, count):
    t = np.sort(np.random.default_rng(size).random(size))
    found = spread_points(t, count)
    for wanted in np.linspace(t[0], t[-1], count):
        nearest = int(np.abs(t - wanted).argmin())
        assert nearest in found


def on_a_line(places: list[float]) -> Points:
    """W_a at 0, W_b at 1 and points on the line through both."""
    points = torch.tensor(places).unsqueeze(1)
    return some_points(points, 1 - (1 - points[:, 0].double()).abs().numpy())


def test_s_is_the_share_of_the_length():
    path = on_a_line([0.0, -0.5, -0.25, 1.0])
    assert path.walked.tolist() == [0.0, 0.5, 0.75, 2.0]
    assert path.s.tolist() == [0.0, 0.25, 0.375, 1.0]
    assert path.s.dtype == np.float64
    assert on_a_line([0.5]).s.tolist() == [0.0]
    assert on_a_line([0.5, 0.5]).s.tolist() == [0.0, 0.0]


@unhurried
@given(st.integers(2, 30), st.integers(1, 5))
def test_s_rises_from_0_to_1_and_knows_no_scale(size, dimensions):
    points = torch.randn(size, dimensions, generator=torch.Generator().manual_seed(size))
    s = some_points(points).s
    assert (s[0], s[-1]) == (0.0, 1.0)
    assert (s[1:] > s[:-1]).all()
    assert np.allclose(some_points(4 * points).s, s, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("t", "rises"),
    [
        ([0.0, 0.4, 0.4, 1.0], True),
        ([0.0, 0.2, 0.3, 0.295], True),
        ([0.0, 0.2, 0.3, 0.285], False),
        ([0.0, 0.3, 0.294, 0.288, 1.0], False),
        ([0.0, -0.2, 0.5, 1.0], False),
        ([0.0], True),
    ],
    ids=["steady", "slips", "falls", "slips twice", "swings out", "one point"],
)
def test_position_is_t_where_it_rises_else_s(t, rises):
    path = some_points(np.arange(len(t))[:, np.newaxis], t)
    assert path.rises == rises
    assert np.array_equal(path.position, path.t if rises else path.s)


def test_a_short_path_keeps_all_its_points():
    assert spread_points(np.array([0.0, 0.1, 0.9]), 3) == [0, 1, 2]
    assert spread_points(np.array([0.0]), 5) == [0]


def test_a_committee_profile_is_loss_and_errors_of_every_point():
    sets = pattern_sets(51, 2, 8, 12)
    problem = committee_on(sets, hidden=3, input_scale=0.6)
    points = torch.randn(40, 12, generator=torch.Generator().manual_seed(1))
    found = profile(problem, some_points(points, dataset=1), silent())
    assert list(found) == ["point", "t", "s", "train_loss", "train_errors", "train_error", "train_min_margin"]
    assert found.point.tolist() == list(range(40))
    for point in range(40):
        weights = points[point].double()
        margins = plain_committee_outputs(weights, sets[1]["patterns"], 3, 0.6) * sets[1]["labels"]
        assert found.train_loss[point] == pytest.approx(float(plain_committee_loss(weights, sets[1], 3, 0.6)), rel=1e-5)
        assert found.train_errors[point] == int((margins <= 0).sum())
        assert found.train_error[point] == pytest.approx(int((margins <= 0).sum()) / 8)
        assert found.train_min_margin[point] == pytest.approx(float(margins.min()), abs=1e-5)


def test_a_profile_has_columns_of_validation_images_where_there_are_any():
    columns = {}
    for validation in ({}, {"validation": 3}):
        problem = LeNet5Problem([random_images(1, **validation)], input_mean=0.1307, input_std=0.3081)
        points = problem.initial_weights(torch.Generator().manual_seed(1)).repeat(2, 1)
        found = profile(problem, some_points(points), silent())
        columns[len(validation)] = list(found)
    own = [f"validation_{name}" for name in ("loss", "errors", "error", "min_margin")]
    assert [name for name in columns[1] if name not in own] == columns[0]
    assert set(own) <= set(columns[1])
    images = random_images(1, validation=3)
    pixels = ((images["validation_images"] / 255 - 0.1307) / 0.3081).unsqueeze(1)
    predicted = problem.network(points[0])(pixels).argmax(1)
    assert found.validation_errors.tolist() == [int((predicted != images["validation_labels"]).sum())] * 2


def test_a_bar_moves_with_every_network_of_many_images(monkeypatch):
    problem, moves = small_lenet(), []
    points = problem.initial_weights(torch.Generator().manual_seed(1)).repeat(20, 1)
    points *= torch.linspace(0.5, 2, 20).unsqueeze(1)
    bar = silent()
    monkeypatch.setattr(bar, "advance", lambda steps, **_: moves.append(steps))
    together = profile(problem, some_points(points), bar)
    assert moves == [16, 4] * 2
    moves.clear()
    monkeypatch.setattr("ramble.problems.problem.VISIBLE", 6)
    assert profile(problem, some_points(points), bar).equals(together)
    assert moves == [1] * 20 + [1] * 20


def test_a_profile_covers_the_test_set_where_there_is_one():
    problem = smooth_problem()
    points = torch.randn(5, 31, generator=torch.Generator().manual_seed(2))
    found = profile(problem, some_points(points), progress := silent())
    assert progress.done == 2 * 5
    for split in ("train", "test"):
        inputs, labels = problem.data(split)
        for point in range(5):
            predicted = problem.network(points[point])(inputs).argmax(1)
            wrong = sum(int(a) != int(b) for a, b in zip(predicted, labels, strict=True))
            assert found[f"{split}_errors"][point] == wrong
            assert found[f"{split}_error"][point] == pytest.approx(wrong / len(labels))
