"""Paths read back: results/<study>/paths/<tracker>/<dataset>-<a>-<b>.safetensors."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from ramble.artifacts import read_tensors


@dataclass(frozen=True, eq=False)
class StoredPath:
    """A path read back from disk."""

    pair: str
    dataset: int
    points: Tensor  # (T, P) float32
    t: Tensor  # (T,) float64
    metadata: dict[str, str]


def read_path(file: str) -> StoredPath:
    """Return a stored path."""
    tensors, metadata = read_tensors(file)
    pair = Path(file).stem
    return StoredPath(pair, int(pair.split("-")[0]), tensors["points"], tensors["t"], metadata)


def pair_of(file: str) -> tuple[int, int, int]:
    """Return (data set, a, b) from a file name <dataset>-<a>-<b>.*."""
    dataset, a, b = (int(part) for part in Path(file).stem.split("-"))
    return dataset, a, b


def representative(paths: Sequence[StoredPath]) -> StoredPath:
    """Return the path that stands for its study in a figure: the first that arrived, else the one that came farthest.

    A fixed rule, so that nobody picks the prettiest.
    """
    arrived = [path for path in paths if path.metadata["status"] == "arrived"]
    return arrived[0] if arrived else max(paths, key=lambda path: float(path.t.max()))
