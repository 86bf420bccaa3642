"""The statistics behind the verdicts, on curves whose answer is known."""

import json
import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from small_points import path_header
from unhurried import unhurried

from ramble.measure.spread import spread
from ramble.papers.claim import at_least, decided, median
from ramble.papers.ramble.claims import statistics
from ramble.papers.ramble.claims.counts import NonZeroCounts
from ramble.papers.ramble.claims.evidence import Evidence, PathEvidence
from ramble.papers.ramble.claims.judge import section_of
from ramble.papers.ramble.claims.lines import StraightLine, line_leaves
from ramble.papers.ramble.claims.table import write_claims
from ramble.papers.ramble.thresholds import Thresholds
from ramble.store.headers import Status

curves = st.lists(st.integers(-5, 5), min_size=3, max_size=30)
T = np.linspace(0, 1, 201)


@pytest.mark.parametrize(
    ("curve", "count"),
    [
        (T, 0),
        (-(T**3), 0),
        (np.ones(20), 0),
        (np.array([2.0]), 0),
        ((T - 0.4) ** 2, 1),
        (-((T - 0.4) ** 2), 1),
        (np.sin(2 * np.pi * T), 2),
        (np.cos(6 * np.pi * T), 5),
        (np.repeat([0.0, 1.0, 0.0, 1.0], 5), 2),
    ],
    ids=["rising", "falling", "constant", "one point", "valley", "hill", "sine", "three cosines", "steps"],
)
def test_turns_of_known_curves(curve, count):
    assert statistics.turns(curve, 0.05) == count


def test_noise_below_the_threshold_is_no_turn():
    noise = 0.02 * np.random.default_rng(1).uniform(-1, 1, len(T))
    assert statistics.turns(T + noise, 0.05) == 0
    assert statistics.turns(np.sin(2 * np.pi * T) + noise, 0.05) == 2
    assert statistics.turns(T + noise, 0.001) > 10


@unhurried
@given(curves)
def test_turns_are_those_of_the_same_curve_upside_down_backwards_or_shifted(values):
    curve = np.array(values, dtype=float)
    count = statistics.turns(curve, 0.15)
    assert statistics.turns(-curve, 0.15) == count
    assert statistics.turns(3 * curve + 7, 0.15) == count
    assert statistics.turns(curve[::-1], 0.15) == count


@unhurried
@given(curves)
def test_without_a_threshold_turns_are_the_sign_changes_of_the_increments(values):
    signs = [math.copysign(1, b - a) for a, b in pairwise(values) if a != b]
    changes = sum(first != second for first, second in pairwise(signs))
    assert statistics.turns(np.array(values, dtype=float), 0.0) == changes


def test_proportional_curves_explain_everything():
    x = np.array([1.0, 2.0, 5.0, 3.0])
    assert statistics.proportionality(x, 0.3 * x) == pytest.approx(1.0)


def test_an_offset_is_not_proportionality():
    x = np.array([1.0, 2.0, 3.0])
    # y = x + 10: c = 74/14, residuals from c x, deviations from the mean sum to 2
    y, slope = x + 10, (11 + 24 + 39) / 14
    residual = sum((b - slope * a) ** 2 for a, b in zip(x, y, strict=True))
    assert statistics.proportionality(x, y) == pytest.approx(1 - residual / 2)
    assert statistics.proportionality(x, y) < 0


def test_proportionality_to_a_constant_is_undefined():
    assert math.isnan(statistics.proportionality(np.array([1.0, 2.0]), np.array([3.0, 3.0])))


@unhurried
@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=3, max_size=20))
def test_rank_correlation_is_that_of_scipy(pairs):
    x, y = np.array(pairs, dtype=float).T
    assume(np.ptp(x) > 0 and np.ptp(y) > 0)
    assert statistics.rank_correlation(x, y) == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)


@pytest.mark.parametrize(("x", "y"), [([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]), ([1.0, 2.0], [1.0, 2.0])])
def test_rank_correlation_of_a_constant_or_of_two_points_is_undefined(x, y):
    assert math.isnan(statistics.rank_correlation(np.array(x), np.array(y)))


