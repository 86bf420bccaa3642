"""Is the set of solutions that training finds connected? All pairs of many solutions of one data set are tried.

A path is measured and let go: 40 solutions have 780 pairs, and the graph needs none of the paths' points.
"""

from dataclasses import asdict, dataclass

import pandas as pd
import torch
from torch import Tensor

from ramble.problems.problem import Problem
from ramble.store.progress import Progress
from ramble.tracking.connect import connect
from ramble.tracking.path import Path
from ramble.tracking.tracker import Tracker
from ramble.training.descent import cosine, errors_on_lines


@dataclass(frozen=True)
class PairOfSolutions:
    """One row of the table of pairs."""

    dataset: int
    a: int
    b: int
    status: str  # of the path, see `Status`
    certificate: str  # of the polygon through its points: exact, sound, sampled, or none
    joined: bool  # arrived, and every segment certified
    gradients: int
    evaluations: int
    distance: float  # |W_b - W_a|
    length_ratio: float  # of the path to the distance, NaN where it does not join its ends
    cosine: float
    min_margin: float  # smallest on the path, see `Path`
    line_errors: int  # most on the straight line


def track_all_pairs(
    problem: Problem, name: str, tracker: Tracker, solutions: Tensor, dataset: int, pairs_at_once: int, line_points: int
) -> pd.DataFrame:
    """Try to join every pair of solutions of one data set.

    Args:
        problem: the networks.
        name: of the study, for the progress bar.
        tracker: any of `ramble.tracking`.
        solutions: (n, P).
        dataset: their training set.
        pairs_at_once: tracked side by side, so that memory stays bounded.
        line_points: at which the straight line is looked at.

    Returns:
        One row per pair a < b with the columns of `PairOfSolutions`.
    """
    pairs = torch.combinations(torch.arange(len(solutions)))
    rows: list[PairOfSolutions] = []
    for several in torch.split(pairs, pairs_at_once):
        starts, ends = solutions[several[:, 0]], solutions[several[:, 1]]
        owners = torch.full((len(several),), dataset)
        label = f"{name}, data set {dataset}: pairs {len(rows) + 1} to {len(rows) + len(several)} of {len(pairs)}"
        with Progress(label, tracker.settings.budget) as progress:
            paths = connect(problem, tracker, starts, ends, owners, progress)
        lines = errors_on_lines(problem, starts, ends, dataset, line_points)
        rows += [
            _row(dataset, a, b, solutions, path, errors)
            for (a, b), path, errors in zip(several.tolist(), paths, lines, strict=True)
        ]
    return pd.DataFrame([asdict(row) for row in rows])


def _row(dataset: int, a: int, b: int, solutions: Tensor, path: Path, line_errors: int) -> PairOfSolutions:
    start, end = solutions[a].cpu(), solutions[b].cpu()
    return PairOfSolutions(
        dataset=dataset,
        a=a,
        b=b,
        status=path.status.value,
        certificate=path.certificate,
        joined=path.joins,
        gradients=path.gradients,
        evaluations=path.evaluations,
        distance=float((end.double() - start.double()).norm()),
        length_ratio=path.relative_length if path.joins else float("nan"),
        cosine=cosine(start, end),
        min_margin=path.min_margin,
        line_errors=line_errors,
    )
