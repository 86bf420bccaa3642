"""Studies of descent and of depth at the smallest size: tables, claims and figures."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from ramble.papers.randomization.claims.bounds_table import write_claims_of_bounds
from ramble.papers.randomization.claims.depth import judge_depth
from ramble.papers.randomization.claims.descent import DescentTables, judge_descent
from ramble.papers.randomization.size import departures_of_depth
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
DEPTH = DepthStudy.model_validate({"kind": "depth", "layers": 6, "units": 8, "draws": 3, "width": 2, "images": 2})
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
    wrong["rest"] = tables["rest"].assign(distance=0.0, largest_gradient=0.0)
    found = verdicts(wrong)
    for start in ("Theorem 1", "Theorem 2", "Theorem 3", "The second moment", "Gradient descent goes down"):
        for name in (name for name in found if name.startswith(start)):
            assert found[name] == "not reproduced", name
    assert found["Section 7 as printed: a minimum is absorbing"] == "reproduced"
    assert found[correct] == "not reproduced"


@pytest.mark.parametrize("unknown", [np.nan, np.inf])
def test_points_whose_numbers_are_none_are_open(tables, unknown):
    bounds = tables["bounds"].copy()
    names = ["loss", "expected", "worst_excess", "second", "square", "bound", "bound_computed", "bound_fitted"]
    points = bounds.groupby("problem").sample(1, random_state=0).index
    bounds.loc[points, names] = unknown
    if unknown == np.inf:  # a loss that overflowed: what follows from it is none
        bounds.loc[points, ["expected", "worst_excess"]] = np.nan
    bounds.loc[points, "fitted_on"] = False
    found = verdicts({**tables, "bounds": bounds})
    before = verdicts(tables)
    judged = [name for name in found if name.startswith(("Theorem 1:", "Theorem 2:", "Theorem 3 as it should"))]
    assert len(judged) == 6
    for name in judged:
        assert (before[name], found[name]) == ("reproduced", "not measured"), name
    # one that is surely beyond its bound decides all the same
    bounds.loc[bounds.index.difference(points), ["expected", "worst_excess"]] = 1e9
    found = verdicts({**tables, "bounds": bounds})
    assert {found[name] for name in judged} == {"not reproduced"}


def test_second_moments_that_are_none_are_open(tables):
    bounds = tables["bounds"].assign(constant=1e9)
    fitted = "The second moment of the gradient is bounded by M + M_G |grad F|^2"
    assert verdicts({**tables, "bounds": bounds})[fitted] == "reproduced"
    bounds.loc[bounds.index[~bounds.fitted_on][0], "second"] = np.nan
    assert verdicts({**tables, "bounds": bounds})[fitted] == "not measured"


def test_losses_and_means_that_are_none_are_open(tables):
    bowl, schedules = tables["bowl"].copy(), tables["schedules"].copy()
    for run in ("descent", "overshooting", "stochastic"):
        bowl.loc[bowl.index[bowl.run == run][1:], "loss"] = np.nan
    schedules.loc[schedules.index[schedules.step == 100], ["weighted_mean", "recent"]] = np.nan
    found = verdicts({**tables, "bowl": bowl, "schedules": schedules})
    for start in (
        "Gradient descent goes",
        "At a too large",
        "Stochastic gradient",
        "Theorem 4",
        "Under",
        "Steps whose",
    ):
        assert {verdict for name, verdict in found.items() if name.startswith(start)} == {"not measured"}, start
    still = tables["schedules"]
    still = still.assign(recent=still.recent.where(still.kind != "constant", 0.0))  # which has no logarithm
    level = "Under constant steps |grad F|^2 stays at a level that is proportional to the step size"
    assert verdicts({**tables, "schedules": still})[level] == "not measured"


def test_a_walk_of_tiny_steps_tells_nothing_of_a_minimum_that_a_sample_leads_away_from(tables):
    study = STUDY.model_copy(update={"rest": STUDY.rest.model_copy(update={"rate": 1e-12})})
    rest = measure_rest(Sums(7, "small", study), study)
    assert rest[rest.start == "at"].distance.max() < LIMITS.resting
    assert set(of_rest(tables, rest)) == {"not measured"}
    # all targets are met: no sample leads away, whatever the steps
    met = rest[rest.targets == "met"]
    assert of_rest(tables, met) == ["reproduced", "reproduced"]
    seen = met.assign(distance=met.distance.where(met.step < 50, 1e-3))
    assert of_rest(tables, seen) == ["not reproduced", "not reproduced"]


def test_a_walk_that_was_seen_to_leave_left_whatever_came_after(tables):
    rest = tables["rest"]
    lost = rest.assign(distance=rest.distance.where(rest.step < 50))
    assert of_rest(tables, lost[lost.targets == "missed"]) == ["not reproduced", "reproduced"]
    assert of_rest(tables, lost) == ["not reproduced", "not measured"], "what becomes of the others is not known"
    assert of_rest(tables, rest.assign(distance=np.nan)) == ["not measured", "not measured"]


def of_rest(tables: dict[str, pd.DataFrame], rest: pd.DataFrame) -> list[str]:
    claims = judge_descent("small", of_descent({**tables, "rest": rest}), LIMITS)
    return [claim.verdict for claim in claims if claim.where == "7"]


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
    found = of_depth(products, layers)
    for direction in ("forward", "backward"):
        name = f"Through l layers times c values grow or fade as c^l (orthogonal matrices, {direction})"
        assert found[name] == "reproduced"
    assert found["With all weights and biases 0 every layer gets a gradient"] == "not reproduced"
    wrong = products.assign(forward=products.forward * 1.05**products.layer)
    found = of_depth(wrong, layers)
    assert (
        found["Through l layers times c values grow or fade as c^l (orthogonal matrices, forward)"] == "not reproduced"
    )
    grown = layers.assign(output=100.0**layers.number, weight_gradient=1.0)
    found = of_depth(products, grown)
    assert found["Weights of 1 make the values of the layers explode"] == "reproduced"
    assert found["kaiming_normal keeps the size of the values of the Carlini net"] == "not reproduced"
    assert found["With all weights and biases 0 every layer gets a gradient"] == "reproduced"


EXPLODES = "Weights of 1 make the values of the layers explode"
KEPT = "xavier_uniform keeps the size of the values of the Carlini net"
MOVES = "With all weights 0 every layer gets a gradient"


def sized(tables: dict[str, pd.DataFrame], *draws: list[float]) -> str:
    """Return the verdict on a network whose layers have these sizes, for each draw."""
    own = tables["layers"]
    own = own[(own.initialisation == "xavier_uniform") & (own.number <= 5)]
    rows = [own[own.draw == 0].assign(draw=draw, output=sizes) for draw, sizes in enumerate(draws)]
    return of_depth(tables["products"], pd.concat(rows))[KEPT]


@pytest.mark.parametrize(
    ("draw", "verdict"),
    [
        ([1, 0.2, 9, 1, 1e9], "reproduced"),  # the last gives the logits
        ([1, 11, 1, 1, 1], "not reproduced"),
        ([1, 1, 0.09, 1, 1], "not reproduced"),
        ([1, 1, 0, 1, 1], "not reproduced"),
        ([0, 1, 1, 1, 1], "not reproduced"),
        ([0, 0, 0, 0, 0], "not reproduced"),
        ([1, np.inf, 1, 1, 1], "not reproduced"),
        ([1, 1, np.nan, 1, 1], "not measured"),
        ([np.nan, 1, 1, 1, 1], "not measured"),
    ],
)
def test_a_size_is_kept_in_every_hidden_layer(tables, draw, verdict):
    assert sized(tables, *[draw] * 3) == verdict


def test_no_seed_decides_whether_a_size_is_kept(tables):
    inside, outside = [1, 9.9, 1, 1, 1], [1, 10.1, 1, 1, 1]
    assert sized(tables, inside, inside, inside) == "reproduced"
    assert sized(tables, inside, inside, outside) == "not measured"
    assert sized(tables, outside, outside, inside) == "not measured"
    assert sized(tables, outside, outside, outside) == "not reproduced"
    assert sized(tables, inside, inside) == "not measured", "of two draws"


def test_no_seed_decides_whether_values_explode(tables):
    layers = tables["layers"]
    grown = layers.assign(output=10.0 ** (2 * layers.number))
    assert of_depth(tables["products"], grown)[EXPLODES] == "reproduced"
    last = (grown.number == 6) & (grown.draw == 1)
    assert of_depth(tables["products"], grown.assign(output=grown.output.where(~last, 1.0)))[EXPLODES] == "not measured"


def test_sizes_that_are_none_leave_claims_on_depth_open(tables):
    products, layers = tables["products"].copy(), tables["layers"].copy()
    products.loc[products.index[products.layer == 4], ["forward", "backward"]] = [0.0, np.nan]
    layers.loc[layers.index[layers.number == 1], "output"] = np.nan
    zeros = layers.initialisation == "zeros"
    layers.loc[zeros, "weight_gradient"] = 1.0
    layers.loc[zeros & (layers.number == 2), "weight_gradient"] = np.nan
    found = of_depth(products, layers)
    rates = [name for name in found if name.startswith("Through l layers")]
    assert len(rates) == 4
    assert {found[name] for name in (*rates, EXPLODES, KEPT, MOVES)} == {"not measured"}
    layers.loc[zeros & (layers.number == 3), "weight_gradient"] = 0.0
    assert of_depth(products, layers)[MOVES] == "not reproduced", "whatever that of layer 2 is"


def test_verdicts_say_what_of_the_network_is_not_as_printed(tables):
    plain = {"kind": "depth"}
    own = DepthStudy.model_validate(plain).model_dump()["initialisations"]
    changed = own | {"kaiming_normal": {"weights": {"name": "normal_", "arguments": {"std": 0.1}}, "biases": "uniform"}}
    assert set(departures_of_depth(DepthStudy.model_validate(plain)).values()) == {""}
    words = departures_of_depth(DepthStudy.model_validate(plain | {"width": 8, "initialisations": changed}))
    assert words["xavier_uniform"] == "width 8"
    assert words["kaiming_normal"] == "width 8, initialisation kaiming_normal of its own"
    layers = tables["layers"].assign(output=1.0, gradient=1.0)
    found = of_depth(tables["products"], layers, words)
    assert found[KEPT] == "reproduced (width 8)"
    assert found[EXPLODES] == "not reproduced (width 8)"
    kaiming = "kaiming_normal keeps the size of the gradients of the Carlini net"
    assert found[kaiming] == "reproduced (width 8, initialisation kaiming_normal of its own)"
    assert found["Through l layers times c values grow or fade as c^l (orthogonal matrices, forward)"] == "reproduced"
    assert of_depth(tables["products"], layers.assign(output=np.nan), words)[KEPT] == "not measured"


def of_depth(products: pd.DataFrame, layers: pd.DataFrame, departures: dict[str, str] | None = None) -> dict[str, str]:
    words = departures or dict.fromkeys(DEPTH.initialisations, "")
    return {claim.claim: claim.verdict for claim in judge_depth("small", products, layers, LIMITS, words)}


def test_draws_of_weights_differ_and_leave_the_global_stream_alone(tables):
    kaiming = tables["layers"][tables["layers"].initialisation == "kaiming_normal"]
    assert kaiming.groupby("number").output.nunique().eq(3).all()
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
