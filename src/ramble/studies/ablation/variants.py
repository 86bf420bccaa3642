"""Which parts of a tracker matter: every pair of a study, tracked with one setting changed at a time."""

from collections.abc import Mapping

import pandas as pd
import torch
from torch import Tensor

from ramble.problems.problem import Problem
from ramble.store.progress import Progress
from ramble.tracking.connect import connect
from ramble.tracking.path import Path
from ramble.tracking.settings import TrackerSettings
from ramble.tracking.tracker import tracker_of


def ablate(
    problem: Problem,
    settings: TrackerSettings,
    variants: Mapping[str, Mapping[str, object]],
    seed: int,
    starts: Tensor,
    ends: Tensor,
    datasets: Tensor,
) -> pd.DataFrame:
    """Track B pairs once for every variant.

    Args:
        problem: the networks.
        settings: of the tracker.
        variants: by name, the settings that differ.
        seed: of the tracker's random points, the same for all variants.
        starts: W_a (B, P).
        ends: W_b (B, P).
        datasets: (B,).

    Returns:
        One row per variant: variant, changed, pairs, joined (arrived and certified), and over the joined pairs the
        median and largest numbers of gradients and of evaluations, the median path length / straight distance, and
        the smallest margin.
    """
    rows = []
    for name, changes in variants.items():
        tracker = tracker_of(type(settings)(**settings.model_dump() | dict(changes)), seed)
        with Progress(f"{name}: {len(starts)} paths", tracker.settings.budget) as progress:
            paths = connect(problem, tracker, starts, ends, datasets, progress)
        changed = ", ".join(f"{key} = {value:g}" for key, value in changes.items()) or "nothing"
        rows.append({"variant": name, "changed": changed, "pairs": len(paths)} | _summary(paths))
    return pd.DataFrame(rows)


def _summary(paths: list[Path]) -> dict[str, float]:
    joined = [path for path in paths if path.joins]

    def middle(values: list[float]) -> float:
        return float(torch.tensor(values, dtype=torch.float64).quantile(0.5)) if values else float("nan")

    gradients = [float(path.gradients) for path in joined]
    evaluations = [float(path.evaluations) for path in joined]
    return {
        "joined": len(joined),
        "median_gradients": middle(gradients),
        "most_gradients": max(gradients, default=float("nan")),
        "median_evaluations": middle(evaluations),
        "most_evaluations": max(evaluations, default=float("nan")),
        "median_length": middle([path.relative_length for path in joined]),
        "smallest_margin": min((path.min_margin for path in joined), default=float("nan")),
    }
