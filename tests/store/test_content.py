"""Damage of any byte is found whenever a file is read, and files of other kinds neither hang nor end in a traceback."""

import os
import socket
import struct
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save, save_file

from ramble.errors import RambleError, printable
from ramble.parameters.origin import read_origin
from ramble.store.artifacts import read_arrays, read_header, read_table, table_digest, write_table
from ramble.store.checkpoints import Checkpoint
from ramble.store.content import check_table, check_tensors, sealed_table, sealed_tensors
from ramble.store.tensors import read_tensors, tensors_digest, write_tensors
from ramble.store.untrusted import quoted, read_regular

TENSORS = {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.tensor([1, -1], dtype=torch.int8)}
HEADER = {"study": "tcm", "name": "ü", "steps": 12}
TABLE = pd.DataFrame({"t": np.linspace(0, 1, 5), "name": ["a", "b,", 'c"', "#", "ü"]})


def readings(file: Path) -> object:
    """What a reader of tensors gets, comparable."""
    tensors, header = read_tensors(file)
    return {name: (value.dtype, value.tolist()) for name, value in tensors.items()}, header


@pytest.mark.parametrize("mask", [1, 2, 4, 8, 16, 32, 64, 128, 255])
def test_a_byte_flipped_anywhere_in_a_safetensors_file_is_found(tmp_path, mask):
    file = tmp_path / "a.safetensors"
    write_tensors(file, TENSORS, HEADER)
    whole, right = file.read_bytes(), readings(file)
    unnoticed = []
    for place in range(len(whole)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ mask]) + whole[place + 1 :])
        try:
            assert readings(file) == right, place
            unnoticed.append(chr(whole[place]))
        except RambleError:
            for read in (read_header, read_arrays, tensors_digest, read_origin):
                with pytest.raises(RambleError, match=r"a\.safetensors: "):
                    read(file)
    assert set(unnoticed) <= set("abcdef")  # the letter of \\u00fc as a capital is the same text


@pytest.mark.parametrize("mask", [1, 2, 4, 8, 16, 32, 64, 128, 255])
def test_a_byte_flipped_anywhere_in_a_table_is_found(tmp_path, mask):
    file = tmp_path / "a.csv"
    write_table(file, TABLE)
    whole = file.read_bytes()
    pd.testing.assert_frame_equal(read_table(file), TABLE)
    for place in range(len(whole)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ mask]) + whole[place + 1 :])
        for read in (read_table, table_digest, read_origin):
            with pytest.raises(RambleError, match=r"a\.csv: "):
                read(file)


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_bytes_cut_out_put_in_or_overwritten_are_found(tmp_path_factory, data):
    file = tmp_path_factory.mktemp("files") / "a"
    tables = data.draw(st.booleans())
    write_table(file, TABLE) if tables else write_tensors(file, TENSORS, HEADER)
    whole = file.read_bytes()
    low, high = sorted(data.draw(st.tuples(*[st.integers(0, len(whole))] * 2)))
    changed = whole[:low] + data.draw(st.binary(max_size=20)) + whole[high:]
    file.write_bytes(changed)
    if changed != whole:
        with pytest.raises(RambleError):
            read_table(file) if tables else read_tensors(file)


@given(content=st.binary(max_size=200), length=st.integers(0, 300))
@settings(max_examples=200, deadline=None)
def test_bytes_of_anything_are_refused_in_one_sentence(content, length):
    for check in (check_tensors, check_table):
        for text in (content, struct.pack("<Q", length) + content, struct.pack("<Q", len(content)) + content):
            with pytest.raises(RambleError, match=r"^here: "):
                check("here", text)


@pytest.mark.parametrize(
    "header",
    [
        "null", "[]", "1", '"a"', '{"a": 1}', '{"a": {"dtype": "F32"}}', '{"__metadata__": 1}',
        '{"__metadata__": {"sha256": 1}}', '{"__metadata__": null}', "{" * 100_000, "[" * 100_000,
        '{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0]}}',
        '{"a": {"dtype": "F32", "shape": [1], "data_offsets": ["0", "4"]}}',
        '{"a": {"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]}}',
        '{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 1e400]}}',
        '{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, ' + "9" * 5000 + "]}}",
    ],
)  # fmt: skip
def test_headers_of_any_kind_are_refused_in_one_sentence(header):
    with pytest.raises(RambleError, match=r"^here: .*; if it is a result of the workflow, delete it"):
        check_tensors("here", struct.pack("<Q", len(header)) + header.encode())


def test_tensors_that_only_the_digest_fits_are_refused(tmp_path):
    (header, _) = ('{"a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}}', None)
    (tmp_path / "a").write_bytes(sealed_tensors(struct.pack("<Q", len(header)) + header.encode() + b"1234"))
    for read in (read_tensors, read_arrays):
        with pytest.raises(RambleError, match="holds no tensors that can be read"):
            read(tmp_path / "a")


