"""Measuring something at some of the points of a set, such as a path; one table per set."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Protocol, TypeVar

import pandas as pd
import torch
from torch import Tensor

from ramble.problems.network import NetworkProblem
from ramble.problems.problem import place_of
from ramble.store.artifacts import write_table
from ramble.store.checkpoints import Checkpoint, State, checkpoint_of, key_of
from ramble.store.points import Points, read_points, spread_points
from ramble.store.progress import Progress

ProblemT = TypeVar("ProblemT", contravariant=True)


class Rows(Protocol[ProblemT]):
    """Whatever is measured at one point."""

    def __call__(self, problem: ProblemT, weights: Tensor, dataset: int, label: str, /) -> pd.DataFrame:
        """Return the rows of the point `weights` (P,); `label` names it for random streams and errors."""


def write_along(
    rows: Rows[ProblemT],
    problem: ProblemT,
    name: str,
    what: str,
    count: int,
    files: Sequence[str],
    outputs: Sequence[str],
    settings: Mapping[str, object],
) -> None:
    """Write one table per set of points, with rows for `count` of them, spread evenly in position.

    Every row begins with its place: point (an index into the points), t and s, or u and v in a plane. A run that
    was killed goes on after the last point in its checkpoint.

    Args:
        rows: what is measured.
        problem: whose networks they are.
        name: of the study.
        what: is measured, for the progress bar.
        count: points per set.
        files: of points.
        outputs: one table for each of them.
        settings: all that the rows depend on besides the points (of what JSON can hold).

    Raises:
        RambleError: what `rows` raises; a checkpoint of other settings or other points.
    """
    with Progress(f"{name}: {what} at points of {len(files)} files", len(files) * count) as progress:
        for file, output in zip(files, outputs, strict=True):
            points = read_points(file)
            weights = torch.from_numpy(points.points)
            checkpoint = Checkpoint(checkpoint_of(output), key_of(settings, {"points": weights}))
            chosen = spread_points(points.position, count)
            tables = checkpoint.resume(partial(_taken_up, chosen)) or []
            for number, point in enumerate(chosen):
                if number >= len(tables):
                    found = rows(
                        problem, weights[point], place_of(problem, points.dataset), f"{name}/{points.name}/{point}"
                    )
                    tables.append(placed(found, points, point))
                progress.advance(1, points=points.name)
                if checkpoint.due:
                    checkpoint.save({}, {"tables": [table.to_dict("list") for table in tables]})
            write_table(output, pd.concat(tables, ignore_index=True))
            checkpoint.remove()


def on_first(rows: Rows[NetworkProblem], samples: int) -> Rows[NetworkProblem]:
    """Return what measures the same of the mean loss on the first training samples alone; column `samples` says so."""

    def found(problem: NetworkProblem, weights: Tensor, dataset: int, label: str, /) -> pd.DataFrame:
        table = rows(problem.on_first(samples), weights, dataset, label)
        return pd.concat([pd.DataFrame({"samples": samples}, index=table.index), table], axis=1)

    return found


def _taken_up(points: Sequence[int], state: State) -> list[pd.DataFrame]:
    """Return the tables of the first of the points, which a checkpoint holds."""
    tables = [pd.DataFrame(table) for table in state.facts["tables"]]
    if [set(table["point"]) for table in tables] != [{point} for point in points[: len(tables)]]:
        raise ValueError("the tables are not those of the first points")
    return tables


def placed(rows: pd.DataFrame, points: Points, point: int) -> pd.DataFrame:
    """Return what was measured at a point, its number and its place in front."""
    place = {name: float(values[point]) for name, values in points.places.items()}
    return pd.concat([pd.DataFrame({"point": point, **place}, index=rows.index), rows], axis=1)
