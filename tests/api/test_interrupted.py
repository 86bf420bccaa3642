"""An interrupted call goes on from the state that it kept."""

import importlib

import pytest
from given_networks import network, samples, trained

import ramble
from ramble.errors import RambleError
from ramble.problems.joined import Sources
from ramble.store.points import END_ORDER
from ramble.store.tensors import read_tensors
from ramble.tracking.adaptive import AdaptiveRun

STATE = ".path.checkpoint.safetensors"
ENDS = trained(1), trained(2)


def join(place, **others):
    return ramble.connect(network, samples(), *ENDS, out=place, keep_order=True, **others)


def joined_from_its_state(monkeypatch, place):
    """Go on, and return the path and the number of the first round."""
    rounds, step = [], AdaptiveRun.step
    with monkeypatch.context() as patched:
        patched.setattr(AdaptiveRun, "step", lambda run: rounds.append(run.steps) or step(run))
        resumed = join(place)
    assert not (place / STATE).exists()
    return resumed, rounds[0]


def assert_ends_as(whole, resumed):
    """The paths in two folders are the same."""
    (first, header), (second, other) = (read_tensors(place / "path.safetensors") for place in (resumed, whole))
    assert END_ORDER not in first
    assert first.keys() == second.keys()
    assert all(bool((first[name] == second[name]).all()) for name in first)
    places = {"a", "b", "provenance"}
    assert {k: v for k, v in header.items() if k not in places} == {k: v for k, v in other.items() if k not in places}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    place = tmp_path_factory.mktemp("whole")
    assert join(place).joins
    return place


def test_an_interrupted_call_ends_as_one_that_was_not(tmp_path, monkeypatch, whole):
    folder = tmp_path / "stopped"
    monkeypatch.setattr(importlib.import_module("ramble.api.connect"), "EVERY", 0.0)
    steps, step = [], AdaptiveRun.step

    def stopped(run):
        if len(steps) == 6:  # both ends have been trained on
            raise KeyboardInterrupt
        steps.append(run.steps)
        return step(run)

    with monkeypatch.context() as patched:
        patched.setattr(AdaptiveRun, "step", stopped)
        with pytest.raises(KeyboardInterrupt):
            join(folder)
    assert [file.name for file in folder.iterdir()] == [STATE]
    with pytest.raises(RambleError, match="this checkpoint belongs to the settings"):
        join(folder, seed=1)
    resumed, first = joined_from_its_state(monkeypatch, folder)
    assert (resumed.joins, first) == (True, 7)
    assert_ends_as(whole, folder)


def test_time_that_is_up_keeps_the_state_and_the_same_call_goes_on(tmp_path, monkeypatch, whole):
    for rounds in (1, 2):  # each call takes one, however little time there is
        path = join(tmp_path, seconds=1e-9)
        assert path.path.status == "out-of-time"
        assert f"time was up after {rounds} of at most" in path.path.reason
        assert not path.joins
        assert "the same command goes on" in str(path)
        assert (tmp_path / STATE).exists()
        _, header = read_tensors(tmp_path / "path.safetensors")
        assert header["status"] == "out-of-time"
    assert not ramble.verify(tmp_path / "path.safetensors", Sources(network=network, data=samples())).holds
    resumed, first = joined_from_its_state(monkeypatch, tmp_path)
    assert (resumed.joins, first) == (True, 3)
    assert_ends_as(whole, tmp_path)


def test_time_enough_is_of_no_consequence(tmp_path, whole):
    assert join(tmp_path, seconds=1e6).joins
    assert_ends_as(whole, tmp_path)


def test_time_can_be_up_without_a_folder():
    path = ramble.connect(network, samples(), *ENDS, keep_order=True, seconds=1e-9)
    assert path.path.status == "out-of-time"


@pytest.mark.parametrize("seconds", [0, -1.0, float("nan"), float("inf"), True, "ten"])
def test_no_time_at_all_is_refused(seconds):
    with pytest.raises(RambleError, match=r"seconds = .* is not a finite number greater than 0"):
        ramble.connect(network, samples(), *ENDS, seconds=seconds)
