"""The zoo at a small size: networks trained, all pairs tried, one table."""

from functools import partial
from pathlib import Path

import pandas as pd
import pytest
import torch
from pydantic import ValidationError
from torch import nn

from ramble.errors import RambleError
from ramble.store.artifacts import read_table, write_table
from ramble.studies.zoo.families import (
    FAMILIES,
    Data,
    Family,
    ZooProblem,
    committee,
    noisy_digits,
    repetitions,
)
from ramble.studies.zoo.networks import Backbone, Transformer, convolutional_with_batch_norm, perceptron
from ramble.studies.zoo.parameters import Study
from ramble.studies.zoo.table import summary, write_zoo
from ramble.studies.zoo.training import recipes_of, trained_network
from ramble.studies.zoo.trial import join
from ramble.tracking.adaptive_settings import AdaptiveSettings
from ramble.verification.trial import confirmed


def points(data_root: str) -> Data:
    random = torch.Generator().manual_seed(5)
    return torch.randn(24, 3, generator=random), torch.arange(24) % 3


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a family on a few random points in place of the digits."""
    monkeypatch.setitem(FAMILIES, "digits_relu", Family(partial(perceptron, (3, 40, 3), nn.ReLU), points))


def study(**changes) -> Study:
    return Study.model_validate({"kind": "zoo", "families": ["digits_relu"], "networks": 3} | changes)


@pytest.mark.usefixtures("small")
def test_joins_all_pairs_of_a_family_and_sums_them_up(tmp_path: Path):
    problem = ZooProblem(FAMILIES["digits_relu"], points(""))
    recipes = recipes_of(problem, 3)
    networks = [trained_network("digits_relu", problem, number, recipe, 7) for number, recipe in enumerate(recipes)]
    files = []
    for pair in ((0, 1), (0, 2), (1, 2)):
        ends = torch.stack([networks[number] for number in pair])
        path, row = join("digits_relu", problem, ends, pair, AdaptiveSettings(), 7)
        assert (row["status"], row["certificate"]) == ("arrived", "sound")
        assert confirmed(problem, path.points)
        files.append(str(tmp_path / f"{pair}.csv"))
        write_table(files[-1], pd.DataFrame([{"family": "digits_relu", **row, "confirmed": True}]))
    csv, markdown = tmp_path / "zoo.csv", tmp_path / "zoo.md"
    write_zoo(files, str(csv), str(markdown))
    found = read_table(csv)
    assert list(found.family) == ["digits_relu", "all"]
    assert list(found.joined) == list(found.pairs) == list(found.confirmed) == [3, 3]
    assert list(found.sound) == [3, 3]
    assert "| digits_relu | 283 | 24 | 3 of 3 | 3 sound | 3 |" in markdown.read_text()


def test_confirms_no_path_with_an_error():
    problem = committee()
    first = trained_network("committee", problem, 0, "descent", 7)
    second = trained_network("committee", problem, 1, "descent", 7)
    assert not torch.equal(first, second)
    ends = torch.stack([first, second])
    assert confirmed(problem, torch.stack([first, first]))
    assert not confirmed(problem, ends)  # the straight line
    path, _ = join("committee", problem, ends, (0, 1), AdaptiveSettings(), 7)
    assert path.certificate == "exact"
    assert confirmed(problem, path.points)


@pytest.mark.usefixtures("small")
def test_every_recipe_ends_without_an_error_at_another_network():
    problem = ZooProblem(FAMILIES["digits_relu"], points(""))
    recipes = recipes_of(problem, 4)
    assert recipes == ["adam", "momentum", "augmented", "descent"]
    networks = torch.stack(
        [trained_network("digits_relu", problem, number, recipe, 7) for number, recipe in enumerate(recipes)]
    )
    assert problem.evaluate(networks, torch.zeros(4, dtype=torch.long)).errors.tolist() == [0] * 4
    assert len({tuple(row) for row in networks.tolist()}) == 4


def test_says_which_recipe_leaves_errors(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(FAMILIES, "digits_relu", Family(partial(perceptron, (3, 3), nn.ReLU), points))
    monkeypatch.setattr("ramble.studies.zoo.training.EPOCHS", 6)
    problem = ZooProblem(FAMILIES["digits_relu"], points(""))
    with pytest.raises(RambleError, match="family digits_relu: recipe adam leaves errors after 6 epochs"):
        trained_network("digits_relu", problem, 0, "adam", 7)


def test_counts_a_pair_as_joined_only_where_it_arrived_and_is_certified():
    row = {"gradients": 10, "seconds": 1.0, "min_margin": 0.5, "relative_length": 1.5, "confirmed": True}
    pairs = pd.DataFrame(
        [
            row | {"status": "arrived", "certificate": "sampled"},
            row | {"status": "arrived", "certificate": "none", "min_margin": -1.0},
            row | {"status": "stuck", "certificate": "exact", "min_margin": -2.0},
            row | {"status": "arrived", "certificate": "exact", "gradients": 0, "confirmed": False},
        ]
    )
    found = summary(pairs)
    assert (found["pairs"], found["joined"], found["straight_free"]) == (4, 2, 1)
    assert (found["sampled"], found["sound"], found["exact"]) == (1, 0, 1)
    assert found["min_margin"] == 0.5
    assert found["confirmed"] == 1
    assert summary(pairs[1:3])["joined"] == 0


def test_networks_have_the_sizes_that_the_table_shows():
    counted = {
        name: sum(value.numel() for value in network.parameters() if value.requires_grad)
        for name, network in {
            "batch_norm": convolutional_with_batch_norm(),
            "backbone": Backbone(),
            "transformer": Transformer(8, 10, 16, 4),
        }.items()
    }
    assert counted == {"batch_norm": 16_850, "backbone": 2_410, "transformer": 2_580}


def test_a_tenth_of_the_noisy_labels_is_wrong(monkeypatch: pytest.MonkeyPatch):
    labels = torch.arange(100) % 10
    monkeypatch.setattr("ramble.studies.zoo.families.digits", lambda count, root: (torch.zeros(count), labels.clone()))
    _, noisy = noisy_digits(100, "")
    assert int((noisy != labels).sum()) == 10
    assert noisy.min() >= 0
    assert noisy.max() <= 9


def test_sequences_are_labelled_by_repetitions_of_their_first_token():
    tokens, labels = repetitions(50, "")
    for row, label in zip(tokens.tolist(), labels.tolist(), strict=True):
        assert label == min(3, row[1:].count(row[0]))


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"families": ["digits_relu"] * 2}, "named twice"),
        ({"families": ["cats"]}, "Input should be"),
        ({"networks": 1}, "2"),
    ],
)
def test_refuses_what_is_no_zoo(changes, wrong):
    with pytest.raises(ValidationError, match=wrong):
        study(**changes)


def test_names_its_files():
    found = study(families=["binary", "committee"], networks=3)
    assert found.pair_files("zoo") == [
        f"results/zoo/pairs/{family}-{pair}.csv" for family in ("binary", "committee") for pair in ("0-1", "0-2", "1-2")
    ]
    assert found.files("zoo", {}) == ["results/tables/zoo.csv", "results/tables/zoo.md"]