def test_a_file_of_another_program_has_no_digest(tmp_path):
    save_file(TENSORS, tmp_path / "a.safetensors")
    with pytest.raises(RambleError, match="holds no digest of its content"):
        read_tensors(tmp_path / "a.safetensors")


def test_the_same_content_in_another_order_is_the_same(tmp_path):
    write_tensors(tmp_path / "a.safetensors", TENSORS, HEADER)
    content = (tmp_path / "a.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    assert content[8:].startswith(b'{"__metadata__"')
    spaced = content[8 : 8 + length].replace(b'","', b'" , "')
    (tmp_path / "b.safetensors").write_bytes(struct.pack("<Q", len(spaced)) + spaced + content[8 + length :])
    assert readings(tmp_path / "a.safetensors") == readings(tmp_path / "b.safetensors")


def test_the_digest_of_tensors_knows_names_types_shapes_and_bytes_and_no_header(tmp_path):
    def digest(tensors: dict[str, torch.Tensor], **header: object) -> str:
        write_tensors(tmp_path / "a.safetensors", tensors, header)
        return tensors_digest(tmp_path / "a.safetensors")

    values = torch.tensor([1.0, 2.0])
    first = digest({"a": values}, study="tcm")
    assert digest({"a": values}, study="mnist", steps=3) == first
    others = [
        {"b": values}, {"a": values[None]}, {"a": values.view(torch.int32)}, {"a": values.nextafter(values + 1)},
        {"a": values, "b": torch.zeros(0)},
    ]  # fmt: skip
    assert len({first, *map(digest, others)}) == 6


def test_a_field_called_as_the_digest_is_not_taken_for_it(tmp_path):
    write_tensors(tmp_path / "a.safetensors", TENSORS, {"sha256": "mine"})
    assert "sha256" not in read_tensors(tmp_path / "a.safetensors")[1]


@pytest.fixture(params=["folder", "fifo", "socket", "device", "link to a device", "loop", "below a file", "long name"])
def odd(request, tmp_path):
    """A path at which there is no regular file."""
    place = tmp_path / "odd"
    match request.param:
        case "folder":
            place.mkdir()
        case "fifo":
            os.mkfifo(place)
        case "socket":
            with socket.socket(socket.AF_UNIX) as opened:
                opened.bind(str(place))
        case "device":
            place = Path("/dev/zero")
        case "link to a device":
            place.symlink_to("/dev/urandom")
        case "loop":
            place.symlink_to(place)
        case "below a file":
            place.write_text("")
            place = place / "a"
        case "long name":
            place = tmp_path / ("x" * 300)
    return place


@pytest.mark.parametrize("read", [read_regular, read_tensors, read_arrays, read_header, read_table, read_origin])
def test_what_is_no_regular_file_is_refused_at_once(odd, read):
    with pytest.raises(RambleError, match=r": (is|cannot be read)") as caught:
        read(odd)
    assert "delete" not in str(caught.value)


def test_a_checkpoint_that_is_no_regular_file_is_refused_at_once(odd):
    if not os.path.lexists(odd):  # there is no checkpoint
        assert Checkpoint(odd, "k").load() is None
        return
    with pytest.raises(RambleError, match=r": (is|cannot be read)"):
        Checkpoint(odd, "k").load()


def test_a_file_larger_than_the_memory_is_not_read(tmp_path):
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(2**42)
    with pytest.raises(RambleError, match=r"sparse: has 4398046511104 bytes, more than this machine's memory"):
        read_regular(tmp_path / "sparse")


@given(text=st.text())
def test_a_printable_text_is_one_line_without_control(text):
    shown = printable(text)
    assert shown.isprintable()
    assert printable(shown) == shown
    assert len(shown.splitlines()) <= 1
    shown.encode()
    assert len(quoted(text * 100)) <= 10 * 80 + 10


def test_terminal_sequences_line_ends_and_turned_text_are_written_out():
    text = "\x1b[2J\nholds\r\u2028\u202e\ud800ü"
    assert printable(text) == r"\x1b[2J\nholds\r\u2028\u202e\ud800ü"


def test_a_table_with_its_last_line_twice_is_not_whole():
    content = sealed_table(b"a\n1\n", "here")
    assert check_table("a", content).rows == b"a\n1\n"
    with pytest.raises(RambleError):
        check_table("a", content + content.splitlines(keepends=True)[-1])


def test_equal_content_gives_equal_bytes(tmp_path):
    for name in ("a", "b"):
        write_tensors(tmp_path / name, TENSORS, HEADER)
        write_table(tmp_path / f"{name}.csv", TABLE)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert sealed_tensors(save(TENSORS)) == sealed_tensors(sealed_tensors(save(TENSORS)))
