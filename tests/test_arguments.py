"""Arguments of data makers and problems: one that is wrong is one sentence that names its key."""

import re
from pathlib import Path

import pytest
import torch
from small_problems import pattern_sets, random_images

from ramble.contract.data import make_data
from ramble.contract.problems import load_problem
from ramble.errors import RambleError
from ramble.problems.lenet import LeNet5Problem
from ramble.problems.mnist import mnist_images
from ramble.problems.patterns import random_patterns
from ramble.problems.tree_committee import TreeCommittee
from ramble.tensors import write_tensors

WRONG_COUNTS = [0, -3, 1.5, "many", True, None]
WRONG_SIZES = [0, -0.1, float("nan"), float("inf"), "wide", True, None]


def refused(key: str, value: object) -> str:
    return rf"^{re.escape(key)} = {re.escape(repr(value))} is not .*; correct the value\.$"


@pytest.mark.parametrize("value", WRONG_COUNTS)
@pytest.mark.parametrize("key", ["patterns", "inputs"])
def test_patterns_and_inputs_are_counted(key, value):
    with pytest.raises(RambleError, match=refused(f"data.arguments.{key}", value)):
        random_patterns(1, "tcm", 0, **{"patterns": 4, "inputs": 6} | {key: value})


@pytest.mark.parametrize(
    ("key", "value"),
    [*[(split, value) for split in ("train", "test") for value in WRONG_COUNTS]]
    + [("validation", value) for value in WRONG_COUNTS if value != 0]
    + [("data_root", None)],
)
def test_images_are_counted_before_any_is_read(key, value, tmp_path):
    arguments = {"data_root": str(tmp_path), "train": 10, "test": 10}
    with pytest.raises(RambleError, match=refused(f"data.arguments.{key}", value)):
        mnist_images(1, "mnist100", 0, **arguments | {key: value})


@pytest.mark.parametrize(
    ("key", "value"),
    [("hidden", value) for value in WRONG_COUNTS]
    + [(key, value) for key in ("input_scale", "initial_sigma") for value in WRONG_SIZES],
)
def test_a_committee_has_units_and_positive_scales(key, value):
    arguments = {"hidden": 3, "input_scale": 1.0, "initial_sigma": 0.1}
    with pytest.raises(RambleError, match=refused(f"problem.arguments.{key}", value)):
        TreeCommittee(pattern_sets(1, 1, 4, 6), **arguments | {key: value})


@pytest.mark.parametrize(
    ("key", "value"), [("input_std", value) for value in WRONG_SIZES] + [("input_mean", "grey"), ("input_mean", None)]
)
def test_images_are_normalised_by_numbers(key, value):
    with pytest.raises(RambleError, match=refused(f"problem.arguments.{key}", value)):
        LeNet5Problem([random_images(1)], **{"input_mean": 0.1, "input_std": 0.3} | {key: value})


def test_a_misspelt_argument_of_a_data_maker_names_study_and_key(tmp_path):
    arguments = {"patterns": 4, "input": 6}
    with pytest.raises(
        RambleError, match=r"^study 'tcm', data\.arguments: .*random_patterns cannot .*\bpatterns, input "
    ):
        make_data("ramble.problems.patterns.random_patterns", arguments, 1, "tcm", [str(tmp_path / "0.safetensors")])
    assert not list(tmp_path.iterdir())


def test_a_misspelt_argument_of_a_problem_names_its_key(tmp_path: Path):
    file = tmp_path / "0.safetensors"
    write_tensors(file, pattern_sets(1, 1, 4, 6)[0], {})
    path = "ramble.problems.tree_committee.TreeCommittee"
    with pytest.raises(RambleError, match=rf"^problem\.arguments: {path} cannot be called with device, hiden \("):
        load_problem(path, {"hiden": 3}, [str(file)], torch.device("cpu"))
