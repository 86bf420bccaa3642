"""Is the graph that torch.export wrote down that of the network as it runs?

A forward pass can ask whether it is being read (`torch.compiler.is_compiling`, the type of a tensor, an exception that
only reading raises) and do something else then, and it can write where no operation of torch is seen, as `x.data = ...`
does. The graph would be that of another network, and no logit need show it: what differs may stand behind a unit that
is off. So both are run on a few inputs, at random weights, and every operation of the graph must be one of the network,
with the same numbers given and got, in the same order. The graph is of float64, and the network is given in float32
more often: there the operations must be the same ones, and what they give must be the same up to rounding.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from ramble.certificates.values import NotUnderstoodError
from ramble.problems.contents import same
from ramble.problems.logits import inputs_in

# Methods of a tensor that lead to its memory past all operations.
MEMORY = frozenset(
    ("storage", "untyped_storage", "_typed_storage", "data_ptr", "numpy", "__array__", "__dlpack__", "share_memory_")
)
ASKING = frozenset(
    ("_local_scalar_dense", "is_nonzero", "equal")
)  # what a forward pass sees of the numbers in a tensor
# Operations that change nothing, and come and go with reading; and such that give what happens to be in memory.
IDLE = frozenset(("detach", "lift", "lift_fresh", "lift_fresh_copy", "clone", "alias", "_assert_tensor_metadata"))
UNSET = frozenset(("empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided", "resize_"))
ROUNDING = 1e-3  # of the largest number that an operation gives: what float32 may be off by


@dataclass(frozen=True)
class _Call:
    """One operation of a forward pass."""

    name: str
    numbers: tuple[float, ...]  # that it is given beside tensors
    results: tuple[Tensor, ...]

    def gives_the_same(self, other: "_Call") -> bool:
        """Is another call the same with the same results?"""
        return self._alike(other) and all(map(same, self.results, other.results))

    def gives_about_the_same(self, other: "_Call") -> bool:
        """Is another call the same with results that are the same up to rounding?"""
        return self._alike(other) and all(map(_close, self.results, other.results))

    def _alike(self, other: "_Call") -> bool:
        numbers = self.name == other.name and self.numbers == other.numbers
        return numbers and len(self.results) == len(other.results)


def refuse_another_way(own: nn.Module, exact: nn.Module, read: nn.Module, inputs: Tensor) -> None:
    """Compare a network, its float64 copy and what was read of that.

    Args:
        own: the network in the dtype of its weights.
        exact: the same in float64.
        read: the graph that was read of it, as a module.
        inputs: some, (m, ...), as the data have them.

    Raises:
        NotUnderstoodError: the graph or the dtype makes a difference, or the network looks at the numbers in a tensor
            or reaches its memory.
    """
    calls, outputs = _run(exact, inputs_in(inputs, torch.float64))
    found, read_outputs = _run(read, inputs_in(inputs, torch.float64))
    remaining = iter(calls)  # what nothing needs is not in the graph
    in_order = all(any(call.gives_the_same(other) for other in remaining) for call in found)
    if not in_order or not same(outputs, read_outputs):
        raise NotUnderstoodError("its forward pass does something else while torch.export reads it")
    dtype = next(value.dtype for value in own.parameters() if value.requires_grad)
    others, _ = _run(own, inputs_in(inputs, dtype))
    if len(calls) != len(others) or not all(map(_Call.gives_about_the_same, calls, others)):
        raise NotUnderstoodError(f"its forward pass does something else in {dtype} than in float64")


def _close(exact: Tensor, other: Tensor) -> bool:
    if exact.shape != other.shape:
        return False
    # which of two equal numbers is the larger one is up to rounding, and what follows from it is compared, too
    if not exact.numel() or not (exact.is_floating_point() or exact.is_complex()):
        return True
    wide = torch.complex128 if exact.is_complex() else torch.float64
    off = (exact.to(wide) - other.to(wide)).abs().max()
    return bool(off <= ROUNDING * exact.to(wide).abs().max())


@torch.no_grad()
def _run(network: nn.Module, inputs: Tensor) -> tuple[list[_Call], Tensor]:
    """Return the operations of a forward pass that matter, in order, and what it gives."""
    calls = _Calls()
    devices = [inputs.device] if inputs.is_cuda else []
    with torch.random.fork_rng(devices), calls, _NotPastOperations():
        torch.manual_seed(0)
        try:
            outputs = network(inputs.clone())
        except NotUnderstoodError:
            raise
        except Exception as error:  # whatever a forward pass may raise
            first, *_ = str(error).strip().splitlines() or [""]
            raise NotUnderstoodError(f"its forward pass fails ({type(error).__name__}: {first[:200]})") from None
    assert isinstance(outputs, Tensor)
    return calls.found, outputs


class _Calls(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # of torch
        self.found: list[_Call] = []

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call an operation of torch, and keep what it gave."""
        found = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        if name in ASKING:
            raise NotUnderstoodError("its forward pass looks at the numbers in a tensor")
        if name not in IDLE and not _the_same_view(func, args, found):
            made = found if isinstance(found, tuple | list) else (found,)
            results = tuple(each.clone() for each in made if isinstance(each, Tensor) and name not in UNSET)
            self.found.append(_Call(str(func), tuple(_numbers([*args, *(kwargs or {}).values()])), results))
        return found


def _the_same_view(func: Any, args: Sequence[Any], found: Any) -> bool:
    """Is the result all of a tensor as it is, such as its slice from the first entry to the last?"""
    given = args[0] if args else None
    if func._schema.is_mutable or not isinstance(given, Tensor) or not isinstance(found, Tensor):
        return False
    return found.dtype == given.dtype and found.is_set_to(given)


def _numbers(value: Any) -> Iterator[float]:
    """Yield the numbers among the arguments of an operation."""
    if isinstance(value, list | tuple):
        for each in value:
            yield from _numbers(each)
    elif isinstance(value, int | float):
        yield value


class _NotPastOperations(TorchFunctionMode):
    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call a function of torch, unless it reaches the memory of a tensor."""
        name = getattr(func, "__name__", "")
        if name in MEMORY or (name == "__set__" and getattr(func, "__self__", None) is Tensor.data):
            raise NotUnderstoodError("its forward pass reaches the memory of a tensor (.data = .., .numpy()), unseen")
        return func(*args, **(kwargs or {}))
