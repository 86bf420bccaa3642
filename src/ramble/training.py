"""Solutions: networks trained by gradient descent to zero errors, and on until the loss settles (section 3).

All restarts of all data sets are trained side by side. Samples on which every unit is saturated have no
gradient, so some restarts never finish; those are counted, not hidden.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ramble.errors import RambleError
from ramble.problems.problem import Evaluation, Problem
from ramble.progress import Progress
from ramble.seeds import generator

CHECK_EVERY = 20  # steps between two looks at the errors: a look costs about half a step


@dataclass(frozen=True)
class Settling:
    """When a solution's loss counts as settled: it fell by less than `tolerance` (relative) in `window` steps."""

    window: int
    tolerance: float
    max_steps: int


@dataclass(frozen=True)
class Recipe:
    """How solutions are found."""

    rate: float
    output_gain: float  # of the loss while errors remain; afterwards the problem's own loss (gain 1) is descended
    max_steps: int  # to zero errors
    batch: int  # restarts trained side by side, shared out evenly among the data sets that want solutions
    rounds: int
    max_cosine: float  # two solutions closer than this count as the same
    settling: Settling


@dataclass(frozen=True)
class Solution:
    """One network with zero training errors."""

    dataset: int
    weights: Tensor  # (P,) float32, on the CPU
    restart: int  # number of the random stream it grew from
    attempts: int  # restarts used up for this solution, the failed ones before it included
    steps: int  # gradient steps in all
    settled: bool
    train: Evaluation  # of this one network, (1,)
    test: Evaluation | None


