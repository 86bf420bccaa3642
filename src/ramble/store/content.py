"""What a file holds, in one number: a SHA-256 that stands in the file itself and is compared whenever it is read.

A safetensors file has it in its header, under `sha256`: over the names, types, shapes and bytes of all tensors and over
all other fields of the header. A table has it in its last line: over its rows and over the rest of that line. It tells
damage, and changes by programs that do not know of it; it is no signature, for whoever writes a file can write it too.
"""

import hashlib
import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ramble.errors import RambleError

FIELD = "sha256"
LAST_LINE = re.compile(rb"# sha256 ([0-9a-f]{64}); ([ -~]*)\n")
METADATA = "__metadata__"
MOST_HEADER, MOST_LINE = 2**24, 2**16  # bytes that are looked at for where a file comes from


@dataclass(frozen=True)
class Tensors:
    """A safetensors file whose content is what its digest says."""

    header: dict[str, str]  # without the digest
    digest: str  # of the tensors alone: the same whatever the header says


@dataclass(frozen=True)
class Table:
    """A table whose content is what its digest says."""

    rows: bytes  # CSV
    origin: str  # where it comes from
    digest: str


def remedy(path: str | Path) -> str:
    """Say what to do with a damaged file that may be no artifact at all.

    Without being deleted first a file of the same size and time is left alone by `dvc checkout --force` too.
    """
    return f"if it is a result of the workflow, delete it, then run snakemake, or dvc checkout {path}, to have it again"


def sealed_tensors(content: bytes) -> bytes:
    """Return a safetensors file with its digest, and its header sorted: safetensors' own order changes by process."""
    header, buffer = _split(content)
    fields = {key: value for key, value in header.pop(METADATA, {}).items() if key != FIELD}
    fields[FIELD] = _of_file(_of_tensors(header, buffer), fields)
    text = json.dumps({METADATA: fields, **header}, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + buffer


def check_tensors(path: str | Path, content: bytes, cure: str = "") -> Tensors:
    """Return the header of a safetensors file and the digest of its tensors.

    Raises:
        RambleError: it is not a whole safetensors file, or its content is not what its digest says; `cure` is what
            to do then, see `remedy`.
    """
    cure = cure or remedy(path)
    try:
        header, buffer = _split(content)
        fields: dict[str, str] = header.pop(METADATA, {})
        told, found = fields.pop(FIELD, None), _of_tensors(header, buffer)
        right = told == _of_file(found, fields)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, struct.error) as error:
        raise RambleError(f"{path}: not a whole safetensors file; {cure}.") from error
    if told is None:
        raise RambleError(f"{path}: holds no digest of its content, as every result does; {cure}.")
    if not right:
        raise RambleError(f"{path}: its content is not what its digest says, it is damaged or was changed; {cure}.")
    return Tensors(fields, found)


def sealed_table(rows: bytes, origin: str) -> bytes:
    """Return a table with its last line: the digest, and where it comes from (one line of printable ASCII)."""
    return rows + f"# sha256 {hashlib.sha256(rows + origin.encode()).hexdigest()}; {origin}\n".encode()


def check_table(path: str | Path, content: bytes) -> Table:
    """Return a table's parts.

    Raises:
        RambleError: its last line is missing, or its content is not what its digest says.
    """
    cure = remedy(path)
    start = content.rfind(b"\n", 0, len(content) - 1) + 1
    last = LAST_LINE.fullmatch(content, start)
    if last is None:
        raise RambleError(f"{path}: not a whole table (its last line, with its digest, is missing); {cure}.")
    told = last[1].decode()
    if hashlib.sha256(content[:start] + last[2]).hexdigest() != told:
        raise RambleError(f"{path}: its content is not what its digest says, it is damaged or was changed; {cure}.")
    return Table(content[:start], last[2].decode(), told)


def origin_of(file: str | Path) -> str:
    """Return what a safetensors file or a table says of where it comes from; nothing where it says nothing.

    A quick look: whether the content is what its digest says is checked by whoever reads it.
    """
    try:
        with Path(file).open("rb") as opened:
            if str(file).endswith(".safetensors"):
                (length,) = struct.unpack("<Q", opened.read(8))
                return str(json.loads(opened.read(min(length, MOST_HEADER)))[METADATA]["provenance"])
            opened.seek(max(0, Path(file).stat().st_size - MOST_LINE))
            return opened.read().decode("ascii", "replace").rstrip("\n").rpartition("\n")[2]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error):
        return ""


def _split(content: bytes) -> tuple[dict[str, Any], memoryview]:
    """Return the header and the tensors' bytes, all of them accounted for."""
    (length,) = struct.unpack("<Q", content[:8])
    if length > len(content) - 8:
        raise ValueError("the header is longer than the file")
    header = json.loads(content[8 : 8 + length])
    buffer = memoryview(content)[8 + length :]
    held = sum(end - start for start, end in (entry["data_offsets"] for entry in _entries(header).values()))
    if held != len(buffer):
        raise ValueError("the tensors have other lengths than the file")
    return header, buffer


def _entries(header: Mapping[str, Any]) -> dict[str, Any]:
    return {name: entry for name, entry in sorted(header.items()) if name != METADATA}


def _of_tensors(header: Mapping[str, Any], buffer: memoryview) -> str:
    entries = _entries(header)
    digest = hashlib.sha256(json.dumps([(name, one["dtype"], one["shape"]) for name, one in entries.items()]).encode())
    for one in entries.values():
        start, end = one["data_offsets"]
        digest.update(buffer[start:end])
    return digest.hexdigest()


def _of_file(tensors: str, fields: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps([tensors, sorted(fields.items())]).encode()).hexdigest()
