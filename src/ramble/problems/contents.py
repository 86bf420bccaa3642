"""What a network holds beside its trainable weights: tensors and numbers, wherever its modules keep them."""

from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

OWN = ("_parameters", "_buffers", "_modules")  # of nn.Module; what else is in its __dict__ are plain attributes


def constants(module: nn.Module) -> dict[str, Tensor]:
    """Return by name all tensors that stay as they are: frozen weights, buffers, plain attributes."""
    parameters = list(module.named_parameters(remove_duplicate=False))
    known = {id(value) for _, value in parameters}
    found: dict[str, Tensor] = {name: value for name, value in parameters if not value.requires_grad}
    found |= dict(module.named_buffers(remove_duplicate=False))
    for name, value in attributes(module):
        found |= {inner: tensor for inner, tensor in tensors_in(name, value) if id(tensor) not in known}
    return found


def numbers(module: nn.Module) -> dict[str, object]:
    """Return by name the plain numbers that modules keep: settings, or counters."""
    return {
        inner: number for name, value in attributes(module) for inner, number in leaves(name, value, (int, float, str))
    }


def attributes(module: nn.Module) -> Iterator[tuple[str, Any]]:
    """Yield names and values of the plain attributes of a module and all those in it."""
    for path, owner in module.named_modules():
        for name, value in vars(owner).items():
            if name not in OWN:
                yield f"{path}.{name}" if path else name, value


def tensors_in(name: str, value: Any) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors in an attribute of this name, each with a name of its own."""
    yield from leaves(name, value, (Tensor,))


def leaves(name: str, value: Any, kinds: tuple[type, ...]) -> Iterator[tuple[str, Any]]:
    """Yield what is of these kinds in an attribute, and in lists, tuples and dictionaries in it."""
    if isinstance(value, kinds):
        yield name, value
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from leaves(f"{name}[{number}]", item, kinds)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(f"{name}[{key!r}]", item, kinds)


def same(first: Tensor, second: Tensor) -> bool:
    """Tell whether two tensors hold the same, NaN included."""
    if first.dtype != second.dtype or first.shape != second.shape:
        return False
    return bool(((first == second) | ((first != first) & (second != second))).all())
