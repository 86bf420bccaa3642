"""A network whose weights walk along a straight segment: enclosures of its margins on any part of it."""

from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, fx

from ramble.certificates.affine import Entries, Form, Piece, Weights, add, affine, constant
from ramble.certificates.graph import Graph, Operation, read_graph
from ramble.certificates.operations import OPERATIONS, REARRANGEMENTS
from ramble.certificates.pooling import negative
from ramble.certificates.values import NotUnderstoodError, Value
from ramble.problems.logits import inputs_in
from ramble.problems.network import NetworkProblem

# Samples bounded at a time: more fall out of the caches, and memory would grow with the data.
CHUNK = 50

_GRAPHS: WeakKeyDictionary[NetworkProblem, Graph] = WeakKeyDictionary()


class MovingNetwork:
    """The network of a problem while its weights walk from start to end (P,).

    Raises:
        NotUnderstoodError: it cannot be read as a graph; operations that are not known show only when it is evaluated.
    """

    def __init__(self, problem: NetworkProblem, start: Tensor, end: Tensor) -> None:
        if problem not in _GRAPHS:
            _GRAPHS[problem] = read_graph(problem)
        self._graph = _GRAPHS[problem]
        first, last = (problem.unflatten(each.to(problem.device, torch.float64)) for each in (start, end))
        self._given: dict[fx.Node, Value] = dict(self._graph.constants)
        self._given |= {node: Weights(first[name], last[name]) for node, name in self._graph.weights.items()}
        self._moving: list[Operation] = []
        for operation in self._graph.operations:
            if operation.by_sample or not self._is_given(operation):
                self._moving.append(operation)
            else:
                self._given[operation.node] = _rearranged(operation, self._given)
        self._layers: dict[fx.Node, tuple[Weights, Weights, Tensor]] = {}

    def _is_given(self, operation: Operation) -> bool:
        return all(node in self._given for node in operation.node.all_input_nodes)

    def bounds(self, low: float, high: float, inputs: Tensor, labels: Tensor) -> Tensor:
        """Return lower bounds (M,) of the margins of inputs (M, ...) with classes (M,) for all t in [low, high]."""
        return smallest_ahead(self.differences(low, high, inputs, labels).lower, labels)

    def differences(self, low: float, high: float, inputs: Tensor, labels: Tensor) -> Form:
        """Return the true class's logit minus that of each class (M, C) for all t in [low, high]."""
        part = _Part(low, high)
        chunks = zip(torch.split(inputs, CHUNK), torch.split(labels, CHUNK), strict=True)
        forms = [self._chunk(part, inputs_in(own, torch.float64), classes) for own, classes in chunks]
        return Form(*(torch.cat([getattr(form, name) for form in forms]) for name in ("centre", "slope", "radius")))

    def _chunk(self, part: "_Part", inputs: Tensor, labels: Tensor) -> Form:
        values: dict[fx.Node, Any] = {self._graph.inputs: constant(inputs.double())}
        *inner, last = self._moving
        for operation in inner:
            values[operation.node] = self._done(operation, values, part)
            for node in operation.last_uses:
                values.pop(node, None)
        plain = last.node.target is torch.ops.aten.linear.default and not last.node.kwargs
        if plain and len(last.shape or ()) == 1:
            form, weight, bias = _arguments(last.node.args, ChainMap(values, self._given)) + [None] * (
                3 - len(last.node.args)
            )
            if isinstance(form, Form):
                # rows of the last layer: true class minus each class, so that what both logits share cancels
                piece = part.piece(last.node, lambda: self._layer(last.node, weight, bias, lambda each: each))
                columns = form.map(lambda values: values.unsqueeze(2))
                return affine(columns, _differences(piece, labels)).map(lambda values: values.squeeze(2))
        return _ahead(self._done(last, values, part), labels)

    def _done(self, operation: Operation, values: dict[fx.Node, Any], part: "_Part") -> Any:
        """Return the result of one operation."""
        node = operation.node
        known_values = ChainMap(values, self._given)
        arguments, named = _arguments(node.args, known_values), _named_arguments(node.kwargs, known_values)
        if node.target is torch.ops.aten.sym_size.int:
            return arguments[0].centre.shape[arguments[1]]
        if getattr(node.target, "__name__", "") == "getitem":
            return arguments[0][arguments[1]]
        known = OPERATIONS.get(node.target) or REARRANGEMENTS.get(node.target)
        if known is None or not _has_form(arguments):
            raise NotUnderstoodError(f"{operation.layer}: {_named(node)} is not understood")
        place = _Place(self, part, operation)
        try:
            found = known(place, *arguments, **named)
        except NotUnderstoodError as error:
            raise NotUnderstoodError(f"{operation.layer}: {error} ({_named(node)}) is not understood") from None
        except (AssertionError, IndexError, RuntimeError, TypeError, ValueError):
            raise NotUnderstoodError(
                f"{operation.layer}: {_named(node)} with its arguments is not understood"
            ) from None
        if isinstance(found, Form):
            expected = (len(found.centre), *(operation.shape or ()))
            if not operation.by_sample or tuple(found.centre.shape) != expected:
                raise NotUnderstoodError(f"{operation.layer}: {_named(node)} does not keep the samples apart")
        return found

    def _layer(
        self, node: fx.Node, weight: Value, bias: Value | None, matrix: Callable[[Tensor], Tensor]
    ) -> tuple[Weights, Weights, Tensor]:
        """Return a layer's matrix, bias and size on the whole segment, made once."""
        if node not in self._layers:
            rows = _as_weights(weight).map(matrix)
            nothing = torch.zeros_like(rows.start[..., 0])
            shift = Weights(nothing, nothing) if bias is None else _as_weights(bias).map(matrix)
            self._layers[node] = rows, shift, rows.size.sum(-1) + shift.size
        return self._layers[node]


