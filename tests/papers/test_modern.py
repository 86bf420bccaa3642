"""Claims on a network of today, on paths whose answer is known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from small_points import path_header

from ramble.papers.ramble.claims.evidence import PathEvidence
from ramble.papers.ramble.claims.lines import StraightLine
from ramble.papers.ramble.claims.modern import ModernPair, judge_modern, write_modern
from ramble.papers.ramble.thresholds import Thresholds
from ramble.store.artifacts import read_table
from ramble.store.headers import Status

LIMITS = Thresholds.model_validate({})
HOLDS, NOT = "reproduced", "not reproduced"
PATHS = slice(2, 5)  # the claims on length and test errors


def pair(
    test_errors: list[int],
    detour: float = 1.5,
    line_errors: int = 9,
    status: Status = Status.ARRIVED,
    certificate: str = "sampled",
    max_errors: int = 0,
) -> ModernPair:
    """A path of as many points, on a test set of a thousand."""
    profile = pd.DataFrame({"test_errors": test_errors, "test_error": np.array(test_errors) / 1000})
    way = {"status": Status.LEFT_S, "certificate": "none"} if line_errors > max_errors else {"certificate": "sound"}
    straight = path_header(max_errors=max_errors, **way)
    line = StraightLine(straight, pd.DataFrame({"train_errors": [0, line_errors, 0]}))
    spectra = pd.DataFrame(
        {
            "eig_1": [2.0],
            "error_1": [0.1],
            "most_negative": [-0.5],
            "most_negative_residual": [0.1],
            "most_negative_error": [0.1],
            "converged": [1],
        }
    )
    header = path_header(status=status, certificate=certificate, max_errors=max_errors)
    return ModernPair(PathEvidence(header, 1, 1.0, profile, line, spectra), detour)


def without_spectra(found: ModernPair) -> ModernPair:
    """The same before spectra were taken."""
    return replace(found, evidence=replace(found.evidence, spectra=pd.DataFrame()))


def verdicts(*pairs: ModernPair) -> list[str]:
    return [claim.verdict for claim in judge_modern("cifar", pairs, LIMITS)]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (pair([500, 540, 500]), [HOLDS, HOLDS, NOT]),
        (pair([500, 490, 500]), [HOLDS, HOLDS, HOLDS]),
        (pair([480, 551, 500]), [HOLDS, NOT, NOT]),  # against the worse end
        (pair([480, 490, 500]), [HOLDS, HOLDS, NOT]),  # against the better end
        (pair([500, 490, 500], detour=3.1), [NOT, HOLDS, HOLDS]),
    ],
)
def test_length_and_test_errors_are_judged_each_for_itself(found, expected):
    assert verdicts(found)[PATHS] == expected


def test_every_pair_must_be_joined_and_a_path_that_does_not_join_is_not_looked_into():
    stuck, broken = pair([500, 900, 500], status=Status.STUCK), pair([500, 900, 500], certificate="none")
    exists, *_ = judge_modern("cifar", [pair([500, 490, 500]), stuck, broken], LIMITS)
    assert exists.measured == pytest.approx(1 / 3)
    assert exists.verdict == NOT
    assert verdicts(pair([500, 490, 500]), stuck, broken)[PATHS] == [HOLDS] * 3
    assert verdicts(stuck) == [NOT, HOLDS, *["not measured"] * 3]


@pytest.mark.parametrize(("errors", "allowed", "leaves"), [(0, 0, NOT), (1, 0, HOLDS), (3, 3, NOT), (4, 3, HOLDS)])
def test_a_line_leaves_with_more_errors_than_allowed(errors, allowed, leaves):
    claims = judge_modern("cifar", [pair([1, 1, 1], line_errors=errors, max_errors=allowed)], LIMITS)
    assert claims[1].verdict == leaves
    assert (f"more than {allowed} errors" in claims[1].claim) == bool(allowed)


def test_nothing_is_claimed_of_curvature_where_no_spectra_were_taken():
    found = pair([500, 490, 500])
    known, unknown = judge_modern("cifar", [found], LIMITS), judge_modern("cifar", [without_spectra(found)], LIMITS)
    assert unknown == known[:5]
    assert len(known) == 7


def test_signs_of_the_spectrum_are_judged_with_their_error_bars(tmp_path):
    claims = judge_modern("cifar", [pair([1, 1, 1])], LIMITS)
    assert [claim.verdict for claim in claims[5:]] == [HOLDS, NOT]
    write_modern("cifar", claims, str(tmp_path / "a.csv"), str(tmp_path / "a.md"))
    assert len(read_table(tmp_path / "a.csv")) == len(claims)
    assert "Judged on cifar" in (tmp_path / "a.md").read_text()
