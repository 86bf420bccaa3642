"""Loss, error and smallest margin at every point of a set."""

import pandas as pd
import torch

from ramble.problems.problem import Problem, in_batches, place_of, stack, visible_batch
from ramble.store.points import Points
from ramble.store.progress import Progress

BATCH = 16  # networks evaluated at a time, at most


def profile(problem: Problem, points: Points, progress: Progress) -> pd.DataFrame:
    """Return one row per point: point, its place (t and s, or u and v), losses, errors (counts, shares) on every split.

    Columns of the validation and the test split are there only where the problem has them. The bar advances by a step
    per point and split.
    """
    weights, datasets = (
        torch.from_numpy(points.points),
        torch.full((len(points.points),), place_of(problem, points.dataset)),
    )
    columns: dict[str, object] = {"point": range(len(weights)), **points.places}
    for split in problem.splits:
        evaluations = []
        for few in in_batches(problem, weights, datasets, split, visible_batch(problem, split, BATCH)):
            evaluations.append(few)
            progress.advance(len(few.errors), points=points.name)
        found = stack(evaluations)
        samples = problem.labels(datasets[:1], split).shape[1]
        columns[f"{split}_loss"] = found.losses.cpu()
        columns[f"{split}_errors"] = found.errors.cpu()
        columns[f"{split}_error"] = (found.errors / samples).cpu()
        columns[f"{split}_min_margin"] = found.min_margins.cpu()
    return pd.DataFrame(columns)