class _Part:
    """A part [low, high] of the segment [0, 1], with the layers' weights on it."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high
        self._pieces: dict[fx.Node, Piece] = {}

    def piece(self, node: fx.Node, layer: Callable[[], tuple[Weights, Weights, Tensor]]) -> Piece:
        if node not in self._pieces:
            rows, shift, size = layer()
            self._pieces[node] = Piece(*rows.between(self.low, self.high), *shift.between(self.low, self.high), size)
        return self._pieces[node]


class _Place:
    """See `operations.Place`."""

    def __init__(self, network: MovingNetwork, part: _Part, operation: Operation) -> None:
        self._network, self._part, self._node = network, part, operation.node
        self.shape = operation.shape or ()

    def piece(self, weight: Value, bias: Value | None, matrix: Callable[[Tensor], Tensor]) -> Piece:
        return self._part.piece(self._node, lambda: self._network._layer(self._node, weight, bias, matrix))

    def entries(self, weight: Weights) -> Entries:
        return Entries(*weight.between(self._part.low, self._part.high), weight.size)


def smallest_ahead(differences: Tensor, labels: Tensor) -> Tensor:
    """Return the smallest (M,) of the true class's logit minus that of each other class (M, C)."""
    return differences.scatter(1, labels.unsqueeze(1), torch.inf).amin(1)


def _rearranged(operation: Operation, given: dict[fx.Node, Value]) -> Value:
    """Return a rearrangement of weights or constants."""
    node = operation.node
    known = REARRANGEMENTS.get(node.target)
    values = [given[each] for each in node.all_input_nodes]
    of = "a weight" if any(isinstance(each, Weights) for each in values) else "constants"
    if known is None or len(values) != 1 or operation.shape is None:
        raise NotUnderstoodError(f"{operation.layer}: {_named(node)} of {of} is not understood")
    found = known(_Standing(operation.shape), *_arguments(node.args, given), **_named_arguments(node.kwargs, given))
    if isinstance(found, Form) or tuple(found.shape) != operation.shape:
        raise NotUnderstoodError(f"{operation.layer}: {_named(node)} of {of} is not understood")
    return found


def _arguments(given: Any, values: Mapping[fx.Node, Any]) -> list[Any]:
    """Return the arguments of an operation with the values of its nodes."""
    return list(fx.map_arg(given, values.__getitem__))


def _named_arguments(given: Any, values: Mapping[fx.Node, Any]) -> dict[str, Any]:
    return {name: fx.map_arg(argument, values.__getitem__) for name, argument in given.items()}


class _Standing:
    """A place where nothing moves."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape


def _as_weights(value: Value) -> Weights:
    if isinstance(value, Form):
        raise NotUnderstoodError("a product of activations")
    return value if isinstance(value, Weights) else Weights(value.double(), value.double())


def _has_form(arguments: Sequence[Any]) -> bool:
    return any(isinstance(each, Form) or (isinstance(each, list | tuple) and _has_form(each)) for each in arguments)


def _named(node: fx.Node) -> str:
    return ".".join(str(node.target).split(".")[:2])


def _differences(piece: Piece, labels: Tensor) -> Piece:
    """Return the layer (M, C, n) whose outputs are the true class's output minus that of each class."""
    if len(piece.centre) == 1:  # a single logit z stands for (0, z)
        piece = Piece(*(torch.cat([torch.zeros_like(each), each]) for each in vars(piece).values()))

    def ahead(rows: Tensor) -> Tensor:
        return rows[labels].unsqueeze(1) - rows.unsqueeze(0)

    size = piece.size[labels].unsqueeze(1) + piece.size.unsqueeze(0)
    return Piece(ahead(piece.centre), ahead(piece.half), ahead(piece.bias_centre), ahead(piece.bias_half), size)


def _ahead(logits: Any, labels: Tensor) -> Form:
    """Return the true class's logit minus that of each class, from logits (M, C), or from a single one (M,), (M, 1)."""
    if not isinstance(logits, Form) or logits.centre.dim() > 2:
        raise NotUnderstoodError("its outputs are no logits (M, C)")
    if logits.centre.dim() == 1:
        logits = logits.map(lambda values: values.unsqueeze(1))
    if logits.centre.shape[1] == 1:
        logits = logits.map(lambda values: torch.cat([torch.zeros_like(values), values], 1))
    own = logits.map(lambda values: values.gather(1, labels.unsqueeze(1)))
    return add(own, negative(logits))
