"""Points in weight space: an ordered set of networks with a position, one type and one file format.

A file holds the tensors "points" (T, P) and "t" (T,), or (T, 2) in a plane, and a header of strings (`headers`). One of
a path that ends at W_b with its units reordered holds "end_order" (P,) too: the last point is W_b[end_order]. A path
between two solutions, results/<study>/paths/<tracker>/<dataset>-<a>-<b>.safetensors, is one kind of points; a training
run, a line, a direction and a plane are others. All that is measured at points takes any of them.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ramble.errors import RambleError
from ramble.store.artifacts import read_arrays, write_arrays
from ramble.store.headers import Header, PathHeader, read_header_of_points, read_path_header
from ramble.store.untrusted import FETCH, quoted

BACKSLIDE = 0.01  # of t: a stuck walk's last point may lie that little behind the one before
END_ORDER = "end_order"  # the tensor, and the field of the header that tells of it
IN_ORDER, IN_A_PLANE = (-1,), (-1, 2)  # shapes of t, -1: any number


@dataclass(frozen=True, eq=False)
class Points:
    """An ordered set of networks with a position each.

    Attributes:
        name: of the set, for labels and random streams: the name of its file without the suffix.
        points: (T, P), in the order of the network's state_dict.
        t: (T,) the position: of a path 1 - |W_b - W_x| / |W_b - W_a|, of a training run its epochs or gradients,
            of a line the share of the way, of a direction the factor; (T, 2) the coordinates in a plane.
        header: what is known of them.
    """

    name: str
    points: NDArray[np.float32]
    t: NDArray[np.float64]
    header: Header

    @property
    def dataset(self) -> int:
        """Number of the training set of these networks."""
        return self.header.dataset

    @cached_property
    def walked(self) -> NDArray[np.float64]:
        """Length of the polygon from the first point to every point (T,)."""
        steps = [np.linalg.norm(end.astype(np.float64) - start) for start, end in pairwise(self.points)]
        return np.cumsum([0.0, *steps])

    @property
    def s(self) -> NDArray[np.float64]:
        """Share of the polygon's length at every point (T,): 0 at the first, 1 at the last."""
        return self.walked / (self.walked[-1] or 1.0)

    @property
    def rises(self) -> bool:
        """Whether t tells the points' order; it does not where a path swings out."""
        return bool((self.t >= np.maximum.accumulate(self.t) - BACKSLIDE).all())

    @property
    def position(self) -> NDArray[np.float64]:
        """Where the points lie along their way (T,): t where it rises, else s; in a plane their number."""
        if self.t.ndim > 1:
            return np.arange(len(self.t), dtype=np.float64)
        return self.t if self.rises else self.s

    @property
    def places(self) -> dict[str, NDArray[np.float64]]:
        """The columns that say in a table where the points are: t and s, or u and v in a plane."""
        if self.t.ndim > 1:
            return {"u": self.t[:, 0], "v": self.t[:, 1]}
        return {"t": self.t, "s": self.s}


@dataclass(frozen=True, eq=False)
class StoredPath(Points):
    """The points that a tracker left between two solutions.

    Attributes:
        end_order: (P,) where the last point is W_b[end_order], W_b with its units reordered; None where it is W_b.
    """

    header: PathHeader
    end_order: NDArray[np.int64] | None = None


def spread_points(position: NDArray[np.float64], count: int) -> list[int]:
    """Return at most `count` point numbers, spread evenly in position, first and last among them (count >= 2)."""
    if len(position) <= count:
        return list(range(len(position)))
    wanted = np.linspace(position[0], position[-1], count)[1:-1]
    nearest = np.abs(position - wanted[:, np.newaxis]).argmin(1)
    return sorted({0, len(position) - 1, *nearest.tolist()})


def write_points(file: str | Path, points: Points) -> None:
    """Write points with their header."""
    arrays: dict[str, NDArray[Any]] = {"points": points.points, "t": points.t}
    if isinstance(points, StoredPath) and points.end_order is not None:
        arrays[END_ORDER] = points.end_order
    write_arrays(file, arrays, points.header.text)


