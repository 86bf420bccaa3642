"""Paths read back: results/<study>/paths/<tracker>/<dataset>-<a>-<b>.safetensors."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ramble.store.artifacts import read_arrays

BACKSLIDE = 0.01  # of t: a stuck walk's last point may lie that little behind the one before


@dataclass(frozen=True, eq=False)
class StoredPath:
    """A path read back from disk."""

    pair: str
    dataset: int
    points: NDArray[np.float32]  # (T, P)
    t: NDArray[np.float64]  # (T,)
    metadata: dict[str, str]

    @cached_property
    def walked(self) -> NDArray[np.float64]:
        """Length of the polygon from W_a to every point (T,)."""
        steps = [np.linalg.norm(end.astype(np.float64) - start) for start, end in pairwise(self.points)]
        return np.cumsum([0.0, *steps])

    @property
    def s(self) -> NDArray[np.float64]:
        """Share of the path's length at every point (T,): 0 at the first, 1 at the last."""
        return self.walked / (self.walked[-1] or 1.0)

    @property
    def rises(self) -> bool:
        """Whether t tells the points' order; it does not where a path swings out."""
        return bool((self.t >= np.maximum.accumulate(self.t) - BACKSLIDE).all())

    @property
    def position(self) -> NDArray[np.float64]:
        """Where the points lie along the path (T,): t where it rises, else s. Figures and spectra go by it."""
        return self.t if self.rises else self.s


def read_path(file: str) -> StoredPath:
    """Return a stored path; raises as `read_arrays` does."""
    pair = Path(file).stem
    tensors, header = read_arrays(file)
    return StoredPath(pair, int(pair.split("-")[0]), tensors["points"], tensors["t"], header)


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