def test_eigenvalues_are_non_zero_relative_to_the_largest_of_their_own_point():
    spectra = pd.DataFrame(
        {
            "point": [0, 1, 2],
            "eig_1": [10.0, 1e-3, 1.0],
            "eig_2": [1e-4, 1e-4, -0.5],
            "eig_3": [-1e-9, 1e-10, -2.0],
            "trace": [10.0, 1e-3, -1.5],
        }
    )
    assert statistics.eigenvalue_table(spectra).tolist()[0] == [10.0, 1e-4, -1e-9]
    spectra[["error_1", "error_2", "error_3"]] = 0.0
    for zero, counts in ((1e-6, [2, 2, 3]), (1e-3, [1, 2, 3])):
        found = NonZeroCounts.of(spectra, 3, zero)
        assert found.least.tolist() == found.most.tolist() == counts


def at_ends(t, curve, error, window, *, arrived=True) -> list[bool | None]:
    """Whether each end is a minimum; None where that is open."""
    t, curve, error = (np.array(values, dtype=float) + 0 * np.array(t, dtype=float) for values in (t, curve, error))
    surely, surely_not = statistics.minimum_at_ends(t, curve, error, window, arrived=arrived)
    assert not any(yes and no for yes, no in zip(surely, surely_not, strict=True))
    return [True if yes else False if no else None for yes, no in zip(surely, surely_not, strict=True)]


def test_a_minimum_at_an_end_is_looked_for_only_near_it():
    t, curve = [0.0, 0.05, 0.5, 0.95, 1.0], np.array([2.0, 3.0, 1.0, 4.0, 3.0])  # the middle is lower than both ends
    assert at_ends(t, curve, 0, 0.1) == [True, True]
    assert at_ends(t, curve, 0, 0.5) == [False, False]
    assert at_ends(t, -curve, 0, 0.1) == [False, False]
    assert at_ends(t, [2.0, 2.0, 1.0, 3.0, 3.0], 0, 0.1) == [True, True]


def test_the_far_end_counts_only_where_the_path_arrived():
    assert at_ends([0.0, 0.1, 0.4], [1.0, 2.0, 0.5], 0, 0.1, arrived=False) == [True]


def test_an_end_alone_in_its_window_is_open():
    assert at_ends([0.0, 0.25, 0.5, 0.95, 1.0], [9.0, 1.0, 0.1, 1.0, 2.0], 0, 0.1) == [None, False]
    assert at_ends([0.0], [9.0], 0, 0.1, arrived=False) == [None]


@pytest.mark.parametrize(
    ("curve", "error", "found"),
    [
        ([1.0, 2.0, 1.5], 0.1, True),
        ([1.0, 2.0, 1.5], 0.2, None),  # both within two standard errors of the middle
        ([1.0, 0.5, 1.5], 0.1, False),
        ([1.0, 0.5, 1.5], 0.2, None),
        ([1.0, np.nan, 1.5], 0.0, None),
        ([1.0, np.nan, 0.5], 0.0, False),
        ([np.nan, 1.0, 0.5], 0.0, None),
    ],
)
def test_an_estimated_trace_is_a_minimum_beyond_its_error_only(curve, error, found):
    assert at_ends([0.0, 0.05, 0.1], curve, error, 0.1, arrived=False) == [found]


@pytest.mark.parametrize(("errors", "header", "found"), [
    (2, {"status": Status.LEFT_S, "certificate": "none"}, "reproduced"),
    (0, {"status": Status.LEFT_S, "certificate": "none"}, "reproduced"),  # between the points of its profile
    (0, {"certificate": "sound"}, "not reproduced"),
    (0, {"certificate": "none"}, "not measured"),  # no error was met
    (2, {"certificate": "none"}, "reproduced"),
])  # fmt: skip
def test_a_line_on_which_no_error_was_met_stays_inside_only_with_a_certificate(errors, header, found):
    line = StraightLine(path_header(**header), pd.DataFrame({"train_errors": [0, errors, 0]}))
    assert line_leaves("s", "3", [line], Thresholds.model_validate({})).verdict == found


