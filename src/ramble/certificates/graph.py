"""A problem's network read as a graph: every operation between its inputs and its outputs, in order.

`torch.export` runs the network's own `forward` once, on tensors without values, and writes down each operation that
reaches torch: a module used twice is there twice, hooks, parametrisations and a subclass's own forward are there as
what they compute, and a tensor under two names is one. A forward that asks for values on its way, or treats some
numbers of samples differently, cannot be written down and is refused. Where there are operations in place, torch turns
them into plain ones.
"""

import io
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass

import torch
from torch import Tensor, fx, nn
from torch.export import Dim, ExportedProgram

from ramble.certificates.as_read import refuse_another_way
from ramble.certificates.operations import REARRANGEMENTS, SIZED
from ramble.certificates.values import NotUnderstoodError
from ramble.problems.logits import inputs_in
from ramble.problems.network import NetworkProblem

# Samples that the network is read with: torch treats the sizes 0 and 1 as special.
EXAMPLES = 3


@dataclass(frozen=True)
class Operation:
    """One operation of the graph."""

    node: fx.Node
    layer: str  # where it stands: "fc1 (Linear)"
    shape: tuple[int, ...] | None  # of its result without the sample axis, or None where there is none
    by_sample: bool  # is the first axis of the result that of the samples?
    last_uses: tuple[fx.Node, ...]  # values that nothing needs afterwards


@dataclass(frozen=True)
class Graph:
    """What a network does."""

    operations: tuple[Operation, ...]  # in the order in which they are done
    weights: Mapping[fx.Node, str]  # trainable tensors, and their names in the problem's `shapes`
    constants: Mapping[fx.Node, Tensor]  # frozen weights, buffers and other tensors of the network, float64
    inputs: fx.Node
    outputs: fx.Node


