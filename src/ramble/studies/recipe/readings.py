"""How often does the published training recipe reach zero errors? Every sensible reading of it is tried.

The paper gives standard gradient descent, rate 0.1, Gaussian weights of sigma 0.1, on +-1 patterns. It does not say
whether inputs are scaled, whether the loss is a mean or a sum over the patterns, nor whether a gradient is that of all
patterns or of a minibatch.
"""

from dataclasses import dataclass
from itertools import product

import pandas as pd
import torch
from torch import Tensor

from ramble.problems.minibatches import epochs
from ramble.problems.seeds import generator
from ramble.problems.tree_committee import TreeCommittee
from ramble.store.progress import Progress
from ramble.studies.recipe.parameters import Study as RecipeStudy
from ramble.training.descent import CHECK_EVERY, initial_batch


@dataclass(frozen=True)
class Reading:
    """One reading of the recipe."""

    input_scale: float
    reduction: str  # "mean" or "sum" over the patterns of a gradient
    batch: int  # patterns per gradient, M for all
    steps: int  # gradients at most
    look_every: int  # gradients between two looks at the errors

    @property
    def label(self) -> str:
        """What it is, for a progress bar."""
        return f"inputs x {self.input_scale:g}, {self.reduction} loss of {self.batch} patterns"


def readings(study: RecipeStudy, samples: int) -> list[Reading]:
    """Return the readings for training sets of so many patterns, each once.

    The sum over one pattern is its mean, and a minibatch of all patterns, or of more than there are, is no minibatch.
    """
    several: list[Reading] = []
    for scale, reduction in product(study.input_scales, study.reductions):
        several.append(Reading(scale, reduction, samples, study.max_steps, CHECK_EVERY))
        for each in study.minibatches:
            if each.batch < samples and (each.batch > 1 or reduction == study.reductions[0]):
                per_epoch = -(-samples // each.batch)
                several.append(Reading(scale, reduction, each.batch, per_epoch * each.epochs, per_epoch))
    return list(dict.fromkeys(several))


def try_recipe(problems: dict[float, TreeCommittee], seed: int, name: str, study: RecipeStudy) -> pd.DataFrame:
    """Train `restarts` networks per data set under each reading.

    Args:
        problems: the problem for each input scale.
        seed: the root seed.
        name: of the study, for the random streams.
        study: its parameters.

    Returns:
        One row per reading and data set: input_scale, reduction, batch, gradients (at most), dataset, restarts, solved,
        median_steps (to zero errors), median_errors and fewest_errors (over the restarts, of the fewest that each was
        seen with).
    """
    rows: list[dict[str, object]] = []
    samples = next(iter(problems.values())).n_samples
    for reading in readings(study, samples):
        problem = problems[reading.input_scale]
        labels = [(dataset, restart) for dataset in range(problem.n_datasets) for restart in range(study.restarts)]
        weights, datasets = initial_batch(problem, seed, name, labels)
        order = generator(seed, name, "batches", reading.batch)
        with Progress(f"{name}: {reading.label}", reading.steps) as progress:
            fewest, steps = train(problem, weights, datasets, study.rate, reading, order, progress)
        for dataset in range(problem.n_datasets):
            own = datasets == dataset
            solved = steps[own][steps[own] >= 0]
            rows.append(
                {
                    "input_scale": reading.input_scale,
                    "reduction": reading.reduction,
                    "batch": reading.batch,
                    "gradients": reading.steps,
                    "dataset": dataset,
                    "restarts": int(own.sum()),
                    "solved": len(solved),
                    "median_steps": float(solved.float().median()) if len(solved) else float("nan"),
                    "median_errors": float(torch.quantile(fewest[own].float(), 0.5)),
                    "fewest_errors": int(fewest[own].min()),
                }
            )
    return pd.DataFrame(rows)


def train(
    problem: TreeCommittee,
    weights: Tensor,
    datasets: Tensor,
    rate: float,
    reading: Reading,
    order: torch.Generator,
    progress: Progress,
) -> tuple[Tensor, Tensor]:
    """Train B networks side by side, as one reading says, until all have been seen without an error.

    Args:
        problem: the networks and their training sets.
        weights: initial ones (B, P).
        datasets: (B,), the training set of each network.
        rate: of gradient descent.
        reading: how.
        order: random stream of the order of the patterns, the same for all networks.
        progress: advanced by one per gradient.

    Returns:
        The fewest errors (B,) that each network was seen with, and the steps (B,) after which it was first seen with
        none, -1 where never.
    """
    weights = weights.to(problem.device)
    fewest = problem.evaluate(weights, datasets).errors.cpu()
    steps = torch.where(fewest == 0, 0, -1)
    batches = epochs(problem.n_samples, reading.batch, order)
    for step in range(1, reading.steps + 1):
        samples = next(batches)
        if len(samples) == problem.n_samples:
            _, gradients = problem.gradients(weights, datasets)
        else:
            _, gradients = problem.batch_gradients(weights, datasets, samples)
        weights = weights - rate * (len(samples) if reading.reduction == "sum" else 1) * gradients
        if step % reading.look_every == 0 or step == reading.steps:
            fewest = torch.minimum(fewest, problem.evaluate(weights, datasets).errors.cpu())
            steps = torch.where((fewest == 0) & (steps < 0), step, steps)
            progress.advance(step - progress.done, solved=f"{int((steps >= 0).sum())} of {len(steps)}")
            if bool((steps >= 0).all()):
                break
    return fewest, steps
