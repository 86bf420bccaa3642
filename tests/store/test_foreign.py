"""Checkpoints of others."""

import re
from collections import OrderedDict

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from ramble.errors import RambleError
from ramble.store.foreign import fitted, read_state


def small() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))


@pytest.fixture
def state() -> dict[str, Tensor]:
    return small().state_dict()


def equal(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return list(first) == list(second) and all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("suffix", ["pt", "pth", "ckpt"])
@pytest.mark.parametrize("wrap", [dict, OrderedDict, lambda s: {"state_dict": s, "epoch": 3},
                                  lambda s: {"model": s, "optimizer": {"lr": 0.1}},
                                  lambda s: {"model": {"state_dict": s}, "best": 0.9}])  # fmt: skip
def test_state_dicts_are_found_where_training_scripts_put_them(tmp_path, state, suffix, wrap):
    file = tmp_path / f"a.{suffix}"
    torch.save(wrap(state), file)
    assert equal(read_state(file), state)


def test_safetensors_without_a_digest_are_read(tmp_path, state):
    save_file(state, tmp_path / "a.safetensors")
    assert equal(fitted("a", read_state(tmp_path / "a.safetensors"), state, "net"), state)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."])
def test_prefixes_of_wrappers_are_taken_off(state, prefix):
    assert equal(fitted("a", {prefix + name: value for name, value in state.items()}, state, "net"), state)


def test_prefixes_of_torch_s_own_wrappers_are_taken_off(state):
    network = small()
    wrapped = nn.DataParallel(network).state_dict()
    assert equal(fitted("a", wrapped, network.state_dict(), "net"), network.state_dict())
    compiled = small()
    compiled[0] = torch.compile(compiled[0])
    assert "0._orig_mod.weight" in compiled.state_dict()
    assert set(fitted("a", compiled.state_dict(), state, "net")) == set(state)


def test_a_network_whose_only_part_is_called_module_keeps_its_names():
    network = nn.ModuleDict({"module": nn.Linear(2, 2)})
    assert set(fitted("a", network.state_dict(), network.state_dict(), "net")) == {"module.weight", "module.bias"}


def test_counts_of_batches_alone_may_be_missing(state):
    without = {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}
    assert equal(fitted("a.pt", without, state, "small"), state)
    own = {"1.num_batches_tracked": torch.tensor(3.0)}  # of a module that is no batch norm, and may depend on it
    with pytest.raises(RambleError, match=r"lacks '1\.num_batches_tracked'"):
        fitted("a.pt", {"0.weight": torch.ones(1)}, {"0.weight": torch.ones(1)} | own, "small")


def test_missing_and_surplus_names_are_named(state):
    own = {name: value for name, value in state.items() if name != "2.bias"} | {"head.bias": torch.zeros(2)}
    with pytest.raises(RambleError, match=r"a\.pt: lacks '2\.bias' and has 'head\.bias', which the network has not"):
        fitted("a.pt", own, state, "net")


def test_another_shape_or_dtype_is_named(state):
    with pytest.raises(RambleError, match=re.escape("'0.weight' has the shape (4, 2), in net it has (3, 2)")):
        fitted("a.pt", state | {"0.weight": torch.zeros(4, 2)}, state, "net")
    with pytest.raises(RambleError, match=r"'0\.weight' is torch\.float16, in net it is torch\.float32"):
        fitted("a.pt", state | {"0.weight": state["0.weight"].half()}, state, "net")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ([1, 2], "holds a list, not a state_dict"),
        ({}, "holds nothing, not a state_dict"),
        ({"epoch": 3}, "holds 'epoch', which is no tensor"),
        ({"model": {"w": torch.ones(1)}, "state_dict": {"w": torch.ones(1)}}, "holds 'state_dict' and 'model'"),
        ({"model": {"lr": 0.1}}, "under 'model': holds 'lr', which is no tensor"),
    ],
)
def test_what_is_no_state_dict_is_refused(tmp_path, content, sentence):
    torch.save(content, tmp_path / "a.pt")
    with pytest.raises(RambleError, match=re.escape(sentence)):
        read_state(tmp_path / "a.pt")


def test_nothing_in_a_file_is_run(tmp_path):
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return exec, (f"open({str(tmp_path / 'trapped')!r}, 'w')",)

    for content in ({"state_dict": Trap()}, small()):
        torch.save(content, tmp_path / "a.pt")
        with pytest.raises(RambleError, match="to read that would run code from the file"):
            read_state(tmp_path / "a.pt")
    assert not (tmp_path / "trapped").exists()


@pytest.mark.parametrize("name", ["a.pt", "a.safetensors"])
def test_damaged_and_missing_files_are_one_sentence(tmp_path, state, name):
    with pytest.raises(RambleError, match="is missing; give a checkpoint that is there"):
        read_state(tmp_path / name)
    (tmp_path / name).write_bytes(b"hello, I am no checkpoint")
    with pytest.raises(RambleError, match=r"is nothing that torch|is no safetensors"):
        read_state(tmp_path / name)
    (torch.save if name == "a.pt" else save_file)(state, tmp_path / name)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-200])
    with pytest.raises(RambleError, match=r"damaged|is no safetensors"):
        read_state(tmp_path / name)
