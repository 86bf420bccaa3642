"""A network taken apart: trainable tensors, which paths are made of, and all the rest, which stays as it was built.

The rest is what requires no gradient (frozen weights), buffers, and tensors that modules keep as plain attributes. It
is the same in every network of a problem. The modules that a user's `build_network` returns are never written to:
everything here is done to deep copies of them.
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from ramble.errors import RambleError, kind_of

DTYPES = (torch.float32, torch.float64)
OWN = ("_parameters", "_buffers", "_modules")  # of nn.Module; what else is in its __dict__ are plain attributes


class Skeleton:
    """One network, asked for again and again with other trainable weights.

    Args:
        where: names the builder in errors, such as "Mine.build_network".
        build: returns the user's network, asked with torch's generator at seed 0.
        device: where its copies live.

    Attributes:
        shapes: of the trainable tensors, each one once, under its first name, in state_dict order.
        dtype: of all trainable tensors.
        module: a copy in evaluation mode, in `dtype`, on the device; only ever copied.

    Raises:
        RambleError: something about the network cannot be walked, or is not the same in two calls.
    """

    def __init__(self, where: str, build: Callable[[], nn.Module], device: torch.device) -> None:
        # what the builder draws that does not move must be the same in every process: it is what seed 0 gives
        self._built = partial(_copied, where, partial(drawn, build, 0, device))
        first, second = self._built(), self._built()
        self.shapes = _shapes(first)
        self.dtype = next(value.dtype for value in first.parameters() if value.requires_grad)
        _refuse_difference(where, first, second)
        self.module = _cast(first, device, self.dtype)
        self._device = device
        self._by_dtype = {self.dtype: self.module}
        self._called: dict[torch.dtype, nn.Module] = {}

    def fresh(self, state: Mapping[str, Tensor]) -> nn.Module:
        """Return a new network with the tensors given, all of one dtype, which the rest is cast to."""
        return self._filled(self.copied(next(iter(state.values())).dtype), state)

    def rebuilt(self, state: Mapping[str, Tensor]) -> nn.Module:
        """Return the same from one more call of the builder: only for comparison."""
        dtype = next(iter(state.values())).dtype
        return self._filled(_cast(_cast(self._built(), self._device, self.dtype), self._device, dtype), state)

    def _filled(self, network: nn.Module, state: Mapping[str, Tensor]) -> nn.Module:
        with torch.no_grad():
            for name, value in (*network.named_parameters(), *network.named_buffers()):
                if name in state:
                    value.copy_(state[name])
        return network

    def called(self, dtype: torch.dtype) -> nn.Module:
        """Return the one network of that dtype that functional calls go through, with any trainable weights."""
        if dtype not in self._called:
            self._called[dtype] = self.copied(dtype)
        return self._called[dtype]

    def copied(self, dtype: torch.dtype) -> nn.Module:
        """Return a copy of the network of that dtype, with weights as they were built."""
        if dtype not in self._by_dtype:
            self._by_dtype[dtype] = _cast(copy.deepcopy(self.module), self._device, dtype)
        return copy.deepcopy(self._by_dtype[dtype])


def drawn(build: Callable[[], nn.Module], seed: int, device: torch.device) -> nn.Module:
    """Return what the builder makes with torch's global generator seeded; that one is left as it was."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        return build()


def constants(module: nn.Module) -> dict[str, Tensor]:
    """Return by name all tensors that stay as they are: frozen weights, buffers, plain attributes."""
    parameters = list(module.named_parameters(remove_duplicate=False))
    known = {id(value) for _, value in parameters}
    found: dict[str, Tensor] = {name: value for name, value in parameters if not value.requires_grad}
    found |= dict(module.named_buffers(remove_duplicate=False))
    for name, value in _attributes(module):
        found |= {inner: tensor for inner, tensor in tensors_in(name, value) if id(tensor) not in known}
    return found


