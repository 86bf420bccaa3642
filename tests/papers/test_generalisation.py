"""Claims of section 3.3, on paths whose answer is known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from small_points import path_header, stored_path

from ramble.papers.ramble.claims.generalisation import GeneralisationPair, judge_generalisation, write_generalisation
from ramble.papers.ramble.claims.lines import StraightLine
from ramble.papers.ramble.thresholds import Thresholds
from ramble.store.artifacts import read_table
from ramble.store.headers import Status
from ramble.store.points import StoredPath

LIMITS = Thresholds.model_validate({})


def stored(status: str, certificate: str = "sampled", reached: float = 1.0) -> StoredPath:
    header = {"status": Status(status), "certificate": certificate, "min_margin": 0.5, "certificate_points": 121}
    return stored_path(np.zeros((4, 2)), [0.0, 0.2, 0.6, reached], **header)


def pair(test_errors: list[int], control: list[int], losses: list[float], path: StoredPath | None = None):
    profile = pd.DataFrame(
        {"t": [0.0, 0.2, 0.6, 1.0], "s": [0.0, 0.3, 0.6, 1.0], "test_errors": test_errors, "train_loss": losses}
    )
    line = StraightLine(path_header(status=Status.LEFT_S), pd.DataFrame({"train_errors": [0, 2, 0]}))
    further = pd.DataFrame({"test_errors": control})
    return GeneralisationPair(path or stored("arrived"), profile, line, further, stored("out-of-budget", "none", 0.1))


def verdicts(*pairs: GeneralisationPair) -> list[str]:
    return [claim.verdict for claim in judge_generalisation("mnist", pairs, LIMITS)]


REPRODUCED, NOT = "reproduced", "not reproduced"


@pytest.mark.parametrize(
    ("test_errors", "control", "losses", "inside", "beats", "higher"),
    [
        ([90, 70, 80, 85], [90, 75, 71], [1.0, 3.0, 2.0, 2.0], REPRODUCED, REPRODUCED, REPRODUCED),
        ([90, 85, 95, 85], [90, 86, 86], [1.0, 3.0, 2.0, 2.0], NOT, REPRODUCED, REPRODUCED),
        ([90, 95, 80, 85], [90, 80, 82], [1.0, 3.0, 1.9, 2.0], REPRODUCED, NOT, NOT),
    ],
)
def test_each_claim_on_test_errors_is_judged_by_its_own_comparison(test_errors, control, losses, inside, beats, higher):
    assert verdicts(pair(test_errors, control, losses))[3:] == [inside, beats, higher]


def test_the_best_point_is_never_an_end():
    assert pair([10, 90, 80, 20], [90], [1.0] * 4).best.t == 0.6


def test_of_a_path_without_a_point_inside_nothing_is_said():
    found = pair([10, 90, 80, 20], [90], [1.0] * 4)
    short = replace(found, profile=found.profile.iloc[[0, -1]])
    assert verdicts(short)[3:] == ["not measured"] * 3
    assert verdicts(found, short)[3] == NOT  # whatever the other is


def test_a_path_without_certificate_joins_nothing_and_is_not_looked_into():
    broken = pair([90, 70, 80, 85], [90], [1.0] * 4, stored("arrived", "none"))
    opened = ["not measured"] * 3
    assert verdicts(broken) == ["not measured", "not measured", REPRODUCED, *opened]
    whole = pair([90, 70, 80, 85], [90], [1.0, 2.0, 2.0, 1.0])
    stuck = pair([90, 70, 80, 85], [90], [1.0] * 4, stored("stuck", "none"))
    _, exists, *_ = judge_generalisation("mnist", [whole, broken, stuck], LIMITS)
    assert exists.verdict == NOT
    assert exists.measured == pytest.approx(1 / 3)
    assert exists.spread.startswith("certificates: 0-0-1 sampled at 121 points, 0-0-1 none, 0-0-1 none;")


def test_the_table_names_no_point_of_a_walk_w_b(tmp_path):
    profile = pair([90, 70, 80, 777], [75], [1.0] * 4).profile
    found = pair([90, 70, 80, 777], [75], [1.0] * 4, stored("stuck", "none", 0.7))
    for each, row in (
        (found, "| 0-0-1 | 90, - | 70 | 0.20 | 75 | 75 |"),
        (replace(found, profile=profile.iloc[[0, -1]]), "| 0-0-1 | 90, - | - | - | - | 75 |"),
        (pair([90, 70, 80, 85], [75], [1.0] * 4), "| 0-0-1 | 90, 85 | 70 | 0.20 | 75 | 75 |"),
    ):
        write_generalisation([], [each], str(tmp_path / "c.csv"), str(tmp_path / "c.md"))
        assert row in (tmp_path / "c.md").read_text()


@pytest.mark.parametrize(
    ("printed", "verdict"),
    [
        (("arrived", "sampled"), REPRODUCED),
        (("arrived", "none"), "not measured"),
        (("stuck", "none"), NOT),
        (("left-S", "none"), NOT),
        (("out-of-budget", "none"), "not measured"),
        (("out-of-time", "none"), "not measured"),
    ],
)
def test_a_printed_walk_that_its_budget_ended_says_nothing(printed, verdict):
    found = replace(pair([90, 70, 80, 85], [90], [1.0] * 4), printed=stored(*printed))
    assert verdicts(found)[0] == verdict
    assert verdicts(found, replace(found, printed=stored("stuck", "none")))[0] == NOT


def test_the_table_has_every_pairs_numbers(tmp_path):
    pairs = [pair([90, 70, 80, 85], [90, 75, 71], [1.0, 3.0, 2.0, 2.0])]
    claims = judge_generalisation("mnist", pairs, LIMITS)
    write_generalisation(claims, pairs, str(tmp_path / "a.csv"), str(tmp_path / "a.md"))
    assert "| 0-0-1 | 90, 85 | 70 | 0.20 | 75 | 71 |" in (tmp_path / "a.md").read_text()
    assert len(read_table(tmp_path / "a.csv")) == len(claims)
