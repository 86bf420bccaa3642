"""The control of a path's best test error: as many further gradients of plain training from one of its ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from ramble.problems.minibatches import epochs
from ramble.problems.network import NetworkProblem
from ramble.problems.seeds import generator
from ramble.store.checkpoints import Checkpoint, State
from ramble.store.progress import Progress
from ramble.training.divergence import refuse_divergence
from ramble.training.step import minibatch_step


@dataclass(frozen=True)
class FurtherTraining:
    """What was seen on the way."""

    table: pd.DataFrame  # a row per look: gradients (so far); for each split loss, errors, and error (their share)
    points: Tensor  # (looks, P) the weights then, on the CPU


def train_further(
    problem: NetworkProblem,
    start: Tensor,
    gradients: int,
    points: int,
    rate: float,
    batch: int,
    seed: int,
    checkpoint: Checkpoint,
) -> FurtherTraining:
    """Train on from a solution (P,), and look at the network as often as a path stores points.

    Args:
        problem: the network and its training set.
        start: the solution.
        gradients: of minibatches, in all.
        points: looks, evenly spread, the start among them.
        rate: of stochastic gradient descent.
        batch: training samples per gradient.
        seed: of the order of the training samples.
        checkpoint: taken up where it holds a state, and written after looks.

    Raises:
        RambleError: the checkpoint is of other settings, or weights are no longer finite.
    """
    looks = torch.linspace(0, gradients, points, dtype=torch.float64).round().long().tolist()
    rows, seen = checkpoint.resume(partial(_taken_up, looks, len(start))) or ([], [])
    weights, done = (seen[-1] if seen else start).to(problem.device), rows[-1]["gradients"] if rows else 0
    # the order of the samples depends on the seed alone: it is drawn again
    batches = islice(epochs(problem.n_samples, batch, generator(seed, "wander")), done, None)
    with Progress("further training", gradients) as progress:
        progress.resume(done)
        for look in looks[len(rows) :]:
            for samples in islice(batches, look - done):
                (weights,) = minibatch_step(problem, weights[None], samples, rate)
                done += 1
                passed = f"{done * batch / problem.n_samples:.1f}"
                progress.advance(1, epoch=passed, errors=rows[-1]["train_errors"])
            refuse_divergence(weights, "rate", rate, f"after {done} gradients of further training")
            rows.append({"gradients": look} | _row(problem, weights))
            seen.append(weights.cpu())
            if checkpoint.due:
                checkpoint.save({"points": torch.stack(seen)}, {"rows": rows})
    return FurtherTraining(pd.DataFrame(rows), torch.stack(seen))


def _taken_up(looks: Sequence[int], size: int, state: State) -> tuple[list[dict[str, Any]], list[Tensor]]:
    """Return the rows and the weights (size,) of the looks that a checkpoint holds."""
    rows: list[dict[str, Any]] = state.facts["rows"]
    if [row["gradients"] for row in rows] != list(looks[: len(rows)]):
        raise ValueError("the rows are not those of the first looks")
    if not all(type(value) in (int, float) for row in rows for value in row.values()):
        raise TypeError("a row holds what is no number")
    return rows, list(state.tensor("points", len(rows), size))


def _row(problem: NetworkProblem, weights: Tensor) -> dict[str, float]:
    dataset = torch.zeros(1, dtype=torch.long)
    row: dict[str, float] = {}
    for split in problem.splits:
        found = problem.evaluate(weights[None], dataset, split)
        samples = problem.labels(dataset, split).shape[1]
        row |= {f"{split}_loss": float(found.losses), f"{split}_errors": int(found.errors)}
        row[f"{split}_error"] = row[f"{split}_errors"] / samples
    return row
