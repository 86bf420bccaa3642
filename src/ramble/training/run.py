"""A training run as points in weight space: the network at the start, and after every epoch."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from ramble.store.headers import Header
from ramble.store.points import Points


def points_of_run(
    weights: Tensor,
    position: Sequence[float],
    *,
    name: str = "training",
    study: str = "own",
    dataset: int = 0,
    facts: Mapping[str, object] | None = None,
) -> Points:
    """Return networks seen in training, weights (T, P), as points.

    Args:
        weights: in the order of training.
        position: of each, in epochs or in gradients.
        name: of the points, for labels and random streams.
        study: whose networks they are.
        dataset: their training set.
        facts: what else their file says.
    """
    texts = {key: str(value) for key, value in (facts or {}).items()}
    header = Header(study=study, maker="training", dataset=dataset, facts=texts)
    t = torch.tensor(position, dtype=torch.float64)
    return Points(name, weights.float().cpu().numpy(), t.numpy(), header)


def record_run(
    start: Tensor,
    epoch: Callable[[Tensor], Tensor],
    epochs: int,
    *,
    name: str = "training",
    study: str = "own",
    dataset: int = 0,
) -> Points:
    """Train from `start` (P,), and return the network there and after each of so many epochs; t counts them.

    `epoch` returns the weights (P,) after one more epoch from those that it is given, whatever an epoch is.
    """
    seen = [start]
    for _ in range(epochs):
        seen.append(epoch(seen[-1]))
    return points_of_run(torch.stack(seen), range(epochs + 1), name=name, study=study, dataset=dataset)
