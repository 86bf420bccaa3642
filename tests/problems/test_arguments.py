"""Arguments of data makers and problems: one that is wrong is one sentence that names its key."""

import re
import sys
from pathlib import Path

import pytest
import torch
from small_problems import pattern_sets, random_images
from torchvision.datasets import MNIST

from ramble.errors import RambleError
from ramble.problems.data import load, make_data
from ramble.problems.lenet import LeNet5Problem
from ramble.problems.mnist import mnist_images
from ramble.problems.patterns import random_patterns
from ramble.problems.stored import load_problem
from ramble.problems.tree_committee import TreeCommittee
from ramble.store.places import expanded
from ramble.store.tensors import write_tensors

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


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder is given, and nobody answers where MNIST is fetched from."""
    monkeypatch.delenv("RAMBLE_DATA_ROOT", raising=False)
    monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:9/"])


@pytest.mark.usefixtures("unreachable")
@pytest.mark.parametrize("kept", ["", "mine", "mine/deep"])
def test_a_failed_download_leaves_the_folders_that_were_there_and_no_others(kept, tmp_path):
    (tmp_path / kept).mkdir(parents=True, exist_ok=True)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(RambleError, match=r"mine/deep/MNIST: the download failed .*; connect to the network"):
        mnist_images(1, "mnist100", 0, str(tmp_path / "mine" / "deep"), train=1, test=1)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.usefixtures("unreachable")
@pytest.mark.parametrize("root", ["/dev/null", "/dev/null/below", "/proc/self", "/proc/none", "n" * 300, "a\0b"])
def test_a_data_root_that_is_no_folder_is_named(root):
    with pytest.raises(RambleError, match=r"^data_root '.*: no folder for MNIST \(.*\); name one"):
        mnist_images(1, "mnist100", 0, root, train=1, test=1)


@pytest.mark.parametrize("variable", [True, False])
def test_a_home_is_expanded_in_the_data_root(variable, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("RAMBLE_DATA_ROOT", raising=False)
    folder = tmp_path / "images" / "MNIST" / "raw"
    folder.mkdir(parents=True)
    if variable:
        monkeypatch.setenv("RAMBLE_DATA_ROOT", "~/images")
    with pytest.raises(RambleError, match=rf"^{re.escape(str(folder))}/train-images-idx3-ubyte\.gz: missing"):
        mnist_images(1, "mnist100", 0, "/nowhere" if variable else "~/images", train=1, test=1)


def test_a_home_of_nobody_is_named():
    with pytest.raises(RambleError, match=r"^~nobody_of_this_name/x: nobody knows whose home ~ is here"):
        expanded("~nobody_of_this_name/x")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("raise ValueError('no\\nluck')", "importing the module raised ValueError"),
        ("import sys\nsys.exit(3)", "importing the module raised SystemExit: 3"),
        (
            "import none_of_this_name",
            "importing the module raised ModuleNotFoundError: No module named 'none_of_this_name', ",
        ),
        ("def make(", "importing the module raised SyntaxError"),
        ("make = 3", "own_maker.make: is an int; name a class or a function"),
        ("other = 3", "own_maker.py; name a class or a function"),
        ("def make(seed): pass", "cannot be called with no arguments (too many positional arguments)"),
        ("def make(*given): return 0", "returned an int, not tensors by their names"),
        ("def make(*given): return {}", "returned a dict, not tensors by their names"),
        ("def make(*given): return {'x': 1}", "returned a dict, not tensors by their names"),
        ("make = print", "returned a NoneType, not tensors by their names"),
    ],
)
def test_a_maker_that_makes_nothing_is_one_sentence_with_its_key(source, says, tmp_path, monkeypatch):
    (tmp_path / "own_maker.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "own_maker", raising=False)
    with pytest.raises(RambleError, match=r"^study 'tcm', data\.(path|arguments): ") as raised:
        make_data("own_maker.make", {}, 1, "tcm", [str(tmp_path / "0.safetensors")])
    assert says in str(raised.value)
    assert not (tmp_path / "0.safetensors").exists()


def test_what_a_module_raises_is_said_with_its_line(tmp_path, monkeypatch):
    (tmp_path / "own_raising.py").write_text("\n\nraise ValueError('no luck')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RambleError, match=r"ValueError: no luck, .*own_raising\.py, line 3; correct the module"):
        load("own_raising.make")
