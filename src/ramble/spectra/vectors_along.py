"""Eigenvectors at some of the points of a path: a table of what is known of them, and a file with the vectors."""

import json
from collections.abc import Mapping, Sequence
from functools import partial

import pandas as pd
import torch
from torch import Tensor

from ramble.problems.network import NetworkProblem
from ramble.spectra.groups import group_of
from ramble.spectra.krylov import KrylovEngine
from ramble.store.artifacts import write_table
from ramble.store.checkpoints import Checkpoint, State, checkpoint_of, key_of
from ramble.store.points import read_points, spread_points
from ramble.store.progress import Progress
from ramble.store.tensors import write_tensors


def write_eigenvectors(
    engine: KrylovEngine,
    problem: NetworkProblem,
    name: str,
    count: int,
    file: str,
    table: str,
    vectors: str,
    settings: Mapping[str, object],
) -> None:
    """Write eigenvectors at `count` of the points in `file`, spread evenly in position.

    The table has a row a point: its place, the spectrum, and columns vector_residual_i, angle_i, cluster_i and
    cluster_angle_i (radians, see `eigenvectors.Eigenvectors`). The tensors beside it have the names and shapes of the
    state_dict, behind a dimension for the rows of the table and one for the eigenvalues of the top in their order:
    fc1.weight (n, k, o, i). Of a group there are only its tensors. A run that was killed goes on after the last point
    in its checkpoint.

    Args:
        engine: its settings say how many.
        problem: whose networks they are.
        name: of the study.
        count: of the points.
        file: of points.
        table: CSV.
        vectors: safetensors.
        settings: all that both depend on besides the points (of what JSON can hold).

    Raises:
        RambleError: what the engine raises; a checkpoint of other settings or other points.
    """
    points = read_points(file)
    weights, chosen = torch.from_numpy(points.points), spread_points(points.position, count)
    checkpoint = Checkpoint(checkpoint_of(table), key_of(settings, {"points": weights}))
    rows, found = checkpoint.resume(partial(_taken_up, chosen)) or ([], [])
    with Progress(f"{name}: eigenvectors at points of {points.name}", len(chosen)) as progress:
        for number, point in enumerate(chosen):
            if number >= len(rows):
                label = f"{name}/{points.name}/{point}"
                spectrum, eigenvectors = engine.eigenvectors(problem, weights[point], label)
                place = {place: float(values[point]) for place, values in points.places.items()}
                rows.append({"point": point, **place, **spectrum.columns, **eigenvectors.columns})
                found.append(eigenvectors.vectors.T.cpu())
            progress.advance(1, points=points.name)
            if checkpoint.due:
                checkpoint.save({"vectors": torch.stack(found)}, {"rows": rows})
    group = group_of(problem, engine.settings.group, f"{name}/{points.name}")
    header = {"study": name, "points_of": points.name, "dataset": points.dataset, "points": json.dumps(list(chosen))}
    write_tensors(vectors, group.unflatten(torch.stack(found)), header)
    write_table(table, pd.DataFrame(rows))
    checkpoint.remove()


def _taken_up(points: Sequence[int], state: State) -> tuple[list[dict[str, float]], list[Tensor]]:
    """Return the rows and vectors (k, p) of the first of the points, which a checkpoint holds."""
    rows, vectors = list(state.facts["rows"]), list(state.tensors["vectors"])
    if [row["point"] for row in rows] != list(points[: len(rows)]) or len(vectors) != len(rows):
        raise ValueError("the rows are not those of the first points")
    return rows, vectors
