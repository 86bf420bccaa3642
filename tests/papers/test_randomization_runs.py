"""Tables 1 and 2 and the claims of the text on randomization, from tables of runs that are written by hand."""

import numpy as np
import pandas as pd
import pytest

from ramble.papers.randomization.claims.runs import judge_runs
from ramble.papers.randomization.printed import TABLES
from ramble.papers.randomization.runs_evidence import Evidence, Runs, roughness
from ramble.papers.randomization.tables import table_of
from ramble.papers.randomization.thresholds import Thresholds

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


def evidence(**changes) -> Evidence:
    first = PRINTED | changes.pop("first", {})
    batches = BATCHES | changes.pop("batches", {})
    rough = {300: 0.2, 10: 0.1} | changes.pop("rough", {})
    rows = {
        "table1": [Runs(cell, 7, [run(*first[cell.initialisation, 128])] * 2, 0) for cell in TABLES["table1"]],
        "table2": [Runs(cell, 7, [run(*batches[cell.batch], rough[cell.batch])] * 2, 0) for cell in TABLES["table2"]],
    }
    values = {"study": "study", "size": "as printed", "printed_size": True, "rows": rows} | changes
    return Evidence(**values)


def verdicts(found: Evidence) -> dict[str, str]:
    return {claim.claim: claim.verdict for claim in judge_runs(found, Thresholds.model_validate({}))}


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
    (claim,) = [
        one
        for one in judge_runs(evidence(), Thresholds.model_validate({}))
        if "weights of the network" in one.statistic
    ]
    assert claim.measured == 1_147_978


def test_a_table_has_mean_spread_and_printed_number():
    cell = TABLES["table1"][3]
    table = table_of([Runs(cell, 7, [run(0.99, 0.75, 0.1), run(0.995, 0.77, 0.1)], 0)])
    (row,) = table.to_dict("records")
    assert row["train_mean"] == pytest.approx(99.25)
    assert row["train_spread"] == pytest.approx(np.std([99, 99.5], ddof=1))
    assert (row["train_printed"], row["train_inside"], row["validation_inside"]) == (99.33, "True", "True")


def test_roughness_is_the_distance_from_the_middle_of_the_neighbours():
    assert roughness(np.array([3.0, 2.0, 1.0, 0.0])) == 0
    assert roughness(np.array([0.0, 2.0, 0.0])) == 1
    assert roughness(np.array([0.0, 20.0, 0.0])) == 1, "whatever the height"
    assert np.isnan(roughness(np.array([np.nan, 1.0, 2.0])))
