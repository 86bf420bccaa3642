"""Studies of descent and of depth at the smallest size: tables, claims and figures."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from ramble.papers.randomization.claims.bounds_table import write_claims_of_bounds
from ramble.papers.randomization.claims.depth import judge_depth
from ramble.papers.randomization.claims.descent import DescentTables, judge_descent
from ramble.papers.randomization.theorem_thresholds import TheoremThresholds
from ramble.store.artifacts import read_table, write_table
from ramble.studies.depth import drawing as depth_drawing
from ramble.studies.depth.measuring import measure_layers, measure_products
from ramble.studies.depth.parameters import Study as DepthStudy
from ramble.studies.descent.bounds import measure_bounds
from ramble.studies.descent.bowl import measure_bowl
from ramble.studies.descent.drawing import bounds, bowl, rest, schedules
from ramble.studies.descent.parameters import Study
from ramble.studies.descent.rest import measure_rest
from ramble.studies.descent.schedules import measure_schedules
from ramble.studies.descent.sums import Sums

LIMITS = TheoremThresholds.model_validate({})
STUDY = Study.model_validate(
    {
        "kind": "descent",
        "samples": 24,
        "walks": 2,
        "bowl": {"grid": 11, "steps": 5, "large_steps": 5, "stochastic_steps": 20},
        "bounds": {"scales": [0.3], "rates": [0.1, 1.0], "network_rates": [0.1], "steps": 20, "every": 10},
        "schedule_steps": 100,
        "rest": {"steps": 50},
    }
)
DEPTH = DepthStudy.model_validate({"kind": "depth", "layers": 6, "units": 8, "draws": 2, "width": 2, "images": 2})
SUMS = Sums(7, "small", STUDY)


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    walks, contours = measure_bowl(SUMS, STUDY)
    return {
        "bowl": walks,
        "contours": contours,
        "bounds": measure_bounds(SUMS, STUDY),
        "schedules": measure_schedules(SUMS, STUDY),
        "rest": measure_rest(SUMS, STUDY),
        "products": measure_products(7, "small", DEPTH),
        "layers": measure_layers(7, "small", DEPTH),
    }


def of_descent(tables: dict[str, pd.DataFrame]) -> DescentTables:
    return DescentTables(**{name: tables[name] for name in ("bowl", "bounds", "schedules", "rest")})


def verdicts(tables: dict[str, pd.DataFrame]) -> dict[str, str]:
    return {claim.claim: claim.verdict for claim in judge_descent("small", of_descent(tables), LIMITS)}


def test_walks_of_the_bowl_begin_where_they_should_and_follow_its_gradient(tables):
    walks, loss = tables["bowl"], SUMS.bowl()
    for run, own in walks[walks.run != "minimum"].groupby("run"):
        assert own[["u", "v"]].iloc[0].tolist() == STUDY.bowl.start, run
    descent = torch.tensor(walks[walks.run == "descent"][["u", "v"]].to_numpy())
    torch.testing.assert_close(descent[1], descent[0] - loss.gradient(descent[0]) / loss.smoothness)
    grid = tables["contours"]
    assert len(grid) == 121
    assert grid.loss.to_numpy() == pytest.approx(loss.value(torch.tensor(grid[["u", "v"]].to_numpy())).numpy())
    assert grid.u.min() < walks.u.min()
    assert grid.u.max() > walks.u.max()


def test_bounds_are_looked_at_at_every_point_of_every_walk(tables):
    table = tables["bounds"]
    assert len(table) == 3 * 2 * 3  # rates, walks, steps 0, 10, 20
    assert table.groupby("problem").size().to_dict() == {"logistic": 12, "network": 6}
    assert sorted(table.step.unique()) == [0, 10, 20]
    logistic = table[table.problem == "logistic"]
    assert (logistic.rate * logistic.smoothness).unique() == pytest.approx([0.1, 1.0])
    assert table.computed_constant.isna().tolist() == (table.problem == "network").tolist()


def test_levels_and_means_of_the_schedules_are_those_of_their_squares(tables):
    table = tables["schedules"]
    assert set(table.kind) == {"constant", "suitable", "fleeting"}
    first = table[table.step == 1]
    assert first.weighted_mean.to_numpy() == pytest.approx(first.square.to_numpy())
    assert len(set(first.square)) == 1
    constant = table[(table.schedule == "constant_large") & (table.step == 100)]
    assert constant.sum_rates.to_numpy() == pytest.approx(100 * constant.rate.to_numpy())


def test_walks_rest_where_all_targets_are_met_and_nowhere_else(tables):
    table = tables["rest"]
    begun = table[(table.start == "at") & (table.step == table.step.max())]
    assert (begun[begun.targets == "met"].distance < 1e-12).all()
    assert (begun[begun.targets == "missed"].distance > 1e-4).all()
    assert table[table.targets == "met"].largest_gradient.max() < 1e-12
    assert table[table.targets == "missed"].largest_gradient.min() > 0.01


def test_tables_of_one_seed_are_the_same_and_of_another_are_not(tables):
    again = measure_rest(Sums(7, "small", STUDY), STUDY)
    pd.testing.assert_frame_equal(tables["rest"], again)
    assert not measure_rest(Sums(8, "small", STUDY), STUDY).distance.equals(again.distance)


def test_verdicts_follow_the_tables(tables):
    found = verdicts(tables)
    assert found["Section 7 as printed: a minimum is absorbing"] == "not reproduced"
    correct = next(name for name in found if name.startswith("Section 7 as it should"))
    assert found[correct] == "reproduced"
    assert found["Theorem 2: the bound in expectation (logistic regression)"] == "reproduced"
    assert found["Theorem 1: the descent bound (logistic regression, L computed)"] == "reproduced"
    wrong = dict(tables)
    wrong["bounds"] = tables["bounds"].assign(expected=1.0, worst_excess=1e-3, second=np.inf)
    wrong["bowl"] = tables["bowl"].assign(loss=range(len(tables["bowl"])))
    wrong["rest"] = tables["rest"].assign(distance=0.0)
    found = verdicts(wrong)
    for start in ("Theorem 1", "Theorem 2", "Theorem 3", "The second moment", "Gradient descent goes down"):
        for name in (name for name in found if name.startswith(start)):
            assert found[name] == "not reproduced", name
    assert found["Section 7 as printed: a minimum is absorbing"] == "reproduced"
    assert found[correct] == "not reproduced"


def test_claims_on_step_sizes_follow_the_levels(tables):
    table = tables["schedules"]
    last = table.step.max()

    def leveled(power: float, fleeting: float, weighted: float) -> dict[str, str]:
        level = table.rate**power
        level = level.where(table.kind != "suitable", 1e-4).where(table.kind != "fleeting", fleeting)
        means = table.weighted_mean.where(table.step < last, weighted)
        changed = table.assign(recent=level, weighted_mean=means)
        return {name[:25]: verdict for name, verdict in verdicts({**tables, "schedules": changed}).items()}

    start = float(table[table.step == 1].square.iloc[0])
    good, bad = leveled(1.0, 1.1e-3, 0.09 * start), leveled(0.5, 0.9e-3, 0.2 * start)
    for name in ("Under constant steps |grad", "Steps whose sum is finite", "Theorem 4: the weighted mean of"):
        assert good[name[:25]] == "reproduced", name
    assert bad["Under constant steps |gra"] == "not reproduced"
    assert bad["Steps whose sum is finite"] == "not reproduced"


def test_claims_on_depth_follow_the_tables(tables):
    products, layers = tables["products"], tables["layers"]
    found = {claim.claim: claim.verdict for claim in judge_depth("small", products, layers, LIMITS)}
    for direction in ("forward", "backward"):
        name = f"Through l layers times c values grow or fade as c^l (orthogonal matrices, {direction})"
        assert found[name] == "reproduced"
    assert found["With all weights and biases 0 every layer gets a gradient"] == "not reproduced"
    wrong = products.assign(forward=products.forward * 1.05**products.layer)
    found = {claim.claim: claim.verdict for claim in judge_depth("small", wrong, layers, LIMITS)}
    assert (
        found["Through l layers times c values grow or fade as c^l (orthogonal matrices, forward)"] == "not reproduced"
    )
    grown = layers.assign(output=100.0**layers.number, weight_gradient=1.0)
    found = {claim.claim: claim.verdict for claim in judge_depth("small", products, grown, LIMITS)}
    assert found["Weights of 1 make the values of the layers explode"] == "reproduced"
    assert found["kaiming_normal keeps the size of the values of the Carlini net"] == "not reproduced"
    assert found["With all weights and biases 0 every layer gets a gradient"] == "reproduced"


def test_draws_of_weights_differ_and_leave_the_global_stream_alone(tables):
    kaiming = tables["layers"][tables["layers"].initialisation == "kaiming_normal"]
    assert kaiming.groupby("number").output.nunique().eq(2).all()
    state = torch.random.get_rng_state()
    measure_layers(7, "small", DEPTH.model_copy(update={"draws": 1}))
    assert torch.equal(state, torch.random.get_rng_state())


def test_figures_and_claims_are_made_from_stored_tables(tables, tmp_path: Path):
    files = {name: [str(tmp_path / f"{name}.csv")] for name in tables}
    for name, table in tables.items():
        write_table(files[name][0], table)
    for draw, panels in ((bowl, 6), (bounds, 2), (schedules, 3), (rest, 2), (depth_drawing, 4)):
        assert len(draw.draw(files).axes) == panels
    stored = {name: read_table(file[0]) for name, file in files.items()}
    claims = judge_descent("small", of_descent(stored), LIMITS)
    assert [claim.verdict for claim in claims] == list(verdicts(tables).values())
    write_claims_of_bounds("small", claims, str(tmp_path / "claims.csv"), str(tmp_path / "claims.md"))
    assert (tmp_path / "claims.md").read_text().count("\n| ") == len(claims) + 2


def test_a_study_without_steps_to_compare_is_refused():
    with pytest.raises(ValueError, match="schedules: none has a power above 1"):
        Study.model_validate({"kind": "descent", "schedules": {"a": {"rate": 0.1}, "b": {"rate": 0.1, "power": 0.7}}})