def descend(
    problem: Problem, weights: Tensor, datasets: Tensor, rate: float, steps: int, output_gain: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Take full-batch gradient steps; returns the new weights (B, P) and the losses (B,) before the last step."""
    losses = torch.empty(0)
    for _ in range(steps):
        losses, gradients = problem.gradients(weights, datasets, output_gain)
        weights = weights - rate * gradients
    return weights, losses


def train_to_zero_errors(
    problem: Problem, weights: Tensor, datasets: Tensor, recipe: Recipe, progress: Progress
) -> tuple[Tensor, Tensor]:
    """Train B networks until each has zero errors or the budget is spent.

    Returns:
        The weights (B, P) and the steps (B,) after which each network was first seen without errors, -1 where never
        (looked at every `CHECK_EVERY` steps).
    """
    weights = weights.to(problem.device)
    finished = torch.full((len(weights),), -1)
    alive = torch.arange(len(weights))
    results = weights.clone()
    own = datasets
    for step in range(0, recipe.max_steps, CHECK_EVERY):
        block = min(CHECK_EVERY, recipe.max_steps - step)
        weights, _ = descend(problem, weights, own, recipe.rate, block, recipe.output_gain)
        solved = problem.evaluate(weights, own).in_solution_space.cpu()
        progress.advance(block, solved=f"{int((finished >= 0).sum() + solved.sum())} of {len(finished)}")
        if solved.any():
            results[alive[solved]] = weights[solved.to(weights.device)]
            finished[alive[solved]] = step + block
            weights, alive = weights[~solved.to(weights.device)], alive[~solved]
            own = datasets[alive]
            if not len(alive):
                break
    results[alive] = weights
    return results, finished


def settle(
    problem: Problem, weights: Tensor, datasets: Tensor, rate: float, rule: Settling, progress: Progress
) -> tuple[Tensor, Tensor, Tensor]:
    """Descend the problem's own loss until it settles, each network on its own clock.

    Returns:
        The weights (B, P), the further steps (B,) and whether each settled within the budget (B,).
    """
    weights = weights.to(problem.device)
    steps = torch.zeros(len(weights), dtype=torch.long)
    settled = torch.zeros(len(weights), dtype=torch.bool)
    alive, own, results = torch.arange(len(weights)), datasets, weights.clone()
    before = problem.evaluate(weights, own).losses
    for _ in range(0, rule.max_steps, rule.window):
        weights, _ = descend(problem, weights, own, rate, rule.window)
        now = problem.evaluate(weights, own).losses
        results[alive], steps[alive] = weights, steps[alive] + rule.window
        resting = (now > before * (1 - rule.tolerance)).cpu()
        settled[alive[resting]] = True
        progress.advance(rule.window, settled=f"{int(settled.sum())} of {len(settled)}")
        keep = (~resting).nonzero().squeeze(1)
        alive, before, weights = alive[keep], now[keep.to(now.device)], weights[keep.to(weights.device)]
        own = datasets[alive]
        if not len(alive):
            break
    return results, steps, settled


def initial_batch(problem: Problem, seed: int, name: str, labels: Sequence[tuple[int, int]]) -> tuple[Tensor, Tensor]:
    """Return initial weights (B, P) and data sets (B,) of (data set, restart) pairs, each from its own stream."""
    weights = [problem.initial_weights(generator(seed, name, "initial", *label)) for label in labels]
    return torch.stack(weights), torch.tensor([dataset for dataset, _ in labels])


def find_solutions(problem: Problem, seed: int, name: str, count: int, recipe: Recipe) -> list[Solution]:
    """Find `count` different solutions of every data set.

    Restarts are trained in rounds; of each data set the first `count` restarts (in the order of their numbers, not
    of their speed) that reach zero errors and differ from the earlier ones are kept and settled.

    Raises:
        RambleError: after all rounds some data set has fewer solutions than asked for, or one lost its zero errors
            while settling.
    """
    found: dict[int, list[tuple[int, Tensor, int]]] = {dataset: [] for dataset in range(problem.n_datasets)}
    tried = dict.fromkeys(found, 0)
    for _ in range(recipe.rounds):
        wanting = [dataset for dataset, kept in found.items() if len(kept) < count]
        share = max(1, recipe.batch // len(wanting))
        labels = [(dataset, tried[dataset] + restart) for dataset in wanting for restart in range(share)]
        weights, datasets = initial_batch(problem, seed, name, labels)
        with Progress(f"{name}: to zero errors, {len(weights)} restarts", recipe.max_steps) as progress:
            weights, steps = train_to_zero_errors(problem, weights, datasets, recipe, progress)
        for row, (dataset, restart) in enumerate(labels):
            kept = found[dataset]
            if steps[row] >= 0 and len(kept) < count and _differs(weights[row], kept, recipe.max_cosine):
                kept.append((restart, weights[row], int(steps[row])))
            tried[dataset] = restart + 1
        if all(len(kept) == count for kept in found.values()):
            return _settled(problem, name, found, recipe)
    short = ", ".join(f"{len(kept)} of {count} for data set {d}" for d, kept in found.items() if len(kept) < count)
    raise RambleError(
        f"studies.{name}.solutions: after {recipe.rounds} rounds of restarts there are only {short}; "
        "raise rounds, batch or max_steps."
    )


def _differs(weights: Tensor, kept: list[tuple[int, Tensor, int]], max_cosine: float) -> bool:
    return all(cosine(weights, other) <= max_cosine for _, other, _ in kept)


def cosine(first: Tensor, second: Tensor) -> float:
    """Return the cosine between two weight vectors (P,)."""
    return float(torch.nn.functional.cosine_similarity(first.double(), second.double(), dim=0))


def _settled(
    problem: Problem, name: str, found: dict[int, list[tuple[int, Tensor, int]]], recipe: Recipe
) -> list[Solution]:
    rows = [(dataset, *kept) for dataset, several in found.items() for kept in several]
    weights = torch.stack([row[2] for row in rows])
    datasets = torch.tensor([row[0] for row in rows])
    with Progress(f"{name}: until the loss settles, {len(rows)} solutions", recipe.settling.max_steps) as progress:
        weights, further, settled = settle(problem, weights, datasets, recipe.rate, recipe.settling, progress)
    train = problem.evaluate(weights, datasets)
    test = problem.evaluate(weights, datasets, "test") if "test" in problem.splits else None
    solutions: list[Solution] = []
    used = dict.fromkeys(found, 0)
    for row, (dataset, restart, _, step) in enumerate(rows):
        if int(train.errors[row]):
            raise RambleError(
                f"studies.{name}.solutions: solution {restart} of data set {dataset} lost its zero errors while "
                "settling; lower the rate."
            )
        solutions.append(
            Solution(
                dataset,
                weights[row].cpu(),
                restart,
                restart + 1 - used[dataset],
                step + int(further[row]),
                bool(settled[row]),
                _one(train, row),
                _one(test, row) if test else None,
            )
        )
        used[dataset] = restart + 1
    return solutions


def _one(evaluation: Evaluation, row: int) -> Evaluation:
    pick = slice(row, row + 1)
    return Evaluation(evaluation.losses[pick], evaluation.errors[pick], evaluation.min_margins[pick])
