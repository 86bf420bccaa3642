"""Loss, error and smallest margin at every stored point of a path."""

import pandas as pd
import torch

from ramble.contract.stored_paths import StoredPath
from ramble.problems.problem import Problem, in_batches, stack, visible_batch
from ramble.progress import Progress

BATCH = 16  # networks evaluated at a time, at most


def profile(problem: Problem, path: StoredPath, progress: Progress) -> pd.DataFrame:
    """Return one row per stored point: point, t, s, losses, errors (counts and shares) on every split.

    Columns of the validation and the test split are there only where the problem has them. The bar advances by a step
    per point and split.
    """
    datasets = torch.full((len(path.points),), path.dataset)
    columns: dict[str, object] = {"point": range(len(path.points)), "t": path.t, "s": path.s}
    for split in problem.splits:
        evaluations = []
        for few in in_batches(problem, path.points, datasets, split, visible_batch(problem, split, BATCH)):
            evaluations.append(few)
            progress.advance(len(few.errors), path=path.pair)
        found = stack(evaluations)
        samples = problem.labels(datasets[:1], split).shape[1]
        columns[f"{split}_loss"] = found.losses.cpu()
        columns[f"{split}_errors"] = found.errors.cpu()
        columns[f"{split}_error"] = (found.errors / samples).cpu()
        columns[f"{split}_min_margin"] = found.min_margins.cpu()
    return pd.DataFrame(columns)


def spread_points(position: torch.Tensor, count: int) -> list[int]:
    """Return at most `count` point numbers, spread evenly in position, first and last among them (count >= 2)."""
    if len(position) <= count:
        return list(range(len(position)))
    wanted = torch.linspace(float(position[0]), float(position[-1]), count, dtype=position.dtype)[1:-1]
    nearest = (position.unsqueeze(0) - wanted.unsqueeze(1)).abs().argmin(1) if len(wanted) else wanted
    return sorted({0, len(position) - 1, *nearest.long().tolist()})
