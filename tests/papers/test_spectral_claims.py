"""Verdicts on the signs of eigenvalues: their error bars count."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_points import path_header
from unhurried import unhurried

from ramble.papers.ramble.claims.counts import NonZeroCounts
from ramble.papers.ramble.claims.evidence import PathEvidence
from ramble.papers.ramble.claims.lines import StraightLine
from ramble.papers.ramble.claims.spectra import none_negative, number_constant, three, top_positive
from ramble.papers.ramble.thresholds import Thresholds

LIMITS = Thresholds.model_validate({})
NOTHING = pd.DataFrame()
LINE = StraightLine(path_header(), NOTHING)


def path(lowest: float, residual: float, second: float = 1.0, error: float = 0.0, converged: int = 1) -> PathEvidence:
    """Two points: a harmless one, and one with these values."""
    spectra = pd.DataFrame(
        {
            "eig_1": [2.0, 2.0],
            "eig_2": [1.0, second],
            "error_1": [0.0, 0.0],
            "error_2": [0.0, error],
            "most_negative": [0.0, lowest],
            "most_negative_residual": [0.0, residual],
            "most_negative_error": [0.0, residual],
            "converged": [1, converged],
        }
    )
    return PathEvidence(path_header(), 2, 1.0, NOTHING, LINE, spectra)


@pytest.mark.parametrize(
    ("lowest", "residual", "share"),
    [(-0.1, 0.0, 0.5), (-0.1, 0.2, None), (-0.1, 0.05, 0.5), (-1e-9, 0.0, 1.0), (0.1, 0.2, None), (np.nan, 0.0, None)],
)
def test_a_negative_eigenvalue_counts_where_its_error_bar_does_not_reach_zero(lowest, residual, share):
    claim = none_negative("s", "3.2", [path(lowest, residual)], LIMITS)
    if share is None:
        assert claim.verdict == "not measured"
        assert "1 of 2 undecided" in claim.spread
    else:
        assert claim.measured == share
        assert claim.verdict == ("reproduced" if share == 1.0 else "not reproduced")


def test_the_sign_is_measured_against_the_largest_magnitude_and_where_it_converged():
    found = path(-2.0, 0.0)
    found.spectra[["eig_1", "eig_2"]] = -2.0  # the largest in magnitude, of which a share is asked for
    assert none_negative("s", "3.2", [found], LIMITS).measured == 0.5
    assert none_negative("s", "3.2", [path(0.0, 0.0, converged=0)], LIMITS).verdict == "not measured"


@pytest.mark.parametrize(
    ("second", "error", "share"),
    [(0.1, 0.0, 1.0), (0.1, 0.2, None), (-0.1, 0.2, None), (-0.1, 0.0, 0.5), (-0.3, 0.2, 0.5), (0.0, 0.0, 0.5)],
)
def test_a_top_is_positive_where_no_error_bar_reaches_zero_and_open_where_one_does(second, error, share):
    claim = top_positive("s", [path(0.0, 0.0, second, error)], LIMITS)
    if share is None:
        assert claim.verdict == "not measured"
        assert f"largest relative error bar {error / np.abs(second):.2g}" in claim.spread
    else:
        assert claim.measured == share


def test_claims_say_how_many_points_did_not_converge():
    def rows(paths: list[PathEvidence]) -> list[str]:
        claims = [
            none_negative("s", "3.2", paths, LIMITS), number_constant("s", paths, LIMITS),
            three("s", paths, LIMITS, None), top_positive("s", paths, LIMITS),
        ]  # fmt: skip
        return [claim.spread for claim in claims]

    assert not any("converged" in spread for spread in rows([path(0.0, 0.0), path(0.0, 0.0)]))
    assert all(
        "; 1 of 4 points not converged" in spread for spread in rows([path(0.0, 0.0), path(0.0, 0.0, converged=0)])
    )


def spectra_of(*rows: list[float], error: float = 0.0) -> pd.DataFrame:
    """A table with these eigenvalues at each point."""
    table = pd.DataFrame(rows, columns=[f"eig_{i}" for i in range(1, len(rows[0]) + 1)])
    for i in range(1, len(rows[0]) + 1):
        table[f"error_{i}"] = error
    return table.assign(converged=1)


def of_spectra(table: pd.DataFrame, weights: int) -> PathEvidence:
    return PathEvidence(path_header(), weights, 1.0, NOTHING, LINE, table)


@pytest.mark.parametrize(
    ("values", "weights", "error", "least", "most"),
    [
        ([3.0, 2.0, 1e-9], 3, 0.0, 2, 2),
        ([3.0, 2.0, 1e-9], 300, 0.0, 2, 2),  # the others are no larger
        ([3.0, 2.0, 1.0], 3, 0.0, 3, 3),
        ([3.0, 2.0, 1.0], 300, 0.0, 3, 300),  # the others may be as large
        ([3.0, 2.0, 1e-4], 3, 1e-3, 2, 3),  # its error bar reaches zero
        ([3.0, 2.0, 1e-4], 300, 1e-3, 2, 300),
        ([0.0, 0.0], 2, 0.0, 0, 0),
        ([3.0, np.nan], 2, 0.0, 0, 2),
        ([1.0, -3.0], 2, 0.0, 2, 2),
    ],
)
def test_what_a_table_does_not_hold_may_differ_from_zero(values, weights, error, least, most):
    found = NonZeroCounts.of(spectra_of(values, error=error), weights, 1e-6)
    assert (found.least.tolist(), found.most.tolist()) == ([least], [most])


def test_the_first_of_many_eigenvalues_do_not_say_how_many_there_are():
    table = spectra_of(*[[3.0, 2.0, 1.0]] * 10)
    whole, first = [of_spectra(table, 3)], [of_spectra(table, 300)]
    assert three("s", whole, LIMITS, None).verdict == number_constant("s", whole, LIMITS).verdict == "reproduced"
    assert three("s", first, LIMITS, None).verdict == number_constant("s", first, LIMITS).verdict == "not measured"
    assert "numbers 3 to 300, 10 points undecided" in number_constant("s", first, LIMITS).spread
    four = [of_spectra(spectra_of(*[[3.0, 2.0, 1.0, 0.5]] * 10), 300)]
    assert three("s", four, LIMITS, None).verdict == "not reproduced"  # there are four at least


@unhurried
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=5), st.integers(0, 4))
def test_what_is_said_of_counts_holds_for_every_way_in_which_they_may_turn_out(bounds, asked):
    least = np.array([low for low, _ in bounds])
    found = NonZeroCounts(least, least + np.array([width for _, width in bounds]))
    shares, most_frequent = [], []
    for each in product(*(range(low, low + width + 1) for low, width in bounds)):
        frequencies = np.bincount(each, minlength=asked + 1)
        shares.append(frequencies.max() / len(each))
        most_frequent.append(frequencies[asked] > np.delete(frequencies, asked).max(initial=0))
    low, high = found.modal_share
    assert low <= min(shares)
    assert high == pytest.approx(max(shares))
    surely, surely_not = found.is_most_frequent(asked)
    assert not surely or all(most_frequent)
    assert not surely_not or not any(most_frequent)
    if len(shares) == 1:
        assert low == high
        assert (surely, surely_not) == (most_frequent[0], not most_frequent[0])
