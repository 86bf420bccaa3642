"""Files that are whole or absent, and the same bytes for the same content."""

import json
import os
import shutil
import stat
import struct
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch

from ramble.errors import RambleError
from ramble.store.artifacts import read_header, read_table, write_table, write_whole
from ramble.store.content import sealed_table
from ramble.store.tensors import read_tensors, write_tensors

TENSORS = {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.tensor([1, -1], dtype=torch.int8)}
METADATA = {"study": "tcm", "dataset": 3, "alpha": 0.5, "steps": 12, "zeta": "ü", "status": "arrived"}


def test_tensors_and_metadata_come_back(tmp_path):
    file = tmp_path / "new" / "a.safetensors"
    write_tensors(file, TENSORS, METADATA)
    tensors, metadata = read_tensors(file)
    assert tensors.keys() == TENSORS.keys()
    for name, value in TENSORS.items():
        assert tensors[name].dtype == value.dtype
        assert torch.equal(tensors[name], value)
    assert metadata.pop("provenance").startswith("ramble provenance: ")
    assert metadata == {name: str(value) for name, value in METADATA.items()}


def test_a_view_is_written_as_its_own_values(tmp_path):
    values = torch.arange(12.0).reshape(3, 4)
    write_tensors(tmp_path / "a.safetensors", {"column": values[:, 1], "turned": values.T}, {})
    tensors, _ = read_tensors(tmp_path / "a.safetensors")
    assert tensors["column"].tolist() == [1.0, 5.0, 9.0]
    assert torch.equal(tensors["turned"], values.T)


def test_metadata_is_sorted_in_the_header(tmp_path):
    write_tensors(tmp_path / "a.safetensors", TENSORS, METADATA)
    content = (tmp_path / "a.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    assert list(header["__metadata__"]) == sorted([*METADATA, "provenance", "sha256"])
    assert length % 8 == 0  # tensors stay aligned


def test_two_processes_write_the_same_bytes(tmp_path):
    code = (
        "import sys, torch; from ramble.store.tensors import write_tensors\n"
        "write_tensors(sys.argv[1], {name: torch.ones(2) for name in 'abcdef'}, {name: 1 for name in 'uvwxyzabc'})"
    )
    contents = set()
    for hash_seed in ("1", "2"):
        file, environment = tmp_path / f"{hash_seed}.safetensors", os.environ | {"PYTHONHASHSEED": hash_seed}
        subprocess.run([sys.executable, "-c", code, str(file)], env=environment, check=True)
        contents.add(file.read_bytes())
    assert len(contents) == 1


@pytest.mark.parametrize("keep", [0, 5, 60, -1])
def test_a_truncated_file_is_named(tmp_path, keep):
    file = tmp_path / "half.safetensors"
    write_tensors(file, TENSORS, METADATA)
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(RambleError, match=r"half\.safetensors: not a whole safetensors file"):
        read_tensors(file)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RambleError, match=r"nowhere\.safetensors"):
        read_tensors(tmp_path / "nowhere.safetensors")


