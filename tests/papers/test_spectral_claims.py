"""Verdicts on the signs of eigenvalues: their error bars count."""

import numpy as np
import pandas as pd
import pytest
from small_points import path_header

from ramble.papers.ramble.claims.evidence import PathEvidence
from ramble.papers.ramble.claims.spectra import none_negative, number_constant, three, top_positive
from ramble.papers.ramble.thresholds import Thresholds

LIMITS = Thresholds.model_validate({})
NOTHING = pd.DataFrame()


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
    return PathEvidence(path_header(), 1.0, NOTHING, NOTHING, spectra)


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


@pytest.mark.parametrize(("second", "error", "share"), [(0.1, 0.0, 1.0), (0.1, 0.2, 0.5), (-0.1, 0.0, 0.5)])
def test_a_top_is_positive_where_no_error_bar_reaches_zero(second, error, share):
    claim = top_positive("s", [path(0.0, 0.0, second, error)], LIMITS)
    assert claim.measured == share
    assert f"largest relative error bar {error / np.abs(second):.2g}" in claim.spread


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