def read_points(file: str | Path) -> Points:
    """Return stored points, a `StoredPath` where a tracker made them.

    Raises:
        RambleError: as `read_arrays`, and where tensors or header are not those of points.
    """
    arrays, texts = read_arrays(file)
    if "maker" not in texts:
        return _path(file, arrays, texts)
    header = read_header_of_points(file, texts)
    return Points(Path(file).stem, *_checked(file, arrays, (IN_ORDER, IN_A_PLANE)), header)


def read_path(file: str | Path, missing: str = FETCH) -> StoredPath:
    """Return a stored path; `missing` says what to do where there is none.

    Raises RambleError as `read_points` does.
    """
    if os.path.lexists(file):  # what is missing is said first, and what is no path by its name is not read
        _dataset_of(file)
    return _path(file, *read_arrays(file, missing))


def _path(file: str | Path, arrays: Mapping[str, NDArray[Any]], texts: Mapping[str, str]) -> StoredPath:
    return path_in(file, _dataset_of(file), arrays, texts)


def path_in(file: str | Path, dataset: int, arrays: Mapping[str, NDArray[Any]], texts: Mapping[str, str]) -> StoredPath:
    """Return the path that a file's tensors and header are; raises RambleError where they are none."""
    header = read_path_header(file, dataset, texts)
    others = {name: array for name, array in arrays.items() if name != END_ORDER}
    points, t = _checked(file, others, (IN_ORDER,))
    order = _order(file, arrays.get(END_ORDER), points.shape[1])
    if (order is None) != (END_ORDER not in header.facts):
        raise RambleError(f"{file}: header and tensors disagree on {END_ORDER}; name a path as it was made.")
    return StoredPath(Path(file).stem, points, t, header, order)


def _order(file: str | Path, order: NDArray[Any] | None, weights: int) -> NDArray[np.int64] | None:
    """Return an order of weights, which must have every place once."""
    if order is not None and (
        order.dtype != np.int64 or order.shape != (weights,) or not np.array_equal(np.sort(order), np.arange(weights))
    ):
        raise RambleError(f"{file}: {END_ORDER} is no order of the {weights} weights; name a path as it was made.")
    return order


def _dataset_of(file: str | Path) -> int:
    """Return the data set of a path, which its name has."""
    try:
        dataset, _, _ = pair_of(str(file))
    except ValueError:
        dataset = None
    if dataset is None or Path(file).suffix != ".safetensors":
        raise RambleError(f"{file}: is not called <dataset>-<a>-<b>.safetensors; name a path as it was made.")
    return dataset


def _checked(
    file: str | Path, arrays: Mapping[str, NDArray[Any]], shapes_of_t: Sequence[tuple[int, ...]]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return points and t, of the right types and shapes."""
    wanted = {"points": (np.float32, ((-1, -1),)), "t": (np.float64, shapes_of_t)}
    if arrays.keys() != wanted.keys():
        names = ", ".join(map(quoted, sorted(arrays))) or "none"
        raise RambleError(f"{file}: the tensors of points are points and t, this file has {names}; name another.")
    for name, (dtype, shapes) in wanted.items():
        found = arrays[name]
        if found.dtype != dtype or not any(_fits(found.shape, shape) for shape in shapes):
            raise RambleError(
                f"{file}: {name} are {found.dtype} of the shape {found.shape}, not {np.dtype(dtype)} of the shape "
                f"{' or '.join(map(str, shapes))} (-1: any number); name a file of points."
            )
    points, t = arrays["points"], arrays["t"]
    if not len(points) or len(points) != len(t):
        raise RambleError(f"{file}: holds {len(points)} points and {len(t)} of their t; name a whole file of points.")
    return points, t


def _fits(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return len(shape) == len(wanted) and all(size in (-1, found) for found, size in zip(shape, wanted, strict=True))


def pair_of(file: str) -> tuple[int, int, int]:
    """Return (data set, a, b) from a file name <dataset>-<a>-<b>.*."""
    dataset, a, b = (int(part) for part in Path(file).stem.split("-"))
    return dataset, a, b


def representative(paths: Sequence[StoredPath]) -> StoredPath:
    """Return the path that stands for its study in a figure: the first that arrived, else the one that came farthest.

    A fixed rule, so that nobody picks the prettiest.
    """
    arrived = [path for path in paths if path.header.arrived]
    return arrived[0] if arrived else max(paths, key=lambda path: float(path.t.max()))
