"""Grids of training runs: settings and files by name, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ramble.errors import RambleError
from ramble.papers.randomization.size import settings_of, size_of
from ramble.parameters.document import validate
from ramble.parameters.yaml_file import read_merged
from ramble.studies.runs.drawing import draw_runs
from ramble.studies.runs.parameters import Study
from ramble.studies.runs.table import ENDS, write_runs

ROOT = Path(__file__).parents[2]


def changed(**changes: Any) -> dict[str, Any]:
    config = read_merged([ROOT / "params.yaml"])
    studies = config["studies"]
    return config | {"studies": studies | {"randomization_small": studies["randomization_small"] | changes}}


def study(name: str = "randomization_small", **changes: Any) -> Study:
    found = validate(changed(**changes)).studies[name]
    assert isinstance(found, Study)
    return found


def test_a_grid_is_all_combinations_and_files_are_named_after_them():
    own = study()
    assert len(own.grids["initialisation"].settings) == 5
    assert [one.name for one in own.grids["batch"].settings] == [
        "carlini-adam-b300", "carlini-adam-b10", "residual-adam-b300", "residual-adam-b10",
    ]  # fmt: skip
    assert own.run_files("a", "csv", "batch")[:2] == [f"results/a/runs/carlini-adam-b300-{n}.csv" for n in (0, 1)]
    settings = own.settings_of("carlini-adam-ones-b128")
    assert settings.initialisation.weights is not None
    assert (settings.initialisation.weights.name, settings.batch) == ("ones_", 128)
    keys = own.keys_of("carlini-adam-ones-b128")
    assert keys == ["validation", "epochs", "points", "networks.carlini", "optimisers.adam", "initialisations.ones"]


def test_only_the_study_as_printed_has_the_printed_size():
    assert size_of(study("randomization_full")) == (
        "50,000 training images, 50 epochs, carlini width 64, residual depth 56, Adam (lr = 0.0001)",
        True,
    )
    assert not size_of(study())[1]
    assert not size_of(study(epochs=49))[1]
    assert settings_of(study())["residual-adam-b10"] == ("residual", "plain", 10)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"grids": {"a": {"networks": ["b"], "optimisers": ["adam"], "batches": [1]}}},
            "no 'b' among the study's networks",
        ),
        ({"points": [51]}, "points: epoch 51 is after the last one, 50"),
        ({"optimisers": {"adam": {"name": "Ad am"}}}, "optimisers.adam.name"),
        ({"initialisations": {"plain": {}}}, "'plain' is the one that changes nothing"),
        ({"validation": "train"}, "validation"),
    ],
)
def test_what_makes_no_sense_is_refused(changes, sentence):
    with pytest.raises(RambleError) as caught:
        validate(changed(**{"epochs": 50} | changes))
    assert sentence in str(caught.value)


def test_two_settings_of_one_name_are_refused():
    networks = {name: {"path": "ramble.problems.carlini.CarliniProblem"} for name in ("a", "a-b")}
    optimisers = {name: {"name": "SGD"} for name in ("c", "b-c")}
    grid = {"networks": list(networks), "optimisers": list(optimisers), "batches": [1]}
    with pytest.raises(RambleError, match="two settings make runs called 'a-b-c-b1'"):
        validate(changed(networks=networks, optimisers=optimisers, grids={"d": grid}))


def test_a_loss_without_bounds_does_not_press_the_others_flat():
    epochs = np.arange(4)
    curves = {"fine": np.array([2.3, 2.0, 1.5, 1.0]), "wild": np.array([2.3, 1e20, np.inf, np.nan])}
    tables = {
        name: [pd.DataFrame({"epoch": epochs, "minibatch_loss": loss, "validation_loss": loss, "train_accuracy": 0.1,
                             "validation_accuracy": 0.1})]
        for name, loss in curves.items()
    }  # fmt: skip
    figure = draw_runs(tables)
    assert figure.axes[0].get_ylim()[1] < 3
    assert figure.axes[2].get_ylim() == (-2, 102)


def test_the_median_over_runs_leaves_out_none_that_has_no_loss(tmp_path: Path):
    ended = {name: [0.1, 0.2, 0.4] for name in ENDS} | {"train_loss": [0.1, np.nan, np.nan]}
    runs = pd.DataFrame({"run": "a", "weights": 7, "status": ["finished", "diverged", "diverged"], "epochs": 5} | ended)
    write_runs(runs, str(tmp_path / "runs.csv"), str(tmp_path / "runs.md"))
    cells = (tmp_path / "runs.md").read_text().splitlines()[-1].strip("| ").split(" | ")
    assert cells == ["a", "7", "3", "2", "5", "nan", "20.00", "0.2", "20.00"]
