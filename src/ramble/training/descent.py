"""Solutions: networks trained by gradient descent to zero errors, and on until the loss settles (section 3).

Zero errors are those that the problem allows, `max_errors`, where it allows some.
All restarts of all data sets are trained side by side. Samples on which every unit is saturated have no
gradient, so some restarts never finish; those are counted, not hidden.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ramble.errors import RambleError
from ramble.problems.problem import Evaluation, Problem
from ramble.problems.seeds import generator
from ramble.store.progress import Progress
from ramble.training.descent_settings import Recipe, Settling
from ramble.training.divergence import finite_rows

CHECK_EVERY = 20  # steps between two looks at the errors: a look costs about half a step
LOOK = 512  # points of straight lines evaluated at a time


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


@dataclass(frozen=True)
class Search:
    """What a search for solutions came to."""

    solutions: list[Solution]  # by data set
    tried: dict[int, int]  # restarts of each data set
    reached: dict[int, int]  # of these, how many reached zero errors
    diverged: int = 0  # restarts whose weights were no longer finite in the end


@dataclass(frozen=True)
class _Candidate:
    """A restart that reached zero errors, not settled yet."""

    dataset: int
    restart: int
    weights: Tensor  # (P,)
    steps: int


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
    """Train B networks until each has zero errors, its weights are no longer finite, or the budget is spent.

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
        finished[alive[solved]] = step + block
        over = solved | ~finite_rows(weights).cpu()
        if over.any():
            results[alive[over]] = weights[over.to(weights.device)]
            weights, alive = weights[~over.to(weights.device)], alive[~over]
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
        The weights (B, P), the further steps (B,) and whether each settled within the budget (B,). A network whose
        weights are no longer finite goes no further.
    """
    weights = weights.to(problem.device)
    steps = torch.zeros(len(weights), dtype=torch.long)
    settled = torch.zeros(len(weights), dtype=torch.bool)
    alive, own, results = torch.arange(len(weights)), datasets, weights.clone()
    before = problem.evaluate(weights, own).losses
    for done in range(0, rule.max_steps, rule.window):
        block = min(rule.window, rule.max_steps - done)
        weights, _ = descend(problem, weights, own, rate, block)
        now = problem.evaluate(weights, own).losses
        results[alive], steps[alive] = weights, steps[alive] + block
        # a last block shorter than the window cannot show that the loss rests
        resting = (now > before * (1 - rule.tolerance)).cpu() & (block == rule.window)
        settled[alive[resting]] = True
        progress.advance(block, settled=f"{int(settled.sum())} of {len(settled)}")
        keep = (~resting & finite_rows(weights).cpu()).nonzero().squeeze(1)
        alive, before, weights = alive[keep], now[keep.to(now.device)], weights[keep.to(weights.device)]
        own = datasets[alive]
        if not len(alive):
            break
    return results, steps, settled


def initial_batch(problem: Problem, seed: int, name: str, labels: Sequence[tuple[int, int]]) -> tuple[Tensor, Tensor]:
    """Return initial weights (B, P) and data sets (B,) of (data set, restart) pairs, each from its own stream."""
    weights = [problem.initial_weights(generator(seed, name, "initial", *label)) for label in labels]
    return torch.stack(weights), torch.tensor([dataset for dataset, _ in labels])


def find_solutions(
    problem: Problem, seed: int, name: str, recipe: Recipe, datasets: Sequence[int] | None = None
) -> list[Solution]:
    """Find `recipe.count` different solutions of every data set, as `search_solutions` does.

    Raises:
        RambleError: as `search_solutions` does, or after all rounds some data set has fewer solutions than asked for.
    """
    found, count = search_solutions(problem, seed, name, recipe, datasets), recipe.count
    numbers = {dataset: sum(s.dataset == dataset for s in found.solutions) for dataset in found.tried}
    short = ", ".join(f"{number} of {count} for data set {d}" for d, number in numbers.items() if number < count)
    if short and found.diverged:
        raise RambleError(
            f"studies.{name}.solutions: there are only {short}, as {found.diverged} of {sum(found.tried.values())} "
            f"restarts ended with weights that are not finite: rate = {recipe.rate:g} is too large; lower rate."
        )
    if short:
        raise RambleError(
            f"studies.{name}.solutions: after {recipe.rounds} rounds of restarts there are only {short}; "
            "raise rounds, batch or max_steps."
        )
    return found.solutions


def search_solutions(
    problem: Problem, seed: int, name: str, recipe: Recipe, datasets: Sequence[int] | None = None
) -> Search:
    """Look for up to `recipe.count` different solutions of each of the data sets (all of them when not said).

    Restarts are trained in rounds; of each data set the first restarts (in the order of their numbers, not of their
    speed) that reach zero errors are settled, and kept if they still have none and differ from those kept before.

    Raises:
        RambleError: samples that contradict each other force more errors than are allowed, or the weights of all
            restarts of a round are no longer finite.
    """
    problem.refuse_unavoidable()
    kept: dict[int, list[Solution]] = {d: [] for d in (range(problem.n_datasets) if datasets is None else datasets)}
    tried, reached, diverged = dict.fromkeys(kept, 0), dict.fromkeys(kept, 0), 0
    for _ in range(recipe.rounds):
        wanting = [dataset for dataset, several in kept.items() if len(several) < recipe.count]
        if not wanting:
            break
        share = max(1, recipe.batch // len(wanting))
        labels = [(dataset, tried[dataset] + restart) for dataset in wanting for restart in range(share)]
        tried |= {dataset: tried[dataset] + share for dataset in wanting}
        waiting, lost = _without_errors(problem, seed, name, labels, recipe)
        diverged += lost
        if lost == len(labels):
            raise RambleError(
                f"studies.{name}.solutions: the weights of all {lost} restarts are no longer finite: "
                f"rate = {recipe.rate:g} is too large; lower rate."
            )
        reached |= {dataset: reached[dataset] + len(solved) for dataset, solved in waiting.items()}
        while chosen := [
            solved.pop(0)
            for dataset, solved in waiting.items()
            for _ in range(min(recipe.count - len(kept[dataset]), len(solved)))
        ]:
            solutions, lost = _settled(problem, name, chosen, recipe)
            diverged += lost
            for solution in solutions:
                if all(
                    cosine(solution.weights, other.weights) <= recipe.max_cosine for other in kept[solution.dataset]
                ):
                    kept[solution.dataset].append(solution)
    return Search([one for several in kept.values() for one in _with_attempts(several)], tried, reached, diverged)


def _without_errors(
    problem: Problem, seed: int, name: str, labels: Sequence[tuple[int, int]], recipe: Recipe
) -> tuple[dict[int, list[_Candidate]], int]:
    """Train the restarts.

    Returns:
        For each data set those that reached zero errors, in the order of their numbers; and of how many restarts the
        weights are no longer finite.
    """
    weights, datasets = initial_batch(problem, seed, name, labels)
    with Progress(f"{name}: to zero errors, {len(weights)} restarts", recipe.max_steps) as progress:
        weights, steps = train_to_zero_errors(problem, weights, datasets, recipe, progress)
    solved: dict[int, list[_Candidate]] = {}
    for (dataset, restart), own, count in zip(labels, weights, steps.tolist(), strict=True):
        if count >= 0:
            solved.setdefault(dataset, []).append(_Candidate(dataset, restart, own, count))
    return solved, int((~finite_rows(weights)).sum())


def _with_attempts(solutions: Sequence[Solution]) -> list[Solution]:
    """Count for each solution the restarts since the one before it."""
    before = [-1, *(solution.restart for solution in solutions)]
    return [replace(s, attempts=s.restart - last) for s, last in zip(solutions, before, strict=False)]


def cosine(first: Tensor, second: Tensor) -> float:
    """Return the cosine between two weight vectors (P,)."""
    return float(torch.nn.functional.cosine_similarity(first.double(), second.double(), dim=0))


def errors_on_lines(problem: Problem, starts: Tensor, ends: Tensor, dataset: int, points: int) -> list[int]:
    """Return the most errors at so many points of each straight line from starts to ends (B, P)."""
    shares = torch.linspace(0, 1, points).unsqueeze(1)
    most = []
    for rows in torch.split(torch.arange(len(starts)), max(1, LOOK // points)):
        weights = torch.lerp(starts[rows].unsqueeze(1), ends[rows].unsqueeze(1), shares).flatten(0, 1)
        errors = problem.evaluate(weights.to(problem.device), torch.full((len(weights),), dataset)).errors
        most += errors.view(len(rows), points).amax(1).tolist()
    return most


def _settled(problem: Problem, name: str, chosen: Sequence[_Candidate], recipe: Recipe) -> tuple[list[Solution], int]:
    """Return the candidates that settled without errors, and of how many the weights are no longer finite."""
    weights = torch.stack([candidate.weights for candidate in chosen])
    datasets = torch.tensor([candidate.dataset for candidate in chosen])
    with Progress(f"{name}: until the loss settles, {len(chosen)} networks", recipe.settling.max_steps) as progress:
        weights, further, settled = settle(problem, weights, datasets, recipe.rate, recipe.settling, progress)
    train = problem.evaluate(weights, datasets)
    test = problem.evaluate(weights, datasets, "test") if "test" in problem.splits else None
    solutions: list[Solution] = []
    for row, candidate in enumerate(chosen):
        if not bool(train.in_solution_space[row]):
            continue  # left S while settling: one more failed restart
        solutions.append(
            Solution(
                dataset=candidate.dataset,
                weights=weights[row].cpu(),
                restart=candidate.restart,
                attempts=0,  # known only when all solutions of the data set are
                steps=candidate.steps + int(further[row]),
                settled=bool(settled[row]),
                train=_one(train, row),
                test=_one(test, row) if test else None,
            )
        )
    return solutions, int((~finite_rows(weights)).sum())


def _one(evaluation: Evaluation, row: int) -> Evaluation:
    pick = slice(row, row + 1)
    return replace(
        evaluation,
        losses=evaluation.losses[pick],
        errors=evaluation.errors[pick],
        min_margins=evaluation.min_margins[pick],
    )
