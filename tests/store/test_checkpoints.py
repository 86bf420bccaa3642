"""States of long computations: whole or absent, taken up under their own key only."""

import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from ramble.errors import RambleError
from ramble.store.checkpoints import Checkpoint, checked, checkpoint_of, checkpoint_of_job, key_of
from ramble.store.tensors import read_tensors, write_tensors

# Sums random numbers in steps that all matter, and writes its state after every tenth; told to, it kills itself.
WALK = """
import os, signal, sys
import torch
from ramble.store.tensors import write_tensors
from ramble.store.checkpoints import Checkpoint, checkpoint_of, key_of

output, dies_at = sys.argv[1], int(sys.argv[2])
checkpoint = Checkpoint(checkpoint_of(output), key_of({"seed": 1}), every=0.0)
random, total, first = torch.Generator().manual_seed(1), torch.zeros(1000), 0
if state := checkpoint.load():
    random.set_state(state.tensors["random"])
    total, first = state.tensors["total"], state.facts["step"]
for step in range(first, 50):
    if step == dies_at:
        os.kill(os.getpid(), signal.SIGKILL)
    total = 0.9 * total + torch.rand(1000, generator=random)
    if (step + 1) % 10 == 0:
        checkpoint.save({"total": total, "random": random.get_state()}, {"step": step + 1})
write_tensors(output, {"total": total}, {})
checkpoint.remove()
"""


def test_a_state_comes_back(tmp_path):
    checkpoint = Checkpoint(tmp_path / ".a.checkpoint.safetensors", "k", every=0.0)
    assert checkpoint.load() is None
    random = torch.Generator().manual_seed(3)
    checkpoint.save({"weights": torch.arange(3.0), "random": random.get_state()}, {"step": 4, "rows": [[0.1, None]]})
    state = checkpoint.load()
    assert state is not None
    assert state.facts == {"step": 4, "rows": [[0.1, None]]}
    assert torch.equal(state.tensors["weights"], torch.arange(3.0))
    again = torch.Generator()
    again.set_state(state.tensors["random"])
    assert torch.equal(torch.rand(5, generator=again), torch.rand(5, generator=random))


def test_the_state_is_a_hidden_neighbour_of_the_output(tmp_path):
    file = checkpoint_of(tmp_path / "paths" / "0-1-2.safetensors")
    assert file.parent == tmp_path / "paths"
    assert file.name == ".0-1-2.checkpoint.safetensors"


def test_a_state_of_other_settings_is_refused_with_both_keys(tmp_path):
    file = tmp_path / ".a.checkpoint.safetensors"
    old, new = key_of({"rate": 0.1}), key_of({"rate": 0.2})
    Checkpoint(file, old, every=0.0).save({"weights": torch.zeros(1)}, {})
    with pytest.raises(RambleError, match=f"{old}.*{new}.*delete the file"):
        Checkpoint(file, new, every=0.0).load()
    assert Checkpoint(file, old, every=0.0).load() is not None


def test_a_file_of_another_kind_is_refused(tmp_path):
    file = tmp_path / ".a.checkpoint.safetensors"
    file.write_bytes(b"half")
    with pytest.raises(RambleError, match="not a whole safetensors file"):
        Checkpoint(file, "k", every=0.0).load()


def test_a_flipped_byte_is_refused_wherever_it_is(tmp_path):
    checkpoint = Checkpoint(tmp_path / ".a.checkpoint.safetensors", "k", every=0.0)
    checkpoint.save({"weights": torch.arange(8.0)}, {"step": 4, "loss": 0.25})
    whole = checkpoint.file.read_bytes()
    for place in range(len(whole)):
        checkpoint.file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(RambleError, match="delete it to begin anew"):
            checkpoint.load()
    checkpoint.file.write_bytes(whole)
    assert checkpoint.load().facts == {"step": 4, "loss": 0.25}


def test_facts_that_are_missing_or_none_are_refused(tmp_path):
    checkpoint = Checkpoint(tmp_path / ".a.checkpoint.safetensors", "k", every=0.0)
    for header in ({"key": "k"}, {"key": "k", "facts": "{"}, {"key": "k", "facts": "[" * 100_000}):
        write_tensors(checkpoint.file, {}, header)
        with pytest.raises(RambleError, match=r"does not hold what the run goes on from.*delete it to begin anew"):
            checkpoint.load()


@dataclass
class Counts:
    rounds: int
    rate: float
    done: bool


RIGHT = {"rounds": 3, "rate": 1, "done": False}


def test_facts_of_the_right_types_are_taken():
    assert checked(Counts, RIGHT | {"rate": 0.5}) == RIGHT | {"rate": 0.5}
    assert checked(Counts, {"rounds": 3}, ["rounds"]) == {"rounds": 3}
    with pytest.raises(ValueError, match="there are rounds, not rounds, rate, done"):
        checked(Counts, {"rounds": 3})


