"""Compare the values of two folders of results, whatever their stamps say: the same numbers, texts and pictures?

    python benchmarks/same_values.py BEFORE/results AFTER/results

Compared are all files of either folder: of a safetensors file the tensors, bit by bit, and the fields of the header; of
a table the rows, byte by byte; of JSON, Markdown and other texts the content; of pictures what is drawn. Left out is
what says where a file comes from: the stamp, digests of a file's own content, digests of tables (their last line has a
stamp), and the dates and names in the metadata of pictures. The exit code is 1 where anything differs.
"""

import argparse
import difflib
import json
import re
import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

STAMPED = {"provenance", "sha256", "steps_digest"}  # of a header: they change with the stamp
STAMP = re.compile(rb"ramble provenance: .*?; end\.", re.DOTALL)
MOST_LINES = 6  # of a difference of texts that are shown


def safetensors(content: bytes) -> dict[str, object]:
    """Return the fields of the header, and of every tensor its type, shape and bytes."""
    (length,) = struct.unpack("<Q", content[:8])
    header, buffer = json.loads(content[8 : 8 + length]), content[8 + length :]
    fields = header.pop("__metadata__", {})
    found: dict[str, object] = {f"header {name}": text for name, text in fields.items() if name not in STAMPED}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        found[f"tensor {name}"] = (entry["dtype"], tuple(entry["shape"]), buffer[start:end])
    return found


def table(content: bytes) -> list[bytes]:
    """Return the rows of a table, without its last line where that is the sealed one."""
    return [line for line in content.splitlines() if not line.startswith(b"# sha256 ")]


def json_values(content: bytes) -> dict[str, object]:
    """Return every value by its way through the document."""

    def walk(value: object, way: str) -> Iterator[tuple[str, object]]:
        if isinstance(value, dict | list):
            entries = value.items() if isinstance(value, dict) else enumerate(value)
            for key, part in entries:
                yield from walk(part, f"{way}/{key}")
            yield f"{way} has", type(value).__name__
        else:
            yield way, value

    return dict(walk(json.loads(content), ""))


def text(content: bytes) -> list[bytes]:
    """Return the lines of a text, with stamps left out."""
    return STAMP.sub(b"", content).splitlines()


def svg(content: bytes) -> list[bytes]:
    """Return the lines of a drawing without its metadata."""
    return text(re.sub(rb"<metadata>.*?</metadata>", b"", content, flags=re.DOTALL))


def png(content: bytes) -> dict[str, object]:
    """Return the chunks of a picture but for its texts: size, colours, pixels."""
    found, place = dict[str, object](), 8
    while place < len(content):
        (length,) = struct.unpack(">I", content[place : place + 4])
        kind = content[place + 4 : place + 8].decode("latin-1")
        if kind not in ("tEXt", "iTXt", "zTXt", "tIME"):
            number = sum(name.startswith(kind) for name in found)
            found[f"{kind} {number}"] = content[place + 8 : place + 8 + length]
        place += length + 12
    return found


def pdf(content: bytes) -> list[bytes]:
    """Return what the streams of a document draw; its other objects hold the metadata and places in the file."""
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
        try:
            found += zlib.decompress(stream).splitlines()
        except zlib.error:
            found.append(stream)
    return found


READERS: dict[str, Callable[[bytes], object]] = {
    ".safetensors": safetensors, ".csv": table, ".json": json_values, ".svg": svg, ".png": png, ".pdf": pdf,
}  # fmt: skip


def differences(before: bytes, after: bytes, suffix: str) -> list[str]:
    """Return what differs between two files of one kind, a line each."""
    if before == after:
        return []
    read = READERS.get(suffix, text)
    old, new = read(before), read(after)
    if isinstance(old, dict) and isinstance(new, dict):
        return [_entry(name, old, new) for name in [*old, *(new.keys() - old.keys())] if _other(name, old, new)]
    if isinstance(old, list) and isinstance(new, list) and old != new:
        pairs = difflib.unified_diff(*([repr(line)[2:-1] for line in lines] for lines in (old, new)), n=0, lineterm="")
        lines = [line for line in pairs if not line.startswith(("---", "+++", "@@"))]
        more = [f"and {len(lines) - MOST_LINES} more lines"] if len(lines) > MOST_LINES else []
        return [line[:200] for line in lines[:MOST_LINES]] + more
    return []


def _other(name: str, old: dict[str, object], new: dict[str, object]) -> bool:
    if name not in old or name not in new:
        return True
    first, second = old[name], new[name]
    # bits were compared for tensors; a number in JSON has one way to be written, and NaN is written as null
    return first != second or type(first) is not type(second)


def _entry(name: str, old: dict[str, object], new: dict[str, object]) -> str:
    if name not in new:
        return f"{name}: only before"
    if name not in old:
        return f"{name}: only after"
    first, second = (value if isinstance(value, str | int | float) else None for value in (old[name], new[name]))
    return f"{name}: differs" if first is None or second is None else f"{name}: {first!r} became {second!r}"


def files(folder: Path) -> set[str]:
    """Return the files below a folder, hidden ones left out: what a killed run left is no result."""
    found = (file.relative_to(folder) for file in folder.rglob("*") if file.is_file())
    return {str(name) for name in found if not any(part.startswith(".") for part in name.parts)}


def main() -> int:
    """Compare two folders; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--leave-out", action="append", default=[], metavar="REGEX", help="names of files")
    options = parser.parse_args()
    for folder in (options.before, options.after):
        if not folder.is_dir():
            parser.error(f"{folder} is no folder; name two folders of results.")
    left_out = re.compile("|".join(options.leave_out) or "(?!)")
    old, new = (
        {name for name in files(folder) if not left_out.search(name)} for folder in (options.before, options.after)
    )
    for name in sorted(old ^ new):
        print(f"{name}: only {'before' if name in old else 'after'}")
    counts, differing = dict[str, int](), 0
    for name in sorted(old & new):
        suffix = Path(name).suffix
        counts[suffix or "no suffix"] = counts.get(suffix or "no suffix", 0) + 1
        found = differences((options.before / name).read_bytes(), (options.after / name).read_bytes(), suffix)
        differing += bool(found)
        for line in found:
            print(f"{name}: {line}")
    kinds = ", ".join(f"{count} {suffix}" for suffix, count in sorted(counts.items())) or "none"
    alone = len(old ^ new)
    print(f"{len(old & new)} files compared ({kinds}): {differing} differ; {alone} are in one folder only.")
    return int(bool(differing or alone or not old & new))


if __name__ == "__main__":
    sys.exit(main())
