"""Files that are either whole or absent: safetensors with metadata, and CSV tables."""

import contextlib
import json
import os
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from ramble.errors import RambleError


def write_whole(path: str | Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary neighbour of `path`, then rename it: no reader sees half a file.

    Raises RambleError when the disk refuses; the temporary file is removed whatever happens.
    """
    path = Path(path)
    # the suffix stays last: matplotlib chooses the format by it
    aside = path.with_name(f".{path.stem}.partial-{os.getpid()}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(aside)
        aside.replace(path)
    except OSError as error:
        raise RambleError(
            f"{path}: cannot be written ({error.strerror or error}); make room or permit writing, then run again."
        ) from error
    finally:
        with contextlib.suppress(OSError):  # where nothing could be written there is nothing to remove
            aside.unlink(missing_ok=True)


def write_tensors(path: str | Path, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, object]) -> None:
    """Write tensors and their metadata (values as text) so that equal content gives equal bytes."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    content = _with_sorted_header(save(plain, metadata={key: str(value) for key, value in metadata.items()}))
    write_whole(path, lambda aside: aside.write_bytes(content))


def _with_sorted_header(content: bytes) -> bytes:
    """Sort the header's keys: safetensors writes its metadata in an order that changes between processes."""
    (length,) = struct.unpack("<Q", content[:8])
    header = json.dumps(json.loads(content[8 : 8 + length]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + content[8 + length :]


def read_tensors(path: str | Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Return the tensors and the metadata of a safetensors file.

    Raises RambleError when the file is missing, truncated or not a safetensors file.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise RambleError(
            f"{path}: not a whole safetensors file ({error}); delete it and run snakemake again to make it anew."
        ) from error


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write a data frame as CSV with nine significant digits (a float32 survives the round trip)."""
    write_whole(path, lambda aside: table.to_csv(aside, index=False, float_format="%.9g", lineterminator="\n"))


def read_table(path: str | Path) -> pd.DataFrame:
    """Return a CSV table; raises RambleError when it is missing or empty."""
    try:
        return pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise RambleError(f"{path}: not a readable CSV ({error}); delete it and run snakemake again.") from error
