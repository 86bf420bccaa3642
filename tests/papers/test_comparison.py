"""What is counted of every tracker, and what is claimed from it."""

import math

import pandas as pd
import pytest
import torch
from small_points import stored_path

from ramble.papers.ramble.claims.trackers import judge_trackers
from ramble.papers.ramble.comparison.pairs import PairOutcome, read_outcomes
from ramble.papers.ramble.comparison.table import compare, write_comparison
from ramble.papers.ramble.thresholds import Thresholds
from ramble.store.artifacts import read_table, write_table
from ramble.store.headers import Status
from ramble.store.points import write_points
from ramble.store.tensors import write_tensors

LIMITS = Thresholds.model_validate({})


def outcome(tracker="guarded", status="arrived", certificate="exact", **changes) -> PairOutcome:
    values = {
        "study": "tcm", "gradients": 10, "evaluations": 5, "detour": 1.5, "min_margin": 0.1, "loss_ratio": 1.0,
        "errors": 0, "max_errors": 0, "loss_barrier": 0.0,
    }  # fmt: skip
    return PairOutcome(tracker=tracker, status=status, certificate=certificate, **(values | changes))


def stored_pair(folder, status="arrived", certificate="exact", last=1.0) -> tuple[list[str], list[str], list[str]]:
    """A path from (0, 0) to (3, 4) round the corner, its profile, and the solutions at its ends."""
    path, profile = folder / "paths" / "0-0-2.safetensors", folder / "profile" / "0-0-2.csv"
    points = torch.tensor([[0.0, 0.0], [3.0, 0.0], [3.0, 4.0]])
    header = {"status": Status(status), "certificate": certificate}
    write_points(path, stored_path(points, [0.0, 0.2, last], "0-0-2", **header))
    columns = {"s": [0.0, 3 / 7, 1.0], "train_loss": [0.1, 0.6, 0.2], "train_errors": [0, 3, 0]}
    write_table(profile, pd.DataFrame(columns))
    solutions = []
    for seed, loss in ((0, 0.1), (1, 0.9), (2, 0.2)):
        solutions.append(folder / "solutions" / f"0-{seed}.safetensors")
        write_tensors(solutions[-1], {"weight": torch.zeros(2)}, {"study": "tcm", "train_loss": loss})
    return [str(path)], [str(profile)], [str(file) for file in solutions]


def test_a_path_in_numbers(tmp_path):
    (found,) = read_outcomes(*stored_pair(tmp_path))
    assert found == PairOutcome(
        "tcm", "guarded", "arrived", "exact", gradients=40, evaluations=9, detour=1.4, min_margin=0.125,
        loss_ratio=pytest.approx(3.0), errors=3, max_errors=0, loss_barrier=pytest.approx(0.5 - 0.3 / 7),
    )  # fmt: skip
    assert found.arrived
    assert found.joins
    assert found.reaches


def test_a_path_that_ends_on_the_way_has_no_length_to_compare(tmp_path):
    (found,) = read_outcomes(*stored_pair(tmp_path, status="stuck", certificate="none", last=0.9))
    assert math.isnan(found.detour)
    assert math.isnan(found.loss_barrier)
    assert (found.arrived, found.joins, found.reaches) == (False, False, False)
    assert not found.has_low_loss(100.0)


@pytest.mark.parametrize(("factor", "low"), [(2.9, False), (3.1, True)])
def test_low_loss_is_against_the_worse_end(tmp_path, factor, low):
    (found,) = read_outcomes(*stored_pair(tmp_path, status="stuck"))
    assert found.reaches
    assert not found.joins
    assert found.has_low_loss(factor) == low


def test_a_loss_that_is_no_number_makes_no_low_path_and_stands_in_the_row(tmp_path):
    paths, (profile,), solutions = stored_pair(tmp_path)
    write_table(profile, read_table(profile).assign(train_loss=[0.1, math.nan, 0.2]))
    (found,) = read_outcomes(paths, [profile], solutions)
    assert math.isnan(found.loss_ratio)
    assert not found.has_low_loss(100.0)
    row = compare([found, outcome()], 100.0).iloc[0]
    assert math.isnan(row.loss_ratio_max)
    assert math.isnan(row.loss_barrier_max)
    assert (row.detour_max, row.low_loss) == (1.5, 1)


