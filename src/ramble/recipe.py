"""How often does the published training recipe reach zero errors? Every sensible reading of it is tried.

The paper gives plain gradient descent, rate 0.1, Gaussian weights of sigma 0.1, on +-1 patterns; it does not say
whether inputs are scaled, nor whether the loss is a mean or a sum over the patterns.
"""

from itertools import product

import pandas as pd
import torch

from ramble.parameters.built_on import RecipeStudy
from ramble.problems.problem import Problem
from ramble.progress import Progress
from ramble.training import Recipe, Settling, initial_batch, train_to_zero_errors


def try_recipe(problems: dict[float, Problem], seed: int, name: str, study: RecipeStudy) -> pd.DataFrame:
    """Train `restarts` networks per data set under each reading.

    Args:
        problems: the problem for each input scale.
        seed: the root seed.
        name: of the study, for the random streams.
        study: its parameters.

    Returns:
        One row per reading and data set: input_scale, reduction, dataset, restarts, solved, median_steps,
        median_errors (of all restarts, at the end).
    """
    rows = []
    for scale, reduction in product(study.input_scales, study.reductions):
        problem = problems[scale]
        labels = [(dataset, restart) for dataset in range(problem.n_datasets) for restart in range(study.restarts)]
        weights, datasets = initial_batch(problem, seed, name, labels)
        samples = problem.labels(datasets[:1]).shape[1]
        rate = study.rate * (samples if reduction == "sum" else 1)
        unused = Settling(1, 1.0, 1)
        recipe = Recipe(rate, 1.0, study.max_steps, len(labels), 1, 1.0, unused)
        with Progress(f"{name}: inputs x {scale:g}, {reduction} loss", study.max_steps) as progress:
            weights, steps = train_to_zero_errors(problem, weights, datasets, recipe, progress)
        errors = problem.evaluate(weights, datasets).errors.cpu()
        for dataset in range(problem.n_datasets):
            own = datasets == dataset
            solved = steps[own][steps[own] >= 0]
            rows.append(
                {
                    "input_scale": scale,
                    "reduction": reduction,
                    "dataset": dataset,
                    "restarts": int(own.sum()),
                    "solved": len(solved),
                    "median_steps": float(solved.float().median()) if len(solved) else float("nan"),
                    "median_errors": float(torch.quantile(errors[own].float(), 0.5)),
                }
            )
    return pd.DataFrame(rows)
