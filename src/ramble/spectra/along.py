"""Measuring something at points of paths, one table per path."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Protocol, TypeVar

import pandas as pd
import torch
from torch import Tensor

from ramble.measure.profile import spread_points
from ramble.problems.problem import place_of
from ramble.store.artifacts import write_table
from ramble.store.checkpoints import Checkpoint, State, checkpoint_of, key_of
from ramble.store.progress import Progress
from ramble.store.stored_paths import StoredPath, read_path

ProblemT = TypeVar("ProblemT", contravariant=True)


class Rows(Protocol[ProblemT]):
    """Whatever is measured at one point."""

    def __call__(self, problem: ProblemT, weights: Tensor, dataset: int, label: str, /) -> pd.DataFrame:
        """Return the rows of the point `weights` (P,); `label` names it for random streams and errors."""


def write_along_paths(
    rows: Rows[ProblemT],
    problem: ProblemT,
    name: str,
    what: str,
    count: int,
    paths: Sequence[str],
    outputs: Sequence[str],
    settings: Mapping[str, object],
) -> None:
    """Write one table per path, with rows for `count` of its points, spread evenly in position (t or s).

    Every row begins with its place: point (an index into the path's points), t, s. A run that was killed goes on
    after the last point in its checkpoint.

    Args:
        rows: what is measured.
        problem: whose paths they are.
        name: of the study.
        what: is measured, for the progress bar.
        count: points per path.
        paths: files of paths.
        outputs: one table for each of them.
        settings: all that the rows depend on besides the paths (of what JSON can hold).

    Raises:
        RambleError: what `rows` raises; a checkpoint of other settings or another path.
    """
    with Progress(f"{name}: {what} of {len(paths)} paths", len(paths) * count) as progress:
        for file, output in zip(paths, outputs, strict=True):
            path = read_path(file)
            points = torch.from_numpy(path.points)
            checkpoint = Checkpoint(checkpoint_of(output), key_of(settings, {"points": points}))
            chosen = spread_points(path.position, count)
            tables = checkpoint.resume(partial(_taken_up, chosen)) or []
            for number, point in enumerate(chosen):
                if number >= len(tables):
                    found = rows(problem, points[point], place_of(problem, path.dataset), f"{name}/{path.pair}/{point}")
                    tables.append(_placed(found, path, point))
                progress.advance(1, path=path.pair)
                if checkpoint.due:
                    checkpoint.save({}, {"tables": [table.to_dict("list") for table in tables]})
            write_table(output, pd.concat(tables, ignore_index=True))
            checkpoint.remove()


def _taken_up(points: Sequence[int], state: State) -> list[pd.DataFrame]:
    """Return the tables of the first of the points, which a checkpoint holds."""
    tables = [pd.DataFrame(table) for table in state.facts["tables"]]
    if [set(table["point"]) for table in tables] != [{point} for point in points[: len(tables)]]:
        raise ValueError("the tables are not those of the first points")
    return tables


def _placed(rows: pd.DataFrame, path: StoredPath, point: int) -> pd.DataFrame:
    place = pd.DataFrame({"point": point, "t": float(path.t[point]), "s": float(path.s[point])}, index=rows.index)
    return pd.concat([place, rows], axis=1)