def test_one_row_per_study_and_tracker():
    pairs = [
        outcome(gradients=10, detour=1.5, min_margin=0.3),
        outcome(gradients=30, detour=2.5, min_margin=0.2, certificate="sound", loss_barrier=0.5),
        outcome(gradients=20, detour=3.5, min_margin=-9.0, certificate="none", loss_ratio=5.0, loss_barrier=1.5),
        outcome(gradients=99, detour=math.nan, min_margin=-9.0, certificate="none", status="stuck", errors=4),
        outcome("curve", "stuck", "none", loss_ratio=1.9, errors=2),
        outcome("curve", "arrived", "exact", loss_ratio=2.0),
        outcome("curve", "stuck", "none", loss_ratio=2.1),
        outcome("curve", study="mnist100"),
    ]
    table = compare(pairs, 2.0).set_index(["study", "tracker"])
    assert list(table.index) == [("tcm", "guarded"), ("tcm", "curve"), ("mnist100", "curve")]
    guarded, curve = table.loc[("tcm", "guarded")], table.loc[("tcm", "curve")]
    assert guarded[["pairs", "joined", "certified", "exact", "sound", "sampled"]].tolist() == [4, 3, 2, 1, 1, 0]
    assert guarded[["gradients_min", "gradients_median", "gradients_max"]].tolist() == [10, 25, 99]
    assert guarded[["detour_min", "detour_median", "detour_max", "reaching"]].tolist() == [1.5, 2.5, 3.5, 3]
    assert guarded.min_margin == 0.2
    assert guarded.errors_max == 4
    assert guarded[["loss_barrier_min", "loss_barrier_median", "loss_barrier_max"]].tolist() == [
        0.0,
        0.5,
        1.5,
    ]  # as they reach
    assert (guarded.failed, curve.failed) == (1, 2)
    assert guarded[["low_loss", "low_loss_joined"]].tolist() == [2, 2]
    assert curve[["low_loss", "low_loss_joined"]].tolist() == [2, 1]


def test_a_tracker_that_joins_nothing_still_has_its_row(tmp_path):
    nothing = outcome("paper", "stuck", "none", detour=math.nan, min_margin=-1.0)
    write_comparison([nothing], 2.0, str(tmp_path / "t.csv"), str(tmp_path / "t.json"), str(tmp_path / "t.md"))
    assert math.isnan(read_table(tmp_path / "t.csv").min_margin[0])
    (row,) = [line for line in (tmp_path / "t.md").read_text().splitlines() if line.startswith("| tcm")]
    assert row == "| tcm | paper | 0 of 1 | 0 | 10 | 5 | 0 | - | - | 1 | - | 0 | 0 | 0 |"


def test_without_paths_there_is_nothing_to_compare_and_to_claim(tmp_path):
    write_comparison([], 2.0, str(tmp_path / "t.csv"), str(tmp_path / "t.json"), str(tmp_path / "t.md"))
    assert judge_trackers(read_table(tmp_path / "t.csv"), "3.1", LIMITS) == []


def judged(*pairs: PairOutcome) -> dict[str, tuple[float, str]]:
    claims = judge_trackers(compare(pairs, 2.0), "3.1", LIMITS)
    return {claim.claim: (claim.measured, claim.verdict) for claim in claims}


EXISTS = "A zero-error path exists between every two solutions"
NOT_ENOUGH = "A low-loss path need not be a zero-error path"


def test_paths_exist_where_every_pair_is_certified():
    assert judged(outcome(), outcome()) == {EXISTS: (1.0, "reproduced")}
    assert judged(outcome(), outcome(status="stuck")) == {EXISTS: (0.5, "not reproduced")}
    for opened in (outcome(certificate="none"), outcome(status="out-of-budget"), outcome(status="out-of-time")):
        assert judged(outcome(), opened)[EXISTS][1] == "not measured"  # one may be there
        assert judged(outcome(), outcome(status="stuck"), opened)[EXISTS][1] == "not reproduced"


def test_low_loss_is_not_enough_where_low_paths_make_errors():
    low, failing = outcome("curve"), outcome("band", "stuck", "none", errors=1)
    high = outcome("band", "stuck", "none", loss_ratio=9.0)
    assert judged(low, failing, high) == {NOT_ENOUGH: (0.5, "reproduced")}
    assert judged(low, high) == {NOT_ENOUGH: (0.0, "not reproduced")}
    uncertified = outcome("curve", certificate="none")  # no error was seen on it
    for pairs in ([high], [uncertified], [low, uncertified]):
        (measured, verdict) = judged(*pairs)[NOT_ENOUGH]
        assert math.isnan(measured)
        assert verdict == "not measured"


def test_claims_say_what_errors_are_allowed():
    paths = outcome(max_errors=3), outcome("curve", "stuck", "none", errors=4, max_errors=3)
    exists, not_enough = judge_trackers(compare(paths, 2.0), "3.1", LIMITS)
    assert exists.claim == "A path of at most 3 errors exists between every two solutions"
    assert not_enough.claim == "A low-loss path need not be a path of at most 3 errors"
    assert not_enough.statistic.endswith("that make more than 3 errors")


def test_other_trackers_support_neither():
    assert judged(outcome("paper"), outcome("line", "left-S", "none")) == {}
