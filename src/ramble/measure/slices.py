"""Points on straight figures through weight space: a line, a direction, a plane."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ramble.store.headers import Header
from ramble.store.points import Points


def line(start: Tensor, end: Tensor, count: int, *, name: str = "line", study: str = "own", dataset: int = 0) -> Points:
    """Return `count` points evenly spread on the segment between two networks (P,), both of them to the bit among them.

    Their position t is the share of the way.
    """
    t = torch.linspace(0, 1, count, dtype=torch.float64)
    points = torch.lerp(start.double().cpu(), end.double().cpu(), t.unsqueeze(1)).float()
    points[0], points[-1] = start, end
    return _made("line", points, t, name, study, dataset)


def direction(
    start: Tensor,
    along: Tensor,
    positions: Sequence[float],
    *,
    name: str = "direction",
    study: str = "own",
    dataset: int = 0,
) -> Points:
    """Return the points start + t * along for the positions t, of any sign; both vectors are (P,)."""
    t = torch.tensor(positions, dtype=torch.float64)
    points = start.double().cpu() + t.unsqueeze(1) * along.double().cpu()
    return _made("direction", points.float(), t, name, study, dataset)


def plane(
    start: Tensor,
    first: Tensor,
    second: Tensor,
    coordinates: Tensor,
    *,
    name: str = "plane",
    study: str = "own",
    dataset: int = 0,
) -> Points:
    """Return the points start + u * first + v * second.

    Args:
        start: (P,), where both coordinates are 0.
        first: (P,), the first axis; coordinates are lengths where it is a unit vector.
        second: (P,), likewise.
        coordinates: (T, 2), u and v of every point.
        name: of the points, for labels and random streams.
        study: whose networks they are.
        dataset: their training set.
    """
    start, first, second = (vector.double().cpu() for vector in (start, first, second))
    coordinates = coordinates.double().cpu()
    points = start + coordinates[:, :1] * first + coordinates[:, 1:] * second
    return _made("plane", points.float(), coordinates, name, study, dataset)


def _made(maker: str, points: Tensor, t: Tensor, name: str, study: str, dataset: int) -> Points:
    header = Header(study=study, maker=maker, dataset=dataset, facts={})
    return Points(name, points.numpy(), t.numpy(), header)
