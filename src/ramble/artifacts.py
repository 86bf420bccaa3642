"""Files that are either whole or absent, and say where they come from: safetensors with metadata, and CSV tables."""

import contextlib
import glob
import io
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from safetensors import SafetensorError, safe_open

from ramble.errors import RambleError
from ramble.stamps import END, stamp


def write_whole(path: str | Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary neighbour of `path`, then rename it: no reader sees half a file.

    Raises RambleError when the disk refuses; the temporary file is removed whatever happens, but for a kill signal:
    what a killed process left is removed by the next that writes `path`.
    """
    path = Path(path)
    # the suffix stays last: matplotlib chooses the format by it
    aside = path.with_name(f".{path.stem}.partial-{os.getpid()}{path.suffix}")
    try:
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


@contextlib.contextmanager
def open_tensors(path: str | Path, framework: str) -> Iterator[Any]:
    """Open a safetensors file for reading its tensors as those of a framework, "numpy" or "pt".

    Raises RambleError when the file is missing, truncated or not a safetensors file.
    """
    try:
        with safe_open(path, framework=framework) as file:
            yield file
    except (OSError, SafetensorError) as error:
        raise RambleError(
            f"{path}: not a whole safetensors file ({error}); delete it and run snakemake again to make it anew."
        ) from error


def read_header(path: str | Path) -> dict[str, str]:
    """Return the metadata of a safetensors file; raises as `open_tensors` does."""
    with open_tensors(path, "numpy") as file:
        return dict(file.metadata() or {})


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write a data frame as CSV with nine significant digits (a float32 survives the round trip).

    Its last line is a comment that says where it comes from. At the head it would be taken for the names of the
    columns by readers that know no comments, DVC's plots among them; at the end they see one more row without numbers.
    """
    text = table.to_csv(index=False, float_format="%.9g", lineterminator="\n") + f"# {stamp(path)}\n"
    write_whole(path, lambda aside: aside.write_text(text, encoding="utf-8"))


def write_metrics(path: str | Path, metrics: Mapping[str, Any]) -> None:
    """Write nested numbers as JSON, in their order; what is not a number becomes null."""
    text = json.dumps(_finite(metrics), indent=2) + "\n"
    write_whole(path, lambda aside: aside.write_text(text, encoding="utf-8"))


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(part) for key, part in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_table(path: str | Path) -> pd.DataFrame:
    """Return a CSV table; raises RambleError when it is missing, or not whole: its last line is always a comment."""
    try:
        text = Path(path).read_text(encoding="utf-8")
        if not text.endswith(f"{END}\n"):
            raise ValueError("its last line is missing")
        return pd.read_csv(io.StringIO(text), comment="#")
    except (OSError, ValueError) as error:
        raise RambleError(f"{path}: not a readable CSV ({error}); delete it and run snakemake again.") from error
