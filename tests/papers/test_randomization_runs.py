"""Tables 1 and 2 and the claims of the text on randomization, from tables of runs that are written by hand."""

import numpy as np
import pandas as pd
import pytest
from checkouts import ROOT

from ramble.errors import RambleError
from ramble.papers.randomization.claims.runs import judge_runs
from ramble.papers.randomization.printed import TABLES
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


def evidence(**changes) -> Evidence:
    first = PRINTED | changes.pop("first", {})
    batches = BATCHES | changes.pop("batches", {})
    rough = {300: 0.2, 10: 0.1} | changes.pop("rough", {})
    count = changes.pop("count", 3)
    rows = {
        "table1": [Runs(cell, 7, [run(*first[cell.initialisation, 128])] * count, 0) for cell in TABLES["table1"]],
        "table2": [
            Runs(cell, 7, [run(*batches[cell.batch], rough[cell.batch])] * count, 0) for cell in TABLES["table2"]
        ],
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


def test_fewer_than_three_runs_decide_nothing_of_a_printed_number():
    (claim,) = [found for found in verdicts(evidence()) if "training accuracy 93.95 %" in found]
    assert verdicts(evidence())[claim] == "reproduced"
    assert verdicts(evidence(count=2))[claim] == "not measured"


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
