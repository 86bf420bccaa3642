"""Weight matching: the units of one network put into the order in which they resemble those of another.

S. K. Ainsworth, J. Hayase, S. Srinivasa: Git Re-Basin: Merging Models modulo Permutation Symmetries (ICLR 2023),
section 3.2. Reordering the hidden units of a network changes its weights and not what it computes; of all orders, the
one is sought whose weights have the largest inner product with those of the other network. For one layer, the others
held, that is a linear assignment problem; layer after layer is solved until nothing changes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from ramble.certificates.values import NotUnderstoodError
from ramble.errors import RambleError
from ramble.problems.network import NetworkProblem
from ramble.problems.problem import Problem
from ramble.tracking.symmetries import movable_units
from ramble.tracking.unit_groups import Axis, Units

SWEEPS = 100  # over all layers, at most; a handful do
ROUNDING = 1e-7  # of the largest output: what another order of sums may change in float64


@dataclass(frozen=True)
class Alignment:
    """A network with its units reordered.

    Attributes:
        weights: (P,) of the reordered network: those of the given one at `order`, to the bit.
        order: (P,) int64, a permutation of all weights.
        groups: how many groups of units could be reordered.
        moved: units that changed their places.
    """

    weights: Tensor
    order: Tensor
    groups: int
    moved: int


def align(problem: Problem, start: Tensor, end: Tensor) -> Alignment:
    """Reorder the units of `end` (P,) so that its weights resemble those of `start` (P,) most.

    Raises:
        RambleError: the problem's network cannot be read, has no units that are known to be exchangeable, or computes
            something else once they are reordered.
    """
    if not isinstance(problem, NetworkProblem):
        raise RambleError(
            f"{type(problem).__name__}: units are only reordered where the network is a torch module; leave out the "
            "tracker 'aligned'."
        )
    try:
        groups = movable_units(problem)
    except NotUnderstoodError as error:
        raise RambleError(
            f"{type(problem).__name__}: the network's units cannot be reordered ({error}); leave out the tracker "
            "'aligned'."
        ) from None
    if not groups:
        raise RambleError(
            f"{type(problem).__name__}: no units of the network are known to be exchangeable; leave out the tracker "
            "'aligned'."
        )
    first, last = (problem.unflatten(weights.cpu().double()) for weights in (start, end))
    orders = matched(groups, first, last)
    places = torch.arange(problem.n_weights)
    order = problem.flatten(reordered(groups, orders, problem.unflatten(places)))
    aligned = end[order.to(end.device)]
    _refuse_change(problem, end, aligned)
    moved = sum(int((own != torch.arange(len(own))).sum()) for own in orders)
    return Alignment(aligned, order, len(groups), moved)


def matched(groups: Sequence[Units], first: Mapping[str, Tensor], last: Mapping[str, Tensor]) -> list[Tensor]:
    """Return for each group the order (count,) in which the units of the last network resemble those of the first."""
    orders = [torch.arange(group.count) for group in groups]
    for _ in range(SWEEPS):
        changed = False
        for number, group in enumerate(groups):
            others = [own if place != number else torch.arange(group.count) for place, own in enumerate(orders)]
            moved = reordered(groups, others, last)
            gains = sum(
                _by_unit(first, axis, group.count) @ _by_unit(moved, axis, group.count).T for axis in group.axes
            )
            assert isinstance(gains, Tensor)
            rows, columns = linear_sum_assignment(gains.numpy(), maximize=True)
            found = torch.as_tensor(columns)
            before = float(gains[torch.as_tensor(rows), orders[number]].sum())
            if float(gains[torch.as_tensor(rows), found].sum()) > before + 1e-12 * float(gains.abs().sum()):
                orders[number], changed = found, True
        if not changed:
            break
    return orders


def reordered(groups: Sequence[Units], orders: Sequence[Tensor], state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of a network with the units of every group taken in its order."""
    moved = dict(state)
    for group, order in zip(groups, orders, strict=True):
        for axis in group.axes:
            entries = (order.unsqueeze(1) * axis.entries + torch.arange(axis.entries)).flatten()
            moved[axis.tensor] = moved[axis.tensor].index_select(axis.number, entries)
    return moved


def _by_unit(state: Mapping[str, Tensor], axis: Axis, count: int) -> Tensor:
    """Return all weights of each unit along an axis, (count, n)."""
    return state[axis.tensor].movedim(axis.number, 0).reshape(count, -1)


def _refuse_change(problem: NetworkProblem, end: Tensor, aligned: Tensor) -> None:
    both = torch.stack([end, aligned]).double()
    outputs = problem.outputs(both, torch.zeros(2, dtype=torch.long))
    off, largest = float((outputs[0] - outputs[1]).abs().max()), float(outputs[0].abs().max())
    if not off <= ROUNDING * largest:
        raise RambleError(
            f"{type(problem).__name__}: with its units reordered the network computes something else (outputs differ "
            f"by {off:.2g} where the largest is {largest:.2g}); leave out the tracker 'aligned'."
        )
