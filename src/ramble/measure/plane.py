"""The plane through three networks, with the solution region in it: the measured Figure 1."""

from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor

from ramble.measure.slices import plane
from ramble.problems.problem import Problem, in_batches, stack
from ramble.store.points import Points
from ramble.store.progress import Progress

BATCH = 512
MARGIN = 0.25  # of the points' extent, shown around them


@dataclass(frozen=True)
class Plane:
    """Errors on a grid in the plane, and the path and the line projected onto it.

    Coordinates are Euclidean weight distances: the origin is W_a, the first axis points to W_b.
    """

    grid: pd.DataFrame  # u, v, errors
    curve: pd.DataFrame  # point, t, u, v, off_plane: the path's points, and their distance from the plane


def plane_of_path(problem: Problem, path: Points, end: Tensor, size: int) -> Plane:
    """Cut the plane through W_a, W_b and the path's point farthest from the straight line between them.

    Args:
        problem: the networks.
        path: a stored path; its first point is W_a.
        end: W_b (P,).
        size: grid points along each axis.
    """
    walked = torch.from_numpy(path.points).double()
    start = walked[0]
    first = (end.double() - start) / (end.double() - start).norm()
    offsets = walked - start
    across = offsets - (offsets @ first).unsqueeze(1) * first
    second = _unit(across[across.norm(dim=1).argmax()], first)
    u, v = offsets @ first, offsets @ second
    off_plane = (offsets - u.unsqueeze(1) * first - v.unsqueeze(1) * second).norm(dim=1)
    curve = pd.DataFrame({"point": range(len(u)), "t": path.t, "u": u, "v": v, "off_plane": off_plane})
    length = float((end.double() - start).norm())
    u_axis = _axis(torch.cat([u, torch.tensor([0.0, length])]), size)
    # at least two thirds as high as wide, or nothing of the region around the line would show
    v_axis = _axis(torch.cat([v, torch.zeros(1)]), size, at_least=2 / 3 * float(u_axis[-1] - u_axis[0]))
    cells = torch.cartesian_prod(u_axis, v_axis)
    errors = []
    with Progress("plane", len(cells)) as progress:
        for batch in torch.split(cells, BATCH):
            # not all at once: 161 x 161 networks like LeNet5 take 6 GB
            points = plane(start, first, second, batch)
            weights, datasets = torch.from_numpy(points.points), torch.full((len(batch),), path.dataset)
            errors.append(stack(list(in_batches(problem, weights, datasets, "train", BATCH))).errors.cpu())
            progress.advance(len(batch))
    grid = pd.DataFrame({"u": cells[:, 0], "v": cells[:, 1], "errors": torch.cat(errors)})
    return Plane(grid, curve)


def _unit(across: Tensor, first: Tensor) -> Tensor:
    """Normalise the direction across the line; a path that never leaves the line gets an arbitrary one."""
    if across.norm() < 1e-9:
        across = torch.zeros_like(first)
        across[first.abs().argmin()] = 1.0
        across = across - (across @ first) * first
    unit: Tensor = across / across.norm()
    return unit


def _axis(values: Tensor, size: int, at_least: float = 0.0) -> Tensor:
    low, high = float(values.min()), float(values.max())
    reach = max((0.5 + MARGIN) * (high - low), at_least / 2)
    return torch.linspace((low + high) / 2 - reach, (low + high) / 2 + reach, size, dtype=torch.float64)
