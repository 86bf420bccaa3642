"""Loss, error and smallest margin at every stored point of a path."""

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from ramble.problems.problem import Problem, in_batches, place_of, stack, visible_batch
from ramble.store.progress import Progress
from ramble.store.stored_paths import StoredPath

BATCH = 16  # networks evaluated at a time, at most


def profile(problem: Problem, path: StoredPath, progress: Progress) -> pd.DataFrame:
    """Return one row per stored point: point, t, s, losses, errors (counts and shares) on every split.

    Columns of the validation and the test split are there only where the problem has them. The bar advances by a step
    per point and split.
    """
    points, datasets = torch.from_numpy(path.points), torch.full((len(path.points),), place_of(problem, path.dataset))
    columns: dict[str, object] = {"point": range(len(path.points)), "t": path.t, "s": path.s}
    for split in problem.splits:
        evaluations = []
        for few in in_batches(problem, points, datasets, split, visible_batch(problem, split, BATCH)):
            evaluations.append(few)
            progress.advance(len(few.errors), path=path.pair)
        found = stack(evaluations)
        samples = problem.labels(datasets[:1], split).shape[1]
        columns[f"{split}_loss"] = found.losses.cpu()
        columns[f"{split}_errors"] = found.errors.cpu()
        columns[f"{split}_error"] = (found.errors / samples).cpu()
        columns[f"{split}_min_margin"] = found.min_margins.cpu()
    return pd.DataFrame(columns)


def spread_points(position: NDArray[np.float64], count: int) -> list[int]:
    """Return at most `count` point numbers, spread evenly in position, first and last among them (count >= 2)."""
    if len(position) <= count:
        return list(range(len(position)))
    wanted = np.linspace(position[0], position[-1], count)[1:-1]
    nearest = np.abs(position - wanted[:, np.newaxis]).argmin(1)
    return sorted({0, len(position) - 1, *nearest.tolist()})
