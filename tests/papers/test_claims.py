"""The statistics behind the verdicts, on curves whose answer is known."""

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from unhurried import unhurried

from ramble.measure.spread import spread
from ramble.papers.claim import decided, median
from ramble.papers.ramble.claims import statistics

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
@given(st.lists(st.integers(0, 4), min_size=1, max_size=20))
def test_modal_share_counts_the_most_frequent_number(counts):
    mode, share = statistics.modal_share(np.array(counts))
    frequencies = {value: counts.count(value) for value in counts}
    assert frequencies[mode] == max(frequencies.values())
    assert share == pytest.approx(max(frequencies.values()) / len(counts))


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
    assert statistics.non_zero_counts(spectra, 1e-6).tolist() == [2, 2, 3]
    assert statistics.non_zero_counts(spectra, 1e-3).tolist() == [1, 2, 3]


def test_local_minimum_looks_only_near_the_ends():
    t = np.array([0.0, 0.05, 0.5, 0.95, 1.0])
    curve = np.array([2.0, 3.0, 1.0, 4.0, 3.0])  # the middle is lower than both ends
    assert statistics.local_minimum_at_ends(t, curve, 0.1, arrived=True) == [True, True]
    assert statistics.local_minimum_at_ends(t, curve, 0.5, arrived=True) == [False, False]
    assert statistics.local_minimum_at_ends(t, -curve, 0.1, arrived=True) == [False, False]


def test_the_far_end_counts_only_where_the_path_arrived():
    t, curve = np.array([0.0, 0.1, 0.4]), np.array([1.0, 2.0, 0.5])
    assert statistics.local_minimum_at_ends(t, curve, 0.1, arrived=False) == [True]


def test_an_end_alone_in_its_window_is_no_minimum():
    t, curve = np.array([0.0, 0.25, 0.5, 0.95, 1.0]), np.array([9.0, 1.0, 0.1, 1.0, 2.0])
    assert statistics.local_minimum_at_ends(t, curve, 0.1, arrived=True) == [False]
    assert statistics.local_minimum_at_ends(t[:1], curve[:1], 0.1, arrived=False) == []


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
