"""Does a network do while torch.export reads it what it does otherwise?

A forward pass can ask whether it is being read (`torch.compiler.is_compiling`) and do something else then, and it can
write where no operation of torch is seen, as `x.data = ...` does. The graph would be that of another network. So the
network is run twice on a few inputs, at random weights, once with the answers that torch.export gives, and every
operation must give the same numbers. The graph is of float64, and the network is given in float32 more often: there the
operations and their numbers must be the same ones.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.fx import _symbolic_trace
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from ramble.certificates.values import NotUnderstoodError
from ramble.problems.logits import inputs_in
from ramble.problems.skeleton import same

# What torch.export sets: torch has no public way of setting it.
ANSWERS: tuple[tuple[Any, str, Any], ...] = (
    (torch.compiler, "_is_compiling_flag", True),
    (torch.compiler, "_is_exporting_flag", True),
    (_symbolic_trace, "is_fx_tracing", lambda: True),
)
# Methods of a tensor that lead to its memory past all operations.
MEMORY = frozenset(
    ("storage", "untyped_storage", "_typed_storage", "data_ptr", "numpy", "__array__", "__dlpack__", "share_memory_")
)


@dataclass(frozen=True)
class _Call:
    """One operation of a forward pass."""

    name: str
    numbers: tuple[float, ...]  # that it is given beside tensors
    results: tuple[Tensor, ...]


def refuse_another_way(own: nn.Module, exact: nn.Module, inputs: Tensor, dtype: torch.dtype) -> None:
    """Compare what a network does in the three ways.

    Args:
        own: the network in the dtype of its weights.
        exact: the same in float64.
        inputs: some, (m, ...).
        dtype: of the weights.

    Raises:
        NotUnderstoodError: it does something else while it is read, or in float64, or reaches the memory of a tensor.
    """
    plain = _calls(exact, inputs_in(inputs, torch.float64))
    with _as_read():
        read = _calls(exact, inputs_in(inputs, torch.float64))
    if not _alike(plain, read) or not all(
        all(map(same, call.results, other.results)) for call, other in zip(plain, read, strict=True)
    ):
        raise NotUnderstoodError("its forward pass does something else while torch.export reads it")
    if not _alike(plain, _calls(own, inputs_in(inputs, dtype))):
        raise NotUnderstoodError(f"its forward pass does something else in {dtype} than in float64")


def _alike(first: list[_Call], second: list[_Call]) -> bool:
    """Are these the same operations with the same numbers, whatever comes out of them?"""
    return len(first) == len(second) and all(
        call.name == other.name and call.numbers == other.numbers and len(call.results) == len(other.results)
        for call, other in zip(first, second, strict=True)
    )


@torch.no_grad()
def _calls(network: nn.Module, inputs: Tensor) -> list[_Call]:
    """Return all operations of a forward pass, in order."""
    calls = _Calls()
    devices = [inputs.device] if inputs.is_cuda else []
    with torch.random.fork_rng(devices), calls, _NotPastOperations():
        torch.manual_seed(0)
        try:
            network(inputs.clone())
        except NotUnderstoodError:
            raise
        except Exception as error:  # whatever a forward pass may raise
            first, *_ = str(error).strip().splitlines() or [""]
            raise NotUnderstoodError(f"its forward pass fails ({type(error).__name__}: {first[:200]})") from None
    return calls.found


@contextmanager
def _as_read() -> Iterator[None]:
    """Let torch say inside that the network is being compiled, exported and traced."""
    with ExitStack() as after:
        for owner, name, answer in ANSWERS:
            after.callback(setattr, owner, name, getattr(owner, name))
            setattr(owner, name, answer)
        yield


class _Calls(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # of torch
        self.found: list[_Call] = []

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call an operation of torch, and keep what it gave."""
        found = func(*args, **(kwargs or {}))
        made = found if isinstance(found, tuple | list) else (found,)
        results = tuple(each.clone() for each in made if isinstance(each, Tensor) and "empty" not in str(func))
        self.found.append(_Call(str(func), tuple(_numbers([*args, *(kwargs or {}).values()])), results))
        return found


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