def numbers(module: nn.Module) -> dict[str, object]:
    """Return by name the plain numbers that modules keep: settings, or counters."""
    return {
        inner: number
        for name, value in _attributes(module)
        for inner, number in _leaves(name, value, (int, float, str))
    }


def _attributes(module: nn.Module) -> Iterator[tuple[str, Any]]:
    """Yield names and values of the plain attributes of a module and all those in it."""
    for path, owner in module.named_modules():
        for name, value in vars(owner).items():
            if name not in OWN:
                yield f"{path}.{name}" if path else name, value


def tensors_in(name: str, value: Any) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors in an attribute of this name, each with a name of its own."""
    yield from _leaves(name, value, (Tensor,))


def _leaves(name: str, value: Any, kinds: tuple[type, ...]) -> Iterator[tuple[str, Any]]:
    """Yield what is of these kinds in an attribute, and in lists, tuples and dictionaries in it."""
    if isinstance(value, kinds):
        yield name, value
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _leaves(f"{name}[{number}]", item, kinds)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(f"{name}[{key!r}]", item, kinds)


def _copied(where: str, build: Callable[[], nn.Module]) -> nn.Module:
    built = build()
    if not isinstance(built, nn.Module) or isinstance(built, torch.jit.ScriptModule):
        raise RambleError(f"{where}: returns {kind_of(built)}; return a plain nn.Module.")
    for name, module in built.named_modules():
        if type(module).__name__ == "OptimizedModule":  # its second derivatives may be others
            raise RambleError(
                f"{where}: {name or 'the network'} is compiled by torch.compile; return what was compiled "
                "(its _orig_mod)."
            )
    # before the copy, whose tensors share no memory
    _refuse_shared_memory(where, built, _trainable(where, built))
    try:
        copied = copy.deepcopy(built).eval()
    except (RuntimeError, TypeError, NotImplementedError) as error:
        raise RambleError(
            f"{where}: the network cannot be copied ({str(error).splitlines()[0]}); let its modules hold only "
            "what copy.deepcopy copies."
        ) from error
    for value in copied.parameters():
        value.grad = None
    return copied


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
    for name, value in _attributes(module):
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
        for inner, hidden in _leaves(name, value, (nn.Module,)):
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


def _shapes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in module.named_parameters() if value.requires_grad}


def _refuse_difference(where: str, first: nn.Module, second: nn.Module) -> None:
    """Refuse a builder that returns networks of different make, or with different constants."""
    different = dict(_shapes(first).items() ^ _shapes(second).items())
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


def same(first: Tensor, second: Tensor) -> bool:
    """Tell whether two tensors hold the same, NaN included."""
    if first.dtype != second.dtype or first.shape != second.shape:
        return False
    return bool(((first == second) | ((first != first) & (second != second))).all())


def _cast(module: nn.Module, device: torch.device, dtype: torch.dtype) -> nn.Module:
    """Move all tensors of a module, in place: its floats in `dtype`, constants among them."""

    def moved(value: Tensor) -> Tensor:
        if value.is_floating_point():
            return value.to(device, dtype)
        return value.to(device, dtype.to_complex()) if value.is_complex() else value.to(device)

    module._apply(moved)  # type: ignore[no-untyped-call]
    known = {id(value) for value in module.parameters()}
    for owner in module.modules():
        for name, value in vars(owner).items():
            if name not in OWN and any(id(tensor) not in known for _, tensor in tensors_in(name, value)):
                vars(owner)[name] = _mapped(value, moved)
    return module


def _mapped(value: Any, of: Callable[[Tensor], Tensor]) -> Any:
    """Return an attribute with all plain tensors in it replaced."""
    if isinstance(value, Tensor):
        return value if isinstance(value, nn.Parameter) else of(value)
    if isinstance(value, list):
        return [_mapped(item, of) for item in value]
    if isinstance(value, tuple):
        items = [_mapped(item, of) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, dict):
        mapped = copy.copy(value)
        mapped.update({key: _mapped(item, of) for key, item in value.items()})
        return mapped
    return value