def test_a_curve_that_is_constant_up_to_rounding_does_not_turn():
    noise = np.resize([1e-7, -1e-7, 0.0], 60)
    assert statistics.turns(3 + noise, 0.05) == 0
    assert statistics.turns(np.zeros(9), 0.05) == 0
    assert statistics.turns(1e-9 * noise, 0.05) > 30  # small, but no rounding
    assert math.isnan(statistics.turns(np.array([1.0, np.inf, 1.0, 5.0]), 0.05))


def test_of_a_curve_with_a_gap_turns_are_unknown():
    assert math.isnan(statistics.turns(np.array([1.0, 3.0, np.nan, 2.0]), 0.1))


@pytest.mark.parametrize(
    ("surely", "not_at_all", "measured", "verdict", "left"),
    [
        (9, 1, 0.9, "reproduced", 0),
        (9, 0, 0.9, "reproduced", 1),
        (8, 1, None, "not measured", 1),
        (8, 2, 0.8, "not reproduced", 0),
        (0, 2, 0.0, "not reproduced", 8),
        (0, 0, None, "not measured", 10),
    ],
)
def test_open_cases_leave_a_claim_open_where_they_could_turn_it(surely, not_at_all, measured, verdict, left):
    yes, no = np.arange(10) < surely, np.arange(10) >= 10 - not_at_all
    found = decided("claim", "3", "study", "share", (yes, no), "told", 0.9)
    assert found.verdict == verdict
    assert math.isnan(found.measured) if measured is None else found.measured == measured
    assert found.spread == (f"told; {left} of 10 undecided" if left else "told")
    assert decided("claim", "3", "study", "share", ([], []), "told", 0.9).verdict == "not measured"


def test_what_is_unknown_is_neither_left_out_of_a_median_nor_unsaid_in_a_spread():
    assert median([3.0, 1.0, 2.0]) == 2.0
    assert math.isnan(median([1.0, np.nan, 2.0]))
    assert math.isnan(median([]))
    assert spread([3.0, np.nan, 1.0]) == "1 .. 2 .. 3 (2 of 3)"
    assert spread([1, 2]) == "1 .. 1.5 .. 2"
    assert spread([np.nan]) == spread([]) == "-"


def test_a_spread_with_infinite_numbers_says_so():
    assert spread([1.0, np.inf, np.inf]) == "1 .. inf .. inf"


def test_what_was_not_measured_is_no_0_among_the_metrics(tmp_path):
    rows = [at_least("a", "3", "s", "share", value, "-", 0.5) for value in (math.nan,)]
    rows += [at_least(name, "3", "s", "share", value, "-", 0.5) for name, value in (("b", 0.4), ("c", 0.6))]
    evidence = Evidence({}, {}, pd.DataFrame(), {}, {}, {})
    write_claims(rows, [], [], evidence, *(str(tmp_path / f"claims.{kind}") for kind in ("csv", "json", "md")))
    found = json.loads((tmp_path / "claims.json").read_text())["s"]
    assert {name: claim["reproduced"] for name, claim in found.items()} == {"a": None, "b": 0, "c": 1}


@pytest.mark.parametrize(("problem", "section"), [
    ("ramble.problems.tree_committee.TreeCommittee", "committee"),
    ("ramble.problems.lenet.LeNet5Problem", "images"),
    ("ramble.studies.zoo.families.committee", "images"),  # what a function makes is not known before
])  # fmt: skip
def test_a_study_is_judged_by_the_section_of_its_network(problem, section):
    assert section_of(problem) == section


def test_the_table_says_of_which_size_the_networks_are(tmp_path):
    pairs = pd.DataFrame({"cosine": [0.1], "distance": [2.0], "attempts_a": [1], "attempts_b": [3]})
    nothing = pd.DataFrame()
    path = PathEvidence(path_header(inputs=620), 1300, 1.0, nothing, StraightLine(path_header(), nothing), nothing)
    evidence = Evidence({"tcm": [path, path]}, {}, nothing, {"tcm": pairs, "other": pairs}, {}, {})
    write_claims([], [], [], evidence, *(str(tmp_path / f"claims.{kind}") for kind in ("csv", "json", "md")))
    told = (tmp_path / "claims.md").read_text()
    assert "| tcm | 1,300 | 620 | 1 | 0.1 .. 0.1 .. 0.1 | 2 .. 2 .. 2 | 1 .. 2 .. 3 |" in told
    assert "| other | - | - | 1 |" in told
