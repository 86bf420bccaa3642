"""An interrupted call goes on from the state that it kept."""

import importlib

import pytest
from given_networks import network, samples, trained

import ramble
from ramble.errors import RambleError
from ramble.store.points import END_ORDER
from ramble.store.tensors import read_tensors
from ramble.tracking.adaptive import AdaptiveRun

STATE = ".path.checkpoint.safetensors"


def test_an_interrupted_call_ends_as_one_that_was_not(tmp_path, monkeypatch):
    ends, folder = (trained(1), trained(2)), tmp_path / "stopped"
    monkeypatch.setattr(importlib.import_module("ramble.api.connect"), "EVERY", 0.0)
    steps, step = [], AdaptiveRun.step

    def stopped(run):
        if len(steps) == 6:  # both ends have been trained on
            raise KeyboardInterrupt
        steps.append(run.steps)
        return step(run)

    def join(place, **others):
        return ramble.connect(network, samples(), *ends, out=place, keep_order=True, **others)

    with monkeypatch.context() as patched:
        patched.setattr(AdaptiveRun, "step", stopped)
        with pytest.raises(KeyboardInterrupt):
            join(folder)
    assert [file.name for file in folder.iterdir()] == [STATE]
    with pytest.raises(RambleError, match="this checkpoint belongs to the settings"):
        join(folder, seed=1)

    again: list[int] = []
    with monkeypatch.context() as patched:
        patched.setattr(AdaptiveRun, "step", lambda run: again.append(run.steps) or step(run))
        resumed = join(folder)
    assert again[0] == 7
    assert not (folder / STATE).exists()
    join(tmp_path / "whole")
    (first, header), (second, other) = (
        read_tensors(place / "path.safetensors") for place in (folder, tmp_path / "whole")
    )
    assert END_ORDER not in first
    assert first.keys() == second.keys()
    assert all(bool((first[name] == second[name]).all()) for name in first)
    places = {"a", "b", "provenance"}
    assert {k: v for k, v in header.items() if k not in places} == {k: v for k, v in other.items() if k not in places}
    assert resumed.joins
