"""Tables 1 and 2 and the claims of the text on randomization, from tables of runs that are written by hand."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from checkouts import ROOT
from scipy.stats import ttest_ind

from ramble.errors import RambleError
from ramble.papers.claim import Claim
from ramble.papers.randomization.claims.qualified import qualified
from ramble.papers.randomization.claims.runs import judge_runs
from ramble.papers.randomization.claims.table import write_claims
from ramble.papers.randomization.claims.welch import interval
from ramble.papers.randomization.printed import TABLES, Cell
from ramble.papers.randomization.runs_evidence import Evidence, Runs, read_evidence, roughness
from ramble.papers.randomization.size import size_of
from ramble.papers.randomization.tables import table_of
from ramble.papers.randomization.thresholds import Thresholds
from ramble.parameters.yaml_file import read_merged
from ramble.studies.runs.parameters import Study

# training and validation accuracy, and training loss, of one run of each row: as printed
PRINTED = {
    ("ones", 128): (0.1, 0.1, 1e9),
    ("zeros", 128): (0.4583, 0.4515, 1.5),
    ("zeros_and_biases", 128): (0.1, 0.1, 2.3),
    ("kaiming_normal", 128): (0.9933, 0.7592, 0.1),
    ("xavier_uniform", 128): (0.9395, 0.7572, 0.2),
}
BATCHES = {300: (0.7, 0.5, 1.0), 10: (0.9, 0.7, 0.5)}


def run(train: float, validation: float, loss: float, rough: float = 0.0) -> pd.DataFrame:
    falling = np.linspace(3, loss if np.isfinite(loss) else 3.0, 6) + rough * np.array([0, 1, -1, 1, -1, 0])
    last = {"train_accuracy": train, "validation_accuracy": validation, "minibatch_accuracy": train, "train_loss": loss}
    return pd.DataFrame({"minibatch_loss": falling, "validation_loss": falling} | last)


def of_row(cell: Cell, tables: list[pd.DataFrame], diverged: tuple[int, ...] = ()) -> Runs:
    return Runs(cell, 7, tables, tuple(number in diverged for number in range(len(tables))))


def with_runs(name: str, tables: list[pd.DataFrame], diverged: tuple[int, ...] = ()) -> Evidence:
    """Return the evidence whose row of this name, or the batch of this number, has these runs."""
    found = evidence()
    rows = {
        table: [
            of_row(row.cell, tables, diverged) if name in (row.cell.initialisation, str(row.cell.batch)) else row
            for row in own
        ]
        for table, own in found.rows.items()
    }
    return replace(found, rows=rows)


def evidence(**changes) -> Evidence:
    first = PRINTED | changes.pop("first", {})
    batches = BATCHES | changes.pop("batches", {})
    rough = {300: 0.2, 10: 0.1} | changes.pop("rough", {})
    count = changes.pop("count", 3)
    rows = {
        "table1": [of_row(cell, [run(*first[cell.initialisation, 128])] * count) for cell in TABLES["table1"]],
        "table2": [of_row(cell, [run(*batches[cell.batch], rough[cell.batch])] * count) for cell in TABLES["table2"]],
    }
    values = {"study": "study", "size": "as printed", "printed_size": True, "rows": rows} | changes
    return Evidence(**values)


LIMITS = Thresholds.model_validate({})


def verdicts(found: Evidence) -> dict[str, str]:
    return {claim.claim: claim.verdict for claim in judge_runs(found, LIMITS)}


def test_what_is_as_printed_is_reproduced():
    found = verdicts(evidence())
    assert found.pop("The Carlini net has 30,000 weights") == "not reproduced"
    assert found.pop("The network of ones reaches almost no loss") == "not reproduced"
    ours = [claim for claim in found if ("Carlini net, batch" in claim or "residual net, batch" in claim)]
    assert len(ours) == 8
    assert {found.pop(claim) for claim in ours} == {"not reproduced"}, "the curves above are not those printed"
    assert set(found.values()) == {"reproduced"}
    assert len(found) == 1 + 2 + 1 + 2 + 4 + 8


@pytest.mark.parametrize(
    ("changes", "claim"),
    [
        ({"first": {("zeros", 128): (0.4, 0.51, 1.0)}}, "Networks of constant weights stay below half"),
        ({"first": {("xavier_uniform", 128): (0.89, 0.76, 1.0)}}, "Xavier uniform is above 90 % on training images"),
        (
            {"first": {("xavier_uniform", 128): (0.95, 0.74, 1.0)}},
            "Both random initialisations are equally good on validation images",
        ),
        ({"batches": {10: (0.9, 0.4, 0.5)}}, "Batch 10 is better than 300 on every count: residual"),
        ({"rough": {10: 0.3}}, "The validation loss is smoother with batch 10: carlini"),
    ],
)
def test_what_is_otherwise_is_not(changes, claim):
    assert verdicts(evidence())[claim] == "reproduced"
    assert verdicts(evidence(**changes))[claim] == "not reproduced"


def test_a_loss_that_is_no_number_is_not_almost_none():
    claim = "The network of ones reaches almost no loss"
    assert verdicts(evidence(first={("ones", 128): (0.1, 0.1, np.nan)}))[claim] == "not reproduced"
    assert verdicts(evidence(first={("ones", 128): (0.1, 0.1, 0.01)}))[claim] == "reproduced"


def test_verdicts_of_another_size_say_so_but_for_the_count_of_weights():
    found = verdicts(evidence(printed_size=False, size="24 training images"))
    assert found.pop("The Carlini net has 30,000 weights") == "not reproduced"
    assert all(verdict.endswith(" (small size: 24 training images)") for verdict in found.values())


def test_the_real_number_of_weights_is_told():
    (claim,) = [one for one in judge_runs(evidence(), LIMITS) if "weights of the network" in one.statistic]
    assert claim.measured == 1_147_978


def test_a_table_has_mean_spread_and_printed_number():
    cell = TABLES["table1"][3]
    table = table_of([of_row(cell, [run(0.99, 0.75, 0.1), run(0.995, 0.77, 0.1)])])
    (row,) = table.to_dict("records")
    assert row["train_mean"] == pytest.approx(99.25)
    assert row["train_spread"] == pytest.approx(np.std([99, 99.5], ddof=1))
    assert (row["train_printed"], row["train_inside"], row["validation_inside"]) == (99.33, "True", "True")


def test_roughness_is_the_distance_from_the_middle_of_the_neighbours():
    assert roughness(np.array([3.0, 2.0, 1.0, 0.0])) == 0
    assert roughness(np.array([0.0, 2.0, 0.0])) == 1
    assert roughness(np.array([0.0, 20.0, 0.0])) == 1, "whatever the height"
    assert np.isnan(roughness(np.array([np.nan, 1.0, 2.0])))


def test_fewer_than_three_runs_decide_nothing_of_a_printed_number():
    (claim,) = [found for found in verdicts(evidence()) if "training accuracy 93.95 %" in found]
    assert verdicts(evidence())[claim] == "reproduced"
    assert verdicts(evidence(count=2))[claim] == "not measured"


CONSTANT = "Networks of constant weights stay below half"
XAVIER = "Xavier uniform is above 90 % on training images"
ONES = "The network of ones reaches almost no loss"
GAP = "Both random initialisations are equally good on validation images"
BETTER = "Batch 10 is better than 300 on every count: carlini"
SMOOTHER = "The validation loss is smoother with batch 10: carlini"
NO_LOSS = {("ones", 128): (0.1, 0.1, 0.01)}


@pytest.mark.parametrize("claim", [CONSTANT, XAVIER, ONES, GAP, BETTER, SMOOTHER])
def test_fewer_than_three_runs_reproduce_no_claim(claim):
    assert verdicts(evidence(first=NO_LOSS))[claim] == "reproduced"
    assert verdicts(evidence(first=NO_LOSS, count=2))[claim] == "not measured"


@pytest.mark.parametrize(
    ("name", "good", "bad", "claim"),
    [
        ("zeros", (0.4583, 0.4515, 1.5), (0.4, 0.5, 1.0), CONSTANT),
        ("xavier_uniform", (0.95, 0.7572, 0.2), (0.89, 0.7572, 0.2), XAVIER),
        ("ones", (0.1, 0.1, 0.01), (0.1, 0.1, 0.11), ONES),
        ("ones", (0.1, 0.1, 0.01), (0.1, 0.1, np.inf), ONES),
        ("ones", (0.1, 0.1, 0.01), (0.1, 0.1, np.nan), ONES),
    ],
)
def test_of_a_claim_on_all_runs_one_decides_unless_it_diverged(name, good, bad, claim):
    assert verdicts(with_runs(name, [run(*good)] * 3))[claim] == "reproduced"
    assert verdicts(with_runs(name, [run(*bad)]))[claim] == "not reproduced"
    runs = [run(*good)] * 3 + [run(*bad)]
    assert verdicts(with_runs(name, runs))[claim] == "not reproduced"
    assert verdicts(with_runs(name, runs, diverged=(3,)))[claim] == "not measured", "not even of the others"
    assert verdicts(with_runs(name, runs, diverged=(0,)))[claim] == "not reproduced"


@pytest.mark.parametrize("missing", ["ones", "zeros"])
def test_constant_weights_are_both_that_are_printed(missing):
    whole = evidence(first={("zeros_and_biases", 128): (0.1, 0.1, 2.3)})
    without = [row for row in whole.rows["table1"] if row.cell.initialisation != missing]
    (claim,) = [
        one
        for one in judge_runs(replace(whole, rows=whole.rows | {"table1": without}), LIMITS)
        if one.claim == CONSTANT
    ]
    assert claim.verdict == "not measured"
    assert claim.spread.endswith(f"no runs of {missing}")


@pytest.mark.parametrize(
    ("second", "verdict"),
    [
        ([0.755, 0.756, 0.757], "reproduced"),  # surely within 1 % of 0.7592
        ([0.70, 0.71, 0.72], "not reproduced"),
        ([0.72, 0.76, 0.80], "not measured"),  # the means are equal, but for noise
        ([0.7481, 0.7491, 0.7501], "not measured"),  # the means are 1.01 % apart, and the interval reaches below
        ([0.755, 0.756], "not measured"),
        ([0.755, 0.756, np.nan], "not measured"),
    ],
)
def test_noise_does_not_make_two_means_equal(second, verdict):
    found = with_runs("xavier_uniform", [run(0.95, one, 0.2) for one in second])
    assert verdicts(found)[GAP] == verdict


@pytest.mark.parametrize(
    ("small", "verdict"),
    [
        # training and validation accuracy, and loss, against 0.7, 0.5, 1 of batch 300
        ([(0.9, 0.7, 0.5), (0.91, 0.71, 0.51), (0.92, 0.72, 0.52)], "reproduced"),
        ([(0.9, 0.7, 0.5), (0.91, 0.71, 1.0), (0.92, 0.72, 1.49)], "not measured"),
        ([(0.9, 0.7, 0.5), (0.91, 0.71, 1.2), (0.92, 0.72, 1.4)], "not measured"),  # the mean loss is larger
        ([(0.7001, 0.5001, 0.9999), (0.6, 0.4, 0.9), (0.81, 0.61, 1.0999)], "not measured"),
        ([(0.9, 0.7, 1.1), (0.7, 0.5, 1.11), (0.6, 0.4, 1.12)], "not reproduced"),  # by the loss alone
        ([(0.9, 0.7, 1.0)] * 3, "not reproduced"),  # an equal loss is not better
    ],
)
def test_noise_does_not_make_a_batch_better(small, verdict):
    assert verdicts(with_runs("10", [run(*one) for one in small]))[BETTER] == verdict


@pytest.mark.parametrize(("validation", "verdict"), [(0.7, "not measured"), (0.4, "not reproduced")])
def test_a_loss_that_is_no_number_leaves_the_others_to_decide(validation, verdict):
    runs = [run(0.9, validation, 0.5).assign(train_loss=np.nan)] * 3
    assert verdicts(with_runs("10", runs))[BETTER] == verdict


def test_runs_that_diverged_decide_nothing_of_means():
    for name, runs, claim in (
        ("300", [run(0.7, 0.5, 1.0, 0.2)] * 3, BETTER),
        ("300", [run(0.7, 0.5, 1.0, 0.2)] * 3, SMOOTHER),
        ("kaiming_normal", [run(0.9933, 0.7592, 0.1)] * 3, GAP),
    ):
        assert verdicts(with_runs(name, runs))[claim] == "reproduced"
        assert verdicts(with_runs(name, runs, diverged=(1,)))[claim] == "not measured"


@pytest.mark.parametrize(
    ("rough", "verdict"),
    [
        ([0.1, 0.11, 0.12], "reproduced"),
        ([0.30, 0.31, 0.32], "not reproduced"),
        ([0.0, 0.15, 0.3], "not measured"),  # of half the roughness in the mean, and of more in one run
        ([0.2, 0.2, 0.2], "not reproduced"),
    ],
)
def test_noise_does_not_make_a_curve_smoother(rough, verdict):
    found = verdicts(with_runs("10", [run(0.9, 0.7, 1.0, one) for one in rough]))
    assert found[SMOOTHER] == verdict


def test_a_run_that_diverged_does_not_widen_the_range_that_a_printed_number_lies_in():
    (claim,) = [found for found in verdicts(evidence()) if "training accuracy 99.33 %" in found]
    runs = [run(0.5, 0.5, 1.0)] * 3 + [run(1.0, 1.0, 0.1)]
    assert verdicts(with_runs("kaiming_normal", runs))[claim] == "reproduced"
    assert verdicts(with_runs("kaiming_normal", runs, diverged=(3,)))[claim] == "not measured"


def test_the_tables_count_a_run_that_diverged_as_it_was_then():
    found = with_runs("ones", [run(0.1, 0.1, 1.0), run(0.3, 0.3, 3.0)], diverged=(1,))
    (row,) = table_of(found.rows["table1"][:1]).to_dict("records")
    assert (row["runs"], row["diverged"], row["train_mean"]) == (2, 1, pytest.approx(20.0))


def test_the_interval_is_that_of_welch():
    stream = np.random.default_rng(1)
    first, second = stream.normal(1, 0.1, 3), stream.normal(0, 2, 7)
    theirs = ttest_ind(first, second, equal_var=False).confidence_interval()
    assert interval(first, second) == pytest.approx((theirs.low, theirs.high))
    constant = np.full(3, 0.1)  # whose mean is not 0.1 to the last bit
    assert interval(constant, np.full(4, 0.1)) == (0, 0)
    low, high = interval(constant, second)
    assert low < 0.1 - second.mean() < high
    for unknown in ([0.1, np.nan], [0.1, np.inf], [0.1], [1e200, -1e200]):
        assert np.isnan(interval(np.array(unknown), second)).all()


def test_what_is_not_measured_is_of_no_size_and_not_counted_as_not_reproduced(tmp_path: Path):
    found = evidence(count=2, printed_size=False, size="24 training images")
    claims = judge_runs(found, LIMITS)
    files = [str(tmp_path / f"claims.{suffix}") for suffix in ("csv", "json", "md")]
    write_claims("study", claims, *files)
    metrics = json.loads(Path(files[1]).read_text())
    assert metrics[GAP] == {"measured": None, "reproduced": None}
    assert metrics[ONES]["reproduced"] == 0
    told = {claim.claim: claim.verdict for claim in claims}
    assert (told[GAP], told[ONES]) == ("not measured", "not reproduced (small size: 24 training images)")
    open_one = Claim("", "", "", "", float("nan"), "", "", "not measured")
    assert qualified(open_one, "small") == open_one


def full_study(**changes):
    document = read_merged([ROOT / "params.yaml"])["studies"]["randomization_full"]
    return Study.model_validate(document | changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {
                "data": {
                    "path": "ramble.problems.mnist.mnist_images",
                    "arguments": {"data_root": "data", "train": 50000, "test": 10000},
                }
            },
            "data by ramble.problems.mnist.mnist_images",
        ),
        ({"validation": "validation"}, "0 validation images"),
        ({"initialisations": {"ones": {"weights": {"name": "zeros_"}, "biases": "uniform"}}}, "ones of its own"),
        (
            {"networks": {"carlini": {"path": "ramble.problems.resnet.ResNetProblem", "arguments": {"depth": 8}}}},
            "carlini by ramble.problems.resnet.ResNetProblem",
        ),
        ({"schedules": {"cosine": {"name": "CosineAnnealingLR", "arguments": {"T_max": 50}}}}, "schedule cosine"),
        ({"augmentations": {"flips": {"flip": True}}}, "augmentation flips"),
    ],
)
def test_whatever_is_not_as_printed_is_said_with_the_size(changes, said):
    assert size_of(full_study())[1]
    grid = {"networks": ["carlini"], "optimisers": ["adam"], "initialisations": ["ones"], "batches": [128]}
    grid |= {kind: list(changes[kind]) for kind in ("schedules", "augmentations") if kind in changes}
    words, printed = size_of(full_study(**changes, grids={"one": grid}))
    assert not printed
    assert words.endswith(said)


def test_two_settings_for_one_row_of_a_table_are_refused():
    settings = dict.fromkeys(("carlini-adam-b300", "carlini-sgd-b300"), ("carlini", "plain", 300))
    with pytest.raises(
        RambleError, match=r"studies\.mine\.grids: the settings carlini-adam-b300 and carlini-sgd-b300 both"
    ):
        read_evidence("mine", "small", False, settings, [f"results/{name}-0.csv" for name in settings])
