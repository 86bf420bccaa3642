"""Networks, data and checkpoints that somebody brings."""

import sys

import pytest
import torch
from given_networks import folder_of, network, samples, trained
from torch import nn

from ramble.errors import RambleError
from ramble.problems.given import given_pair
from ramble.problems.named import name_of, named_data, named_network


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory):
    return folder_of(tmp_path_factory.mktemp("stranger"))


@pytest.fixture(autouse=True)
def _clean(place, monkeypatch):
    monkeypatch.chdir(place)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for name in [name for name, module in sys.modules.items() if str(place) in str(getattr(module, "__file__", ""))]:
        del sys.modules[name]


@pytest.mark.parametrize("where", ["mine:", "mine.py:"])
def test_networks_and_data_are_found_by_their_names(place, where):
    given = given_pair(f"{where}network", f"{where}train", "a.pt", "b.pt", test=f"{where}test")
    assert given.problem.splits == ("train", "test")
    for row, name in enumerate("ab"):
        state = torch.load(place / f"{name}.pt", weights_only=True)
        assert torch.equal(given.weights[row], torch.cat([value.flatten() for value in state.values()]))
        found = given.problem.network(given.weights[row])
        own = network()
        own.load_state_dict(state)
        assert torch.equal(found(samples()[0]), own(samples()[0]))


def test_a_file_is_run_once_for_network_and_data(place):
    (place / "counted.py").write_text((place / "mine.py").read_text() + "\nprint('run')\n")
    first = named_network("counted.py:network")
    assert sys.modules["counted"].network is first
    named_data("counted.py:train")
    assert named_network("counted:network") is first


def test_modules_state_dicts_and_objects_are_taken_as_they_are():
    a, b = trained(1), trained(2)
    built = network()
    given = given_pair(built, samples(), a, b.state_dict())
    assert given.problem.evaluate(given.weights, torch.zeros(2, dtype=torch.long)).errors.tolist() == [0, 0]
    assert given.network.found_by == given.data.found_by == ""
    with torch.no_grad():
        next(built.parameters()).fill_(3.0)
        next(a.parameters()).fill_(3.0)
    assert not (given.weights == 3.0).any()


def test_frozen_weights_are_those_of_the_checkpoints():
    def frozen() -> nn.Module:
        found = network()
        found[0].requires_grad_(False)
        return found

    a, b = trained(1), trained(2)
    with pytest.raises(RambleError, match=r"b: has another '0\.weight' than a, and that does not move along a path"):
        given_pair(frozen, samples(), a, b)
    b.load_state_dict({**b.state_dict(), **{f"0.{name}": value for name, value in a[0].state_dict().items()}})
    given = given_pair(frozen, samples(), a, b)
    assert given.problem.n_weights == 40 * 3 + 3
    assert torch.equal(given.problem.network(given.weights[1])(samples()[0]), b(samples()[0]))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: named_network("mine"), "mine: names no object of a module; give my.module:name"),
        (lambda: named_network("nowhere:network"), "there is no module 'nowhere' here"),
        (lambda: named_network("nowhere.py:network"), "there is no file nowhere.py"),
        (lambda: named_network("mine:nothing_such"), "there is no 'nothing_such' in mine"),
        (lambda: named_network("mine:INPUTS"), "is a Tensor; name an nn.Module"),
        (lambda: named_data("mine:nothing"), "a dictionary with 'inputs', which is no data set"),
        (lambda: named_data("mine:raises"), r"mine:raises: raised OSError: the disk is gone \(.*mine.py, line"),
        (lambda: named_data("mine:needs"), "is called without arguments"),
        (lambda: given_pair("mine:train", "mine:train", "a.pt", "b.pt"), "mine:train: returns a tuple; return an"),
        (lambda: given_pair("mine:narrow", "mine:train", "a.pt", "b.pt"), r"a\.pt: '0\.weight' has the shape"),
        (lambda: given_pair("mine:network", "mine:train", "a.pt", "b.pt", device="tpu"), "device: 'tpu' is none"),
        (lambda: given_pair("mine:network", "mine:train", "a.pt", "b.pt", device="cuda:99"), "device: 'cuda:99' is"),
        (lambda: given_pair("mine:network", "mine:train", "a.pt", [1]), "b: is a list; give a file"),
        (lambda: given_pair(lambda: network().double(), samples(), trained(1).double(), trained(2).double()),
         "weights are torch.float64, and files of points hold torch.float32"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence(call, sentence):
    with pytest.raises(RambleError, match=sentence):
        call()


def test_functions_of_modules_have_a_name_to_be_found_by():
    assert name_of(network) == "given_networks:network"
    assert name_of(lambda: None) == ""
    assert name_of(network()) == ""