def test_nothing_is_left_when_the_writer_raises(tmp_path):
    def write_half(path):
        path.write_text("half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_whole(tmp_path / "a.csv", write_half)
    assert list(tmp_path.iterdir()) == []


def test_the_old_file_stays_when_the_writer_raises(tmp_path):
    def write_half(path):
        path.write_text("half")
        raise OSError("no room")

    (tmp_path / "a.csv").write_text("old")
    with pytest.raises(RambleError, match=r"a\.csv: cannot be written \(no room\)"):
        write_whole(tmp_path / "a.csv", write_half)
    assert [file.name for file in tmp_path.iterdir()] == ["a.csv"]
    assert (tmp_path / "a.csv").read_text() == "old"


def test_a_name_that_no_disk_takes_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(RambleError, match=r"cannot be written \(File name too long\)"):
        write_whole(tmp_path / (300 * "x"), lambda aside: aside.write_text("x"))


def test_the_temporary_file_keeps_the_suffix(tmp_path):
    suffixes = []
    write_whole(tmp_path / "fig1.svg", lambda aside: (suffixes.append(aside.suffix), aside.write_text("x")))
    assert suffixes == [".svg"]


def test_a_killed_writer_leaves_the_old_file_and_the_next_writer_clears_up(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("old")
    code = (
        "import sys, time; from ramble.store.artifacts import write_whole\n"
        "def write(aside):\n"
        "    aside.write_text('half')\n"
        "    print('writing', flush=True)\n"
        "    time.sleep(600)\n"
        "write_whole(sys.argv[1], write)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(file)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout.readline() == b"writing\n"
        writer.kill()
    assert file.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2
    write_whole(file, lambda aside: aside.write_text("new"))
    assert [found.read_text() for found in tmp_path.iterdir()] == ["new"]


def test_a_file_in_the_way_of_the_folder_is_reported(tmp_path):
    (tmp_path / "results").write_text("a file, not a folder")
    with pytest.raises(RambleError, match=r"results/a\.csv: cannot be written"):
        write_table(tmp_path / "results" / "a.csv", pd.DataFrame({"t": [0.0]}))


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 64 KiB, where this user may mount one."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small file system needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no small file system can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_reported_and_leaves_nothing(small_disk):
    with pytest.raises(RambleError, match=r"a\.safetensors: cannot be written \(No space left on device\)"):
        write_tensors(small_disk / "a.safetensors", {"points": torch.zeros(100_000)}, {})
    with pytest.raises(RambleError, match=r"a\.csv: cannot be written \(No space left on device\)"):
        write_table(small_disk / "a.csv", pd.DataFrame({"t": np.arange(100_000)}))
    assert list(small_disk.iterdir()) == []


def test_a_read_only_disk_is_reported(small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(RambleError, match=r"a\.csv: cannot be written \(Read-only file system\)"):
        write_table(small_disk / "a.csv", pd.DataFrame({"t": [0.0]}))


def test_a_float32_survives_the_table(tmp_path):
    values = torch.randn(200, generator=torch.Generator().manual_seed(1)) * 10.0 ** torch.arange(-20, 20).repeat(5)
    write_table(tmp_path / "a.csv", pd.DataFrame({"x": values.double().numpy(), "n": range(200)}))
    table = read_table(tmp_path / "a.csv")
    assert np.array_equal(table.x.to_numpy().astype(np.float32), values.numpy())
    assert table.n.tolist() == list(range(200))


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n3,4,5\n", b"a\n\xff\xfe\n"])
def test_a_table_that_is_not_whole_is_named(tmp_path, content):
    file = tmp_path / "t.csv"
    file.write_bytes(content)
    with pytest.raises(RambleError, match=r"t\.csv: not a whole table"):
        read_table(file)


def test_a_table_without_columns_is_named(tmp_path):
    file = tmp_path / "t.csv"
    file.write_bytes(sealed_table(b"a,b\n1,2\n3,4,5\n", "nobody"))
    with pytest.raises(RambleError, match=r"t\.csv: not a readable CSV"):
        read_table(file)


@pytest.mark.parametrize("read", [read_table, read_tensors, read_header])
def test_what_is_missing_is_not_to_be_deleted(tmp_path, read):
    with pytest.raises(RambleError, match=r"nowhere: is missing; make it with snakemake") as caught:
        read(tmp_path / "nowhere")
    assert "delete" not in str(caught.value)


def test_what_is_no_regular_file_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    for name in ("pipe.csv", "folder.csv"):
        with pytest.raises(RambleError, match=f"{name}: is no regular file, and is not replaced by one"):
            write_table(tmp_path / name, pd.DataFrame({"a": [1]}))
    assert stat.S_ISFIFO((tmp_path / "pipe.csv").stat().st_mode)


def test_a_link_is_replaced_and_what_it_leads_to_is_left(tmp_path):
    (tmp_path / "kept.csv").write_text("kept")
    (tmp_path / "link.csv").symlink_to(tmp_path / "kept.csv")
    write_table(tmp_path / "link.csv", pd.DataFrame({"a": [1]}))
    assert (tmp_path / "kept.csv").read_text() == "kept"
    assert not (tmp_path / "link.csv").is_symlink()