def read_graph(problem: NetworkProblem) -> Graph:
    """Read the network of a problem, in evaluation mode and float64.

    Raises:
        NotUnderstoodError: it cannot be written down, does something else meanwhile, changes its inputs or buffers, or
            gives anything but one tensor.
    """
    random = torch.randn(problem.n_weights, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    network, samples = problem.network(random), problem.data("train")[0][:EXAMPLES]
    program = _exported(network, inputs_in(samples, torch.float64))
    signature = program.graph_signature
    if signature.buffers_to_mutate or signature.user_inputs_to_mutate or signature.parameters_to_mutate:
        raise NotUnderstoodError("its forward pass writes to its inputs, buffers or weights")
    if len(signature.user_inputs) != 1 or len(signature.user_outputs) != 1:
        raise NotUnderstoodError("its forward pass does not give one tensor for one tensor")
    examples = torch.cat([samples] * EXAMPLES)[:EXAMPLES]
    refuse_another_way(problem.network(random.to(problem.dtype)), network, program.module(), examples)
    program = _without_writing(program)
    nodes = {node.name: node for node in program.graph.nodes}
    inputs, outputs = (nodes.get(str(names[0])) for names in (signature.user_inputs, signature.user_outputs))
    if inputs is None or outputs is None or outputs is inputs:
        raise NotUnderstoodError("its outputs are no tensor that it computed from its inputs")
    operations = _operations(program.graph, inputs, outputs)
    if not operations[-1].by_sample:
        raise NotUnderstoodError("its outputs are not those of each sample, along the first axis")
    return Graph(operations, *_tensors(problem, network, program, nodes), inputs, outputs)


def _exported(network: nn.Module, sample: Tensor) -> ExportedProgram:
    samples = torch.zeros((EXAMPLES, *sample.shape[1:]), dtype=sample.dtype, device=sample.device)
    with _quietly(), torch.no_grad():
        try:
            return torch.export.export(network, (samples,), dynamic_shapes=({0: Dim("samples")},), strict=False)
        except Exception as error:  # whatever a forward pass may raise
            raise _unreadable(error) from None


def _without_writing(program: ExportedProgram) -> ExportedProgram:
    """Return what does the same by operations that write to no tensor that they are given."""
    if not any(_writes(node) for node in program.graph.nodes):
        return program
    with _quietly(), torch.no_grad():
        try:
            decomposed: ExportedProgram = program.run_decompositions({})
            return decomposed
        except Exception as error:
            raise _unreadable(error) from None


def _unreadable(error: Exception) -> NotUnderstoodError:
    first, *_ = str(error).strip().splitlines() or [""]
    return NotUnderstoodError(f"torch.export cannot read it ({type(error).__name__}: {first[:200]})")


def _writes(node: fx.Node) -> bool:
    """Tell whether an operation writes to a tensor that it is given; what is no operation of torch is none."""
    schema = getattr(node.target, "_schema", None)
    return schema is not None and schema.is_mutable


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep torch from warnings, logs and prints about a network that it cannot read: the reason says so."""
    before, nowhere = logging.root.manager.disable, io.StringIO()
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stdout(nowhere), redirect_stderr(nowhere):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _tensors(
    problem: NetworkProblem, network: nn.Module, program: ExportedProgram, nodes: Mapping[str, fx.Node]
) -> tuple[dict[fx.Node, str], dict[fx.Node, Tensor]]:
    """Return the trainable tensors by their names in `shapes`, whatever other names they have, and all the others."""
    own = dict(network.named_parameters(remove_duplicate=False))
    trainable = {id(own[name]): name for name in problem.shapes}
    signature = program.graph_signature
    weights, constants = {}, {}
    for placeholder, name in signature.inputs_to_parameters.items():
        if id(own[name]) in trainable:
            weights[nodes[placeholder]] = trainable[id(own[name])]
        else:
            constants[nodes[placeholder]] = own[name].detach()
    for placeholder, name in signature.inputs_to_buffers.items():
        kept = program.constants if name in signature.non_persistent_buffers else program.state_dict
        constants[nodes[placeholder]] = kept[name].detach()
    for placeholder, name in signature.inputs_to_lifted_tensor_constants.items():
        constants[nodes[placeholder]] = program.constants[name].detach()
    return weights, {node: _exact(value) for node, value in constants.items()}


def _exact(value: Tensor) -> Tensor:
    """Return a constant in float64, in which nothing wraps around as whole numbers do."""
    if value.is_complex():
        raise NotUnderstoodError(f"a constant of {value.dtype}")
    exact = value.double()
    if not value.is_floating_point() and not torch.equal(exact.to(value.dtype), value):
        raise NotUnderstoodError(f"a constant of {value.dtype} is too large for float64")
    return exact


def _operations(graph: fx.Graph, inputs: fx.Node, outputs: fx.Node) -> tuple[Operation, ...]:
    samples = inputs.meta["val"].shape[0]
    needed = {outputs}
    for node in reversed(graph.nodes):
        needed |= set(node.all_input_nodes) if node in needed else set()
    calls = [node for node in graph.nodes if node in needed and node.op != "placeholder"]
    last_uses: dict[fx.Node, fx.Node] = {}
    for node in calls:
        last_uses |= dict.fromkeys(node.all_input_nodes, node)
    done: dict[fx.Node, list[fx.Node]] = {}
    for value, node in last_uses.items():
        if value is not outputs:
            done.setdefault(node, []).append(value)
    return tuple(_operation(node, samples, tuple(done.get(node, ()))) for node in calls)


def _operation(node: fx.Node, samples: torch.SymInt, last_uses: tuple[fx.Node, ...]) -> Operation:
    found = node.meta.get("val")
    layer = _layer(node)
    if not isinstance(found, Tensor):
        return Operation(node, layer, None, False, last_uses)
    sizes = tuple(found.shape)
    by_sample = bool(sizes) and isinstance(sizes[0], torch.SymInt) and sizes[0].node.expr == samples.node.expr
    rest = sizes[1:] if by_sample else sizes
    if any(isinstance(size, torch.SymInt) for size in rest):
        raise NotUnderstoodError(f"{layer}: {node.target} does not keep the samples apart, along the first axis")
    given = [each.meta.get("val") for each in node.all_input_nodes]
    formats = {found.dtype} | {each.dtype for each in given if isinstance(each, Tensor)}
    if found.is_floating_point() and found.dtype != torch.float64 and (by_sample or len(formats) > 1):
        raise NotUnderstoodError(f"{layer}: {node.target} turns to numbers of {found.dtype}")
    # whole numbers round, and wrap around where they grow too large
    if not found.is_floating_point() and (node.target not in REARRANGEMENTS or formats != {found.dtype}):
        raise NotUnderstoodError(f"{layer}: {node.target} computes in numbers of {found.dtype}")
    if any(isinstance(each, torch.SymInt) for each in given) and node.target not in SIZED:
        raise NotUnderstoodError(f"{layer}: {node.target} takes the number of samples for more than a size")
    return Operation(node, layer, tuple(int(size) for size in rest), by_sample, last_uses)


def _layer(node: fx.Node) -> str:
    """Return the innermost module that an operation belongs to: "fc1 (Linear)"."""
    stack = [entry for entry in (node.meta.get("nn_module_stack") or {}).values() if isinstance(entry, tuple)]
    if not stack:
        return "the network"
    name, kind = stack[-1]
    kind = kind if isinstance(kind, str) else kind.__name__
    return f"{name or 'the network'} ({kind.rpartition('.')[2]})"
