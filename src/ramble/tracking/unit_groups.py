"""Groups of units that change places together: which axes of which weights they lie along, and which must stay."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Axis:
    """An axis of a weight tensor along which units lie, each on as many neighbouring entries."""

    tensor: str
    number: int
    entries: int  # of each unit: more than one where maps were flattened


@dataclass(frozen=True)
class Units:
    """Units that may change places, and the axes that have to follow."""

    count: int
    axes: tuple[Axis, ...]


@dataclass(frozen=True)
class Label:
    """Where the units of an activation lie; what has none is in a fixed order."""

    axis: int  # not counting that of the samples
    group: int
    entries: int = 1


class Groups:
    """The groups of a network's units; groups that meet are joined, and those whose order matters are fixed.

    Args:
        shapes: of its weight tensors.
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self._shapes = shapes
        self._sizes: list[int] = []
        self._parents: list[int] = []
        self._fixed: set[int] = set()
        self._axes: dict[tuple[str, int], tuple[int, int]] = {}  # group and entries

    def units(self) -> tuple[Units, ...]:
        """Return the groups whose units may change places, each independently of the others."""
        fixed = {self._root(group) for group in self._fixed}
        members: dict[int, list[Axis]] = {}
        for (tensor, number), (group, entries) in self._axes.items():
            members.setdefault(self._root(group), []).append(Axis(tensor, number, entries))
        return tuple(
            Units(self._sizes[group], tuple(axes))
            for group, axes in members.items()
            if group not in fixed and self._sizes[group] > 1
        )

    def group(self, tensor: str, axis: int) -> int:
        """Return the group of a weight's axis where each unit has one entry."""
        if (tensor, axis) not in self._axes:
            self._sizes.append(self._shapes[tensor][axis])
            self._parents.append(len(self._parents))
            self._axes[tensor, axis] = len(self._parents) - 1, 1
        group, entries = self._axes[tensor, axis]
        if entries != 1:
            self._fixed.add(self._root(group))
        return group

    def join(self, one: int, other: int) -> None:
        """Let two groups change places alike from now on."""
        one, other = self._root(one), self._root(other)
        if self._sizes[one] != self._sizes[other]:
            self._fixed |= {one, other}
        else:
            self._fixed |= {one} if other in self._fixed else set()
            self._parents[other] = one

    def fix(self, label: Label | None) -> None:
        """Keep the units of an activation where they are."""
        if label:
            self._fixed.add(self._root(label.group))

    def fix_axis(self, tensor: str, axis: int) -> None:
        """Keep the units along an axis of a weight where they are."""
        self._fixed.add(self._root(self.group(tensor, axis)))

    def fix_tensor(self, tensor: str) -> None:
        """Keep all axes of a weight as they are."""
        for axis in range(len(self._shapes[tensor])):
            self.fix_axis(tensor, axis)

    def tie(self, tensor: str, axis: int, label: Label | None) -> None:
        """Let an axis of a weight follow the units of a label, or fix both."""
        if label is None:
            self.fix_axis(tensor, axis)
        elif self._shapes[tensor][axis] != self._sizes[self._root(label.group)] * label.entries:
            self.fix(label)
            self.fix_axis(tensor, axis)
        elif (tensor, axis) not in self._axes:
            self._axes[tensor, axis] = label.group, label.entries
        elif self._axes[tensor, axis][1] == label.entries:
            self.join(label.group, self._axes[tensor, axis][0])
        else:
            self.fix(label)
            self._fixed.add(self._root(self._axes[tensor, axis][0]))

    def _root(self, group: int) -> int:
        while self._parents[group] != group:
            group = self._parents[group]
        return group