@pytest.mark.parametrize(
    "wrong",
    [
        {"rounds": "many"}, {"rounds": 3.0}, {"rounds": True}, {"rounds": -1}, {"rounds": None}, {"rate": "0.5"},
        {"done": 1}, {"unknown": 1},
    ],
)  # fmt: skip
def test_facts_of_other_types_are_refused_in_one_sentence(tmp_path, wrong):
    checkpoint = Checkpoint(tmp_path / ".a.checkpoint.safetensors", "k", every=0.0)
    checkpoint.save({"w": torch.zeros(2, 3)}, RIGHT)
    assert checkpoint.resume(lambda state: checked(Counts, state.facts)) == RIGHT
    assert checkpoint.resume(lambda state: state.tensor("w", -1, 3)).shape == (2, 3)
    for shape in ((2,), (2, 4), (-1, -1, -1)):
        with pytest.raises(RambleError, match=r"w has the shape \(2, 3\)"):
            checkpoint.resume(lambda state, shape=shape: state.tensor("w", *shape))
    with pytest.raises(RambleError, match="does not hold what the run goes on from"):
        checkpoint.resume(lambda state: state.tensor("v", 2))
    checkpoint.save({}, RIGHT | wrong)
    with pytest.raises(RambleError, match=r"does not hold what the run goes on from .*; delete it to begin anew"):
        checkpoint.resume(lambda state: checked(Counts, state.facts))


def test_the_key_knows_settings_and_tensors_and_no_order():
    values = torch.arange(4.0)
    tensors = {"a": values, "b": torch.zeros(2, dtype=torch.uint8)}
    key = key_of({"rate": 0.1, "batch": {"size": 8}}, tensors)
    assert key == key_of({"batch": {"size": 8}, "rate": 0.1}, dict(reversed(tensors.items())))
    assert key != key_of({"rate": 0.1, "batch": {"size": 9}}, tensors)
    assert key != key_of({"rate": 0.1, "batch": {"size": 8}}, tensors | {"a": values.view(2, 2)})
    assert key != key_of({"rate": 0.1, "batch": {"size": 8}}, tensors | {"a": values.nextafter(torch.ones(4))})


def test_states_are_due_after_their_time(tmp_path):
    assert Checkpoint(tmp_path / "a.safetensors", "k", every=0.0).due
    assert not Checkpoint(tmp_path / "a.safetensors", "k", every=1000.0).due


def test_remove_takes_half_written_neighbours_along(tmp_path):
    checkpoint = Checkpoint(tmp_path / ".a.checkpoint.safetensors", "k", every=0.0)
    checkpoint.save({}, {})
    (tmp_path / "..a.checkpoint.partial-77.safetensors").write_bytes(b"half")
    (tmp_path / "a.safetensors").write_bytes(b"artifact")
    checkpoint.remove()
    assert [file.name for file in tmp_path.iterdir()] == ["a.safetensors"]
    checkpoint.remove()


def test_a_killed_run_ends_as_an_undisturbed_one(tmp_path):
    def walk(output: str, dies_at: int) -> int:
        return subprocess.run([sys.executable, "-c", WALK, output, str(dies_at)], check=False).returncode

    undisturbed, killed = str(tmp_path / "undisturbed.safetensors"), str(tmp_path / "killed.safetensors")
    assert walk(undisturbed, -1) == 0
    assert walk(killed, 25) == -signal.SIGKILL
    assert not Path(killed).exists()
    assert Checkpoint(checkpoint_of(killed), key_of({"seed": 1}), every=0.0).load().facts["step"] == 20
    assert walk(killed, -1) == 0
    assert torch.equal(read_tensors(killed)[0]["total"], read_tensors(undisturbed)[0]["total"])
    assert [file.name for file in tmp_path.glob(".*")] == []


def test_how_often_a_job_keeps_its_state_is_of_no_consequence(tmp_path):
    output, settings, tensors = tmp_path / "a.csv", {"rate": 0.1}, {"a": torch.ones(3)}
    often = checkpoint_of_job(output, settings | {"checkpoint_seconds": 1.0}, tensors)
    seldom = checkpoint_of_job(output, settings | {"checkpoint_seconds": 60.0}, tensors)
    assert (often.every, seldom.every) == (1.0, 60.0)
    assert often.file == seldom.file == checkpoint_of(output)
    assert often.key == seldom.key == key_of(settings, tensors)
    assert often.key != checkpoint_of_job(output, {"rate": 0.2, "checkpoint_seconds": 1.0}, tensors).key
