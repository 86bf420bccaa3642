"""Files that are either whole or absent, and say where they come from: safetensors with metadata, and CSV tables.

Their content has a digest, compared whenever they are read (see `content`).
"""

import contextlib
import glob
import io
import json
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from ramble.errors import RambleError, printable
from ramble.store.content import check_table, check_tensors, remedy, sealed_table, sealed_tensors
from ramble.store.stamps import stamp
from ramble.store.untrusted import FETCH, read_regular


def write_whole(path: str | Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary neighbour of `path`, then rename it: no reader sees half a file.

    A link is replaced, and what it leads to is left as it is: that may be the cache of DVC.

    Raises RambleError when the disk refuses, or a folder or a device has the name; the temporary file is removed
    whatever happens, but for a kill signal: what a killed process left is removed by the next that writes `path`.
    """
    path = Path(path)
    # the suffix stays last: matplotlib chooses the format by it
    aside = path.with_name(f".{path.stem}.partial-{os.getpid()}{path.suffix}")
    try:
        if path.exists() and not path.is_file():
            raise RambleError(f"{path}: is no regular file, and is not replaced by one; name another.")
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{glob.escape(path.stem)}.partial-*{path.suffix}"):
            left.unlink(missing_ok=True)
        write(aside)
        aside.replace(path)
    except OSError as error:
        raise RambleError(
            f"{path}: cannot be written ({error.strerror or error}); make room or permit writing, then run again."
        ) from error
    finally:
        with contextlib.suppress(OSError):  # where nothing could be written there is nothing to remove
            aside.unlink(missing_ok=True)


def header_texts(metadata: Mapping[str, object]) -> dict[str, str]:
    """Return the header of a safetensors file that is to be written: values as text, and where it comes from."""
    return {key: str(value) for key, value in metadata.items()} | {"provenance": stamp()}


def write_arrays(path: str | Path, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, object]) -> None:
    """Write NumPy arrays as `write_tensors` writes tensors: to the same bytes."""
    plain = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    content = sealed_tensors(save(plain, metadata=header_texts(metadata)))
    write_whole(path, lambda aside: aside.write_bytes(content))


def read_arrays(path: str | Path, missing: str = FETCH) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Return the tensors of a safetensors file as NumPy arrays, and its header.

    Raises RambleError when the file is missing (`missing` says what to do then), not a whole safetensors file, or its
    content is not what its digest says.
    """
    content = read_regular(path, missing)
    header = check_tensors(path, content).header
    try:
        return load(content), header
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise RambleError(
            f"{path}: holds no tensors that can be read ({printable(str(error))}); {remedy(path)}."
        ) from error


def read_header(path: str | Path, missing: str = FETCH) -> dict[str, str]:
    """Return the header of a safetensors file; raises as `read_arrays` does, of a damaged tensor too."""
    return check_tensors(path, read_regular(path, missing)).header


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write a data frame as CSV with nine significant digits (a float32 survives the round trip).

    Its last line is a comment with the digest of its content and where it comes from. At the head it would be taken
    for the names of the columns by readers that know no comments, DVC's plots among them; at the end they see one more
    row without numbers.
    """
    rows = table.to_csv(index=False, float_format="%.9g", lineterminator="\n").encode()
    content = sealed_table(rows, stamp())
    write_whole(path, lambda aside: aside.write_bytes(content))


def write_metrics(path: str | Path, metrics: Mapping[str, Any]) -> None:
    """Write nested numbers as JSON, in their order; what is not a number becomes null."""
    text = json.dumps(_finite(metrics), indent=2) + "\n"
    write_whole(path, lambda aside: aside.write_text(text, encoding="utf-8"))


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(part) for key, part in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_table(path: str | Path) -> pd.DataFrame:
    """Return a CSV table; raises RambleError when it is missing, or its content is not what its digest says."""
    table = check_table(path, read_regular(path))
    try:
        return pd.read_csv(io.BytesIO(table.rows))
    except ValueError as error:
        raise RambleError(f"{path}: not a readable CSV ({printable(str(error))}); {remedy(path)}.") from error


def table_digest(path: str | Path) -> str:
    """Return the digest of a table's content, which stands in its last line; raises as `read_table` does."""
    return check_table(path, read_regular(path)).digest
