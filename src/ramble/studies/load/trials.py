"""Where tracking begins to fail as the number of patterns grows: training, then tracking, at one load.

The patterns of a smaller load are the first ones of a larger, and the restarts begin with the same weights: a change
from load to load is due to the load. More patterns only take solutions away.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations

import pandas as pd
import torch
from torch import Tensor

from ramble.problems.problem import Problem
from ramble.store.progress import Progress
from ramble.tracking.connect import connect
from ramble.tracking.path import Path
from ramble.tracking.tracker import Tracker
from ramble.training.descent import Search, Solution, search_solutions
from ramble.training.descent_settings import Recipe


def first_patterns(tensors: Mapping[str, Tensor], count: int) -> dict[str, Tensor]:
    """Return a training set of the first `count` patterns of a larger one."""
    return {name: values[:count] for name, values in tensors.items()}


def try_load(problem: Problem, seed: int, name: str, recipe: Recipe, trackers: Mapping[str, Tracker]) -> pd.DataFrame:
    """Train up to `recipe.count` solutions of every data set, and try to join all pairs with every tracker.

    Args:
        problem: the networks, with the patterns of this load.
        seed: the root seed.
        name: of the study, for the random streams.
        recipe: how they are found, one data set at a time; fewer solutions than it asks for are a result.
        trackers: by name.

    Returns:
        One row per data set and tracker: dataset, restarts (tried), reached (S), solutions (kept), tracker,
        pairs, joined (arrived, every segment certified), gradients and evaluations (of all its pairs); and max_errors
        where solutions may make some.
    """
    # one data set after the other: its patterns stay in the caches, those of ten do not
    found = _together([search_solutions(problem, seed, name, recipe, [d]) for d in range(problem.n_datasets)])
    pairs = _pairs(found.solutions)
    tables = [_track(problem, name, tracker, trackers[tracker], found, pairs) for tracker in trackers]
    return pd.concat(tables, ignore_index=True)


def _together(searches: Sequence[Search]) -> Search:
    solutions = [solution for search in searches for solution in search.solutions]
    tried = {dataset: number for search in searches for dataset, number in search.tried.items()}
    reached = {dataset: number for search in searches for dataset, number in search.reached.items()}
    return Search(solutions, tried, reached, sum(search.diverged for search in searches))


def _pairs(solutions: Sequence[Solution]) -> list[tuple[Solution, Solution]]:
    return [(first, second) for first, second in combinations(solutions, 2) if first.dataset == second.dataset]


def _track(
    problem: Problem,
    name: str,
    tracker_name: str,
    tracker: Tracker,
    found: Search,
    pairs: Sequence[tuple[Solution, Solution]],
) -> pd.DataFrame:
    """Return the rows of one tracker; a data set without pairs has its row too."""
    owners = torch.tensor([first.dataset for first, _ in pairs], dtype=torch.long)
    paths: list[Path] = []
    if pairs:
        starts, ends = (torch.stack([pair[side].weights for pair in pairs]) for side in (0, 1))
        with Progress(f"{name}: {len(pairs)} paths, tracker {tracker_name}", tracker.settings.budget) as progress:
            paths = connect(problem, tracker, starts, ends, owners, progress)
    rows = []
    for dataset, restarts in found.tried.items():
        own = [path for path, owner in zip(paths, owners.tolist(), strict=True) if owner == dataset]
        rows.append(
            {
                "dataset": dataset,
                "restarts": restarts,
                "reached": found.reached[dataset],
                "solutions": sum(solution.dataset == dataset for solution in found.solutions),
                "tracker": tracker_name,
                "pairs": len(own),
                "joined": sum(path.joins for path in own),
                "gradients": sum(path.gradients for path in own),
                "evaluations": sum(path.evaluations for path in own),
                **({"max_errors": problem.max_errors} if problem.max_errors else {}),
            }
        )
    return pd.DataFrame(rows)
