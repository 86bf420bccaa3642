"""Tracking against the load: counts, intervals, and loads at which nothing trains."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from small_problems import committee_on
from small_training import RECIPE, TRACKER
from unhurried import unhurried

from ramble.measure.intervals import wilson
from ramble.problems.patterns import random_patterns
from ramble.studies.load.drawing import draw_loads
from ramble.studies.load.trials import first_patterns, try_load
from ramble.studies.paths.drawing.style import save
from ramble.tracking.line import LineTracker
from ramble.tracking.line_settings import LineSettings

SETS = [random_patterns(1, "load", dataset, patterns=90, inputs=30) for dataset in range(2)]

LINE = LineTracker(LineSettings(points=5, resolution=0.125))


def table_at(patterns: int, count: int = 3) -> pd.DataFrame:
    problem = committee_on([first_patterns(tensors, patterns) for tensors in SETS], input_scale=0.5)
    recipe = RECIPE.model_copy(update={"count": count, "rounds": 1, "batch": 6})
    return try_load(
        problem,
        1,
        "load",
        recipe,
        {"guarded": TRACKER, "line": LINE},
    )


@unhurried
@given(st.integers(1, 500).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_wilson_is_scipys(counts):
    reference = binomtest(*counts).proportion_ci(method="wilson")
    assert wilson(*counts) == pytest.approx((reference.low, reference.high), abs=1e-9)


def test_wilson_at_its_edges():
    assert wilson(0, 0) == (0.0, 1.0)
    low, high = wilson(30, 30)
    assert high == pytest.approx(1.0)
    assert low == pytest.approx(0.8865, abs=1e-4)
    assert wilson(0, 30) == pytest.approx((0.0, 1 - low))


def test_smaller_loads_have_the_first_patterns_of_larger_ones():
    few, many = (first_patterns(SETS[0], count) for count in (10, 40))
    assert few["patterns"].shape == (10, 30)
    assert torch.equal(few["patterns"], many["patterns"][:10])
    assert torch.equal(few["labels"], many["labels"][:10])


def test_every_data_set_and_tracker_has_a_row_with_its_counts():
    table = table_at(12)
    assert list(zip(table.tracker, table.dataset, strict=True)) == [
        ("guarded", 0), ("guarded", 1), ("line", 0), ("line", 1),
    ]  # fmt: skip
    assert (table.restarts == 6).all()
    assert (table.reached <= table.restarts).all()
    assert (table.solutions == 3).all()
    assert (table.pairs == 3).all()
    assert (table.joined[table.tracker == "guarded"] >= table.joined[table.tracker == "line"].to_numpy()).all()


def test_a_load_at_which_nothing_trains_is_a_result():
    table = table_at(90)
    assert (table.restarts == 6).all()
    for column in ("reached", "solutions", "pairs", "joined", "gradients", "evaluations"):
        assert (table[column] == 0).all()


def test_one_solution_makes_no_pair():
    table = table_at(12, count=1)
    assert (table.solutions == 1).all()
    assert (table.pairs == 0).all()


def test_the_figure_shows_loads_with_and_without_pairs(tmp_path):
    counts = {"restarts": 8, "solutions": 3, "gradients": 70}
    rows = [
        {"alpha": alpha, "tracker": tracker, "reached": 8 * solved, "pairs": 3 * solved, "joined": joined, **counts}
        for alpha, solved, joined in ((1.0, 1, 3), (2.0, 1, 1), (3.0, 0, 0))
        for tracker in ("guarded", "paper")
    ]
    outputs = [str(tmp_path / f"load.{suffix}") for suffix in ("svg", "png", "pdf")]
    save(draw_loads({"tcm_load": pd.DataFrame(rows)}), outputs)
    assert all(Path(output).stat().st_size > 5000 for output in outputs)


def test_the_figure_says_which_errors_solutions_may_make():
    row = {"alpha": 1.0, "tracker": "guarded", "restarts": 8, "reached": 8, "solutions": 3, "pairs": 3, "joined": 3}
    tables = {
        name: pd.DataFrame([row | {"gradients": 70} | own]) for name, own in (("none", {}), ("two", {"max_errors": 2}))
    }
    titles = [axes.get_title(loc="left") for axes in draw_loads(tables).axes]
    assert [title for title in titles if title.startswith("(c)")] == [
        "(c) restarts that reach zero errors",
        "(c) restarts that reach at most 2 errors",
    ]


def test_a_table_of_solutions_that_make_errors_says_so():
    problem = committee_on([first_patterns(tensors, 12) for tensors in SETS], input_scale=0.5)
    problem.allow_errors(2)
    table = try_load(
        problem, 1, "load", RECIPE.model_copy(update={"count": 1, "rounds": 1, "batch": 2}), {"line": LINE}
    )
    assert (table.max_errors == 2).all()
    assert "max_errors" not in table_at(12, count=1)
