"""The control of a path's best test error: as many further gradients of plain training from one of its ends."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import pandas as pd
import torch
from torch import Tensor

from ramble.problems.minibatches import epoch
from ramble.problems.network import NetworkProblem
from ramble.progress import Progress
from ramble.seeds import generator


@dataclass(frozen=True)
class Wandering:
    """What was seen on the way."""

    table: pd.DataFrame  # a row per look: gradients (so far); for each split loss, errors, and error (their share)
    points: Tensor  # (looks, P) the weights then, on the CPU


def wander(
    problem: NetworkProblem, start: Tensor, gradients: int, points: int, rate: float, batch: int, seed: int
) -> Wandering:
    """Train on from a solution (P,), and look at the network as often as a path stores points.

    Args:
        problem: the network and its training set.
        start: the solution.
        gradients: of minibatches, in all.
        points: looks, evenly spread, the start among them.
        rate: of stochastic gradient descent.
        batch: training samples per gradient.
        seed: of the order of the training samples.
    """
    batches, weights, done = _batches(problem, batch, generator(seed, "wander")), start.to(problem.device), 0
    rows, seen = [], []
    with Progress("further training", points) as progress:
        for look in torch.linspace(0, gradients, points, dtype=torch.float64).round().long().tolist():
            for samples in islice(batches, look - done):
                _, (gradient,) = problem.batch_gradients(weights[None], samples[None])
                weights = weights - rate * gradient
            done = look
            rows.append({"gradients": look} | _row(problem, weights))
            seen.append(weights.cpu())
            progress.advance()
    return Wandering(pd.DataFrame(rows), torch.stack(seen))


def _batches(problem: NetworkProblem, size: int, random: torch.Generator) -> Iterator[Tensor]:
    """Go through the training samples in random order, again and again."""
    while True:
        for samples in epoch(problem.n_samples, size, random):
            yield samples.to(problem.device)


def _row(problem: NetworkProblem, weights: Tensor) -> dict[str, float]:
    dataset = torch.zeros(1, dtype=torch.long)
    row: dict[str, float] = {}
    for split in problem.splits:
        found = problem.evaluate(weights[None], dataset, split)
        samples = problem.labels(dataset, split).shape[1]
        row |= {f"{split}_loss": float(found.losses), f"{split}_errors": int(found.errors)}
        row[f"{split}_error"] = row[f"{split}_errors"] / samples
    return row
