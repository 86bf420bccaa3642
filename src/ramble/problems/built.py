"""What a builder of networks returns: refused where it cannot be walked, and copied."""

import copy
from collections.abc import Callable, Mapping
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from ramble.errors import RambleError, kind_of
from ramble.problems.contents import attributes, constants, leaves, same, tensors_in

DTYPES = (torch.float32, torch.float64)


def checked_copy(where: str, build: Callable[[], nn.Module]) -> nn.Module:
    """Return a copy, in evaluation mode, of what the builder makes; raises RambleError where that cannot be walked."""
    built = build()
    if not isinstance(built, nn.Module) or isinstance(built, torch.jit.ScriptModule):
        raise RambleError(f"{where}: returns {kind_of(built)}; return a plain nn.Module.")
    for name, module in built.named_modules():
        if type(module).__name__ == "OptimizedModule":  # its second derivatives may be others
            raise RambleError(
                f"{where}: {name or 'the network'} is compiled by torch.compile; return what was compiled "
                "(its _orig_mod)."
            )
        if isinstance(module, nn.DataParallel | nn.parallel.DistributedDataParallel):
            raise RambleError(
                f"{where}: {name or 'the network'} is wrapped in {type(module).__name__}; return what is "
                "inside (its module)."
            )
    # before the copy, whose tensors share no memory
    _refuse_shared_memory(where, built, _trainable(where, built))
    copied = copy_of(where, built).eval()
    for value in copied.parameters():
        value.grad = None
    return copied


def copy_of(where: str, module: nn.Module) -> nn.Module:
    """Return a deep copy; raises RambleError where there is none."""
    try:
        return copy.deepcopy(module)
    except (RuntimeError, TypeError, NotImplementedError) as error:
        raise RambleError(
            f"{where}: the network cannot be copied ({str(error).splitlines()[0]}); let its modules hold only what "
            "copy.deepcopy copies, and nothing that a forward pass computed."
        ) from error


def _trainable(where: str, module: nn.Module) -> dict[str, Tensor]:
    """Return the trainable tensors, each once, or raise RambleError."""
    for name, value in (*module.named_parameters(), *module.named_buffers()):
        if isinstance(value, UninitializedParameter | UninitializedBuffer):
            raise RambleError(
                f"{where}: '{name}' has no shape before the first input; give shapes, such as nn.Linear(in, out) "
                "instead of nn.LazyLinear(out)."
            )
        if value.is_meta:
            raise RambleError(f"{where}: '{name}' is on torch's meta device and holds no numbers; build it on the CPU.")
    trainable: dict[str, Tensor] = {name: value for name, value in module.named_parameters() if value.requires_grad}
    if not trainable:
        raise RambleError(f"{where}: the network has no trainable weights; some must have requires_grad=True.")
    for name, value in module.named_parameters():
        wrong = value.is_complex() or (value.is_floating_point() and value.dtype not in DTYPES)
        if wrong or (name in trainable and value.dtype != next(iter(trainable.values())).dtype):
            raise RambleError(
                f"{where}: '{name}' is {value.dtype}; all weights must be torch.float32, or all torch.float64 "
                "(network.float(), network.double())."
            )
    _refuse_hidden(where, module)
    state = module.state_dict()
    for name in trainable:
        if name not in state:
            raise RambleError(f"{where}: '{name}' is not in the network's state_dict under this name; leave it there.")
    for name, value in state.items():
        if not isinstance(value, Tensor):
            raise RambleError(f"{where}: '{name}' in the network's state_dict is no tensor; leave it out.")
    return trainable


def _refuse_hidden(where: str, module: nn.Module) -> None:
    """Refuse weights that the module itself does not know of."""
    known = {id(value) for value in module.parameters()}
    modules = {id(each) for each in module.modules()}
    for name, value in attributes(module):
        for inner, tensor in tensors_in(name, value):
            if not tensor.is_leaf:
                raise RambleError(
                    f"{where}: '{inner}' is computed from weights when the network is built, and will not follow; "
                    "compute it in the forward pass (torch.nn.utils.parametrizations.weight_norm, not "
                    "torch.nn.utils.weight_norm)."
                )
            if tensor.requires_grad and id(tensor) not in known:
                raise RambleError(
                    f"{where}: '{inner}' requires a gradient and is no parameter of its module; make it an "
                    "nn.Parameter (nn.ParameterList for several)."
                )
        for inner, hidden in leaves(name, value, (nn.Module,)):
            if id(hidden) not in modules:
                raise RambleError(
                    f"{where}: '{inner}' is a module in a plain list or dictionary, which hides its weights; use "
                    "nn.ModuleList or nn.ModuleDict, and requires_grad_(False) for weights that must stay."
                )


def _refuse_shared_memory(where: str, module: nn.Module, trainable: Mapping[str, Tensor]) -> None:
    """Refuse trainable tensors that lie in memory that another tensor holds too: one would move with the other."""
    others = {name: value for name, value in constants(module).items() if value.numel()}
    spans = sorted((*_span(value), name) for name, value in {**others, **trainable}.items())
    for (_, end, name), (begin, _, other) in pairwise(spans):
        if begin < end and (name in trainable or other in trainable):
            raise RambleError(
                f"{where}: '{name}' and '{other}' share memory and are two tensors; use one nn.Parameter under both "
                "names for tied weights, or a copy (.clone())."
            )


def _span(value: Tensor) -> tuple[int, int]:
    """Return the first byte of a tensor and the one behind its last."""
    length = 1 + sum((size - 1) * stride for size, stride in zip(value.shape, value.stride(), strict=True))
    return value.data_ptr(), value.data_ptr() + length * value.element_size()


def refuse_difference(where: str, first: nn.Module, second: nn.Module) -> None:
    """Refuse a builder that returns networks of different make, or with different constants."""
    different = dict(shapes_of(first).items() ^ shapes_of(second).items())
    if different:
        name = min(different)
        raise RambleError(f"{where}: two calls return networks that differ in '{name}'; return one network always.")
    kept, other = constants(first), constants(second)
    for name in sorted(kept.keys() | other.keys()):
        if name not in kept or name not in other or not same(kept[name], other[name]):
            raise RambleError(
                f"{where}: '{name}' does not move along a path, and two calls return different values of it, torch's "
                "generator seeded alike; make it once, outside of this method."
            )


def shapes_of(module: nn.Module) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the trainable tensors, each one once, under its first name."""
    return {name: tuple(value.shape) for name, value in module.named_parameters() if value.requires_grad}
