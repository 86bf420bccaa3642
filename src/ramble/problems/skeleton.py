"""A network taken apart: trainable tensors, which paths are made of, and all the rest, which stays as it was built.

The rest is what requires no gradient (frozen weights), buffers, and tensors that modules keep as plain attributes. It
is the same in every network of a problem. The modules that a user's `build_network` returns are never written to:
everything here is done to deep copies of them.
"""

import copy
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ramble.problems.built import checked_copy, refuse_difference, shapes_of
from ramble.problems.contents import OWN, tensors_in


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
        self._built = partial(checked_copy, where, partial(drawn, build, 0, device))
        first, second = self._built(), self._built()
        self.shapes = shapes_of(first)
        self.dtype = next(value.dtype for value in first.parameters() if value.requires_grad)
        refuse_difference(where, first, second)
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


def load(network: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Load tensors as ones that a network of this make saved: some ask for the version, which tensors do not have."""
    versioned = OrderedDict(state)
    versioned._metadata = network.state_dict()._metadata  # type: ignore[attr-defined]  # as torch keeps it
    network.load_state_dict(versioned)


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
