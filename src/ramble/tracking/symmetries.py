"""Which units of a network may change places: read from the graph of its operations.

The hidden units of a layer may be reordered where every weight that makes or takes them is reordered alike; the network
then computes the same. Units that meet, in a sum of residual branches or under two names of one tensor, must be
reordered together. An operation that is not known here may depend on the order: what it takes and gives stays as it is,
which is always right, and at worst leaves nothing to reorder. Inputs and outputs stay.
"""

import operator
from collections.abc import Callable, Sequence
from math import prod

import torch
from torch import fx

from ramble.certificates.graph import Graph, Operation, read_graph
from ramble.problems.network import NetworkProblem
from ramble.tracking.unit_groups import Groups, Label, Units

aten = torch.ops.aten


def movable_units(problem: NetworkProblem) -> tuple[Units, ...]:
    """Return the groups of units that may be reordered, each independently of the others.

    Raises NotUnderstoodError where the network cannot be read at all.
    """
    return _Reader(problem, read_graph(problem)).units()


class _Reader:
    """Goes through a graph once, and joins groups of units or fixes them.

    Args:
        problem: for the shapes of its weights.
        graph: of its network.
    """

    def __init__(self, problem: NetworkProblem, graph: Graph) -> None:
        self._graph = graph
        self._groups = Groups(problem.shapes)
        self._labels: dict[fx.Node, Label] = {}
        self._operations = {operation.node: operation for operation in graph.operations}

    def units(self) -> tuple[Units, ...]:
        """Read the graph."""
        for operation in self._graph.operations:
            rows = operation.by_sample or operation.shape is None  # batch norm may give several tensors
            known = KNOWN.get(operation.node.target) if rows else None
            if not known:
                self._unknown(operation)
            elif label := known(self, operation):
                self._labels[operation.node] = label
        self._groups.fix(self._labels.get(self._graph.outputs))
        return self._groups.units()

    def _tie(self, node: fx.Node | None, axis: int, label: Label | None) -> None:
        """Let an axis of a weight follow the units of a label; where there is no such weight, they stay."""
        if node is None:
            return
        if tensor := self._graph.weights.get(node):
            self._groups.tie(tensor, axis, label)
        else:  # frozen, or computed: it does not follow
            self._groups.fix(label)

    def _fix_tensors(self, node: fx.Node) -> None:
        """Fix all axes of a weight."""
        if tensor := self._graph.weights.get(node):
            self._groups.fix_tensor(tensor)

    # operations: each returns where the units of its result lie

    def _unknown(self, operation: Operation) -> None:
        for node in operation.node.all_input_nodes:
            self._groups.fix(self._labels.get(node))
            self._fix_tensors(node)

    def _shape(self, node: fx.Node) -> tuple[int, ...]:
        """Return the shape of an activation without the axis of the samples."""
        shape = self._operations[node].shape if node in self._operations else node.meta["val"].shape[1:]
        return tuple(int(size) for size in shape or ())

    def _at(self, node: fx.Node, axis: int) -> Label | None:
        """Return an activation's label if it lies on that axis, and fix it if not."""
        label = self._labels.get(node)
        if label and label.axis != axis:
            self._groups.fix(label)
            return None
        return label

    def _made_by(self, weight: fx.Node, bias: fx.Node | None, axis: int, column: int = 0) -> Label | None:
        """Return the label of units that a weight makes along its axis `column`, which follow its bias."""
        tensor = self._graph.weights.get(weight)
        if tensor is None:
            if bias is not None:
                self._fix_tensors(bias)
            return None
        label = Label(axis, self._groups.group(tensor, column))
        self._tie(bias, 0, label)
        return label

    def linear(self, operation: Operation) -> Label | None:
        """Units of a fully connected layer."""
        inputs, weight, *bias = _arguments(operation, 3)
        axis = len(self._shape(inputs)) - 1
        self._tie(weight, 1, self._at(inputs, axis))
        return self._made_by(weight, bias[0], axis)

    def convolution(self, operation: Operation) -> Label | None:
        """Maps of a convolution; where each map has its own kernel, they are the units of its inputs."""
        inputs, weight, bias = _arguments(operation, 3)
        groups = operation.node.args[6] if len(operation.node.args) > 6 else operation.node.kwargs.get("groups", 1)
        label = self._at(inputs, 0)
        if groups == 1:
            self._tie(weight, 1, label)
            return self._made_by(weight, bias, 0)
        if groups == self._shape(inputs)[0] == self._shape(operation.node)[0]:
            self._tie(weight, 0, label)
            self._tie(bias, 0, label)
            return label
        self._unknown(operation)
        return None

    def norm(self, operation: Operation) -> Label | None:
        """Batch norm: its statistics are those of each map, wherever it lies."""
        inputs, weight, bias = _arguments(operation, 3)
        label = self._at(inputs, 0)
        self._tie(weight, 0, label)
        self._tie(bias, 0, label)
        return label

    def layer_norm(self, operation: Operation) -> Label | None:
        """Layer norm over the last axis."""
        inputs, sizes, weight, bias = (*operation.node.args, None, None)[:4]
        assert isinstance(inputs, fx.Node)
        if not isinstance(sizes, Sequence) or len(sizes) != 1:
            self._unknown(operation)
            return None
        label = self._at(inputs, len(self._shape(inputs)) - 1)
        for node in (weight, bias):
            self._tie(node if isinstance(node, fx.Node) else None, 0, label)
        return label

    def embedding(self, operation: Operation) -> Label | None:
        """Units of an embedding; its tokens stay."""
        weight, _ = _arguments(operation, 2)
        self._tie(weight, 0, None)
        return self._made_by(weight, None, len(self._shape(operation.node)) - 1, column=1)

    def same(self, operation: Operation) -> Label | None:
        """Every entry by itself."""
        return self._labels.get(operation.node.all_input_nodes[0])

    def by_map(self, operation: Operation) -> Label | None:
        """Every map by itself."""
        return self._at(operation.node.all_input_nodes[0], 0)

    def mean(self, operation: Operation) -> Label | None:
        """Averages along other axes than that of the units."""
        inputs, dims, *keep = operation.node.args
        assert isinstance(inputs, fx.Node)
        label, rank = self._labels.get(inputs), len(self._shape(inputs)) + 1
        numbers = {int(dim) % rank - 1 for dim in dims} if isinstance(dims, Sequence) else {-1}  # type: ignore[arg-type]
        if label is None or label.axis in numbers or -1 in numbers:
            self._unknown(operation)
            return None
        before = 0 if keep and keep[0] else sum(number < label.axis for number in numbers)
        return Label(label.axis - before, label.group, label.entries)

    def reshaped(self, operation: Operation) -> Label | None:
        """The same entries in the same order: units may lie on more entries then."""
        inputs = operation.node.all_input_nodes[0]
        label, old, new = self._labels.get(inputs), self._shape(inputs), self._shape(operation.node)
        if label is None:
            return None
        unit = label.entries * prod(old[label.axis + 1 :])  # entries of one, in memory
        for axis, size in enumerate(new):
            inner = prod(new[axis + 1 :])
            begins = prod(new[:axis]) == prod(old[: label.axis])
            if begins and size * inner == old[label.axis] * prod(old[label.axis + 1 :]) and unit % inner == 0:
                return Label(axis, label.group, unit // inner)
        self._groups.fix(label)
        return None

    def combined(self, operation: Operation) -> Label | None:
        """Two operands entry by entry: units that meet are the same ones."""
        nodes = operation.node.all_input_nodes
        moving = [node for node in nodes if self._is_activation(node)]
        found = [self._labels.get(node) for node in moving]
        shape = self._shape(operation.node)
        if not moving or None in found or any(self._shape(node) != shape for node in moving):
            self._unknown(operation)
            return None
        first, *others = (label for label in found if label)
        for label in others:
            if (label.axis, label.entries) != (first.axis, first.entries):
                self._unknown(operation)
                return None
            self._groups.join(first.group, label.group)
        for node in nodes:
            if node not in moving:
                self._follow(node, first, len(shape))
        return first

    def _is_activation(self, node: fx.Node) -> bool:
        return node is self._graph.inputs or (node in self._operations and self._operations[node].by_sample)

    def _follow(self, node: fx.Node, label: Label, rank: int) -> None:
        """Let a tensor that is broadcast over the samples follow the units along its axis."""
        sizes = node.meta["val"].shape
        axis = len(sizes) - rank + label.axis
        for other in range(len(sizes)):
            if other == axis and sizes[other] != 1:
                self._tie(node, axis, label)
            elif node in self._graph.weights:
                self._tie(node, other, None)


def _arguments(operation: Operation, count: int) -> list[fx.Node]:
    """Return the first arguments of an operation, None where there is no such tensor."""
    given = [*operation.node.args, *[None] * count][:count]
    return [node if isinstance(node, fx.Node) else None for node in given]  # type: ignore[misc]


Rule = Callable[[_Reader, Operation], Label | None]
KNOWN: dict[object, Rule] = {
    aten.linear.default: _Reader.linear,
    **dict.fromkeys((aten.conv1d.default, aten.conv2d.default), _Reader.convolution),
    **dict.fromkeys(
        (aten.batch_norm.default, aten._native_batch_norm_legit_no_training.default),
        _Reader.norm,
    ),
    aten.layer_norm.default: _Reader.layer_norm,
    aten.embedding.default: _Reader.embedding,
    aten.mean.dim: _Reader.mean,
    **dict.fromkeys((aten.add.Tensor, aten.sub.Tensor, aten.mul.Tensor), _Reader.combined),
    **dict.fromkeys(
        (
            operator.getitem,
            aten.relu.default,
            aten.tanh.default,
            aten.sigmoid.default,
            aten.gelu.default,
            aten.silu.default,
            aten.elu.default,
            aten.leaky_relu.default,
            aten.hardtanh.default,
            aten.softplus.default,
            aten.dropout.default,
            aten.clone.default,
            aten.contiguous.default,
            aten.detach.default,
        ),
        _Reader.same,
    ),
    **dict.fromkeys(
        (
            aten.max_pool1d.default,
            aten.max_pool2d.default,
            aten.avg_pool1d.default,
            aten.avg_pool2d.default,
            aten.adaptive_avg_pool1d.default,
            aten.adaptive_avg_pool2d.default,
        ),
        _Reader.by_map,
    ),
    **dict.fromkeys(
        (
            aten.view.default,
            aten.reshape.default,
            aten.flatten.using_ints,
            aten.squeeze.dim,
            aten.squeeze.dims,
            aten.unsqueeze.default,
        ),
        _Reader.reshaped,
    ),
}
