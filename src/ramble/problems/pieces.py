"""On which smooth piece a network with rectifiers is: float64 decides, and float32 follows.

A unit whose input is closer to zero than float32 can tell is taken for active there, or for inactive, by chance. Then
second derivatives are those of another piece, and far more of them is wrong than rounding makes: at a ResNet20 two
units of millions moved products with the Hessian ten to twenty-five times as far as all else in float32 did.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

IN_PLACE = (torch.relu_, Tensor.relu_)
RECTIFIERS = (*IN_PLACE, torch.relu, Tensor.relu, functional.relu, functional.leaky_relu)


class _Rectifiers(TorchFunctionMode):
    """Hears of every rectifier that is called."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given = dict(kwargs or {})
        if func not in RECTIFIERS:
            return func(*args, **given)
        inputs = args[0] if args else given.pop("input")
        in_place = func in IN_PLACE or bool(given.get("inplace")) or (func is functional.relu and args[1:] == (True,))
        return func(self.seen(inputs, in_place=in_place), *args[1:], **given)

    def seen(self, inputs: Tensor, *, in_place: bool) -> Tensor:
        """Return what the rectifier is given."""
        raise NotImplementedError


class _Recorded(_Rectifiers):
    """Keeps which units are active."""

    def __init__(self) -> None:
        super().__init__()
        self.active: list[Tensor] = []

    def seen(self, inputs: Tensor, *, in_place: bool) -> Tensor:
        self.active.append(inputs.detach() > 0)
        return inputs


class _Followed(_Rectifiers):
    """Moves the inputs of units to the side of zero where they were."""

    def __init__(self, active: Iterator[Tensor]) -> None:
        super().__init__()
        self._active = active

    def seen(self, inputs: Tensor, *, in_place: bool) -> Tensor:
        active = next(self._active, None)
        if active is None or active.shape != inputs.shape:  # another way through the network: no piece is known
            self._active = iter(())
            return inputs
        other = (inputs.detach() > 0) != active
        if not other.any():
            return inputs
        to_zero = torch.where(other, -inputs.detach(), 0.0)
        beyond = (other & active) * torch.finfo(inputs.dtype).tiny  # apart, or it would be rounded away
        return inputs.add_(to_zero).add_(beyond) if in_place else inputs + to_zero + beyond


def on_the_piece_of(finer: Callable[[Tensor], Tensor], coarser: Callable[[Tensor], Tensor], inputs: Tensor) -> Tensor:
    """Return what `coarser` makes of inputs (B, ...), every rectifier unit as active as float64 finds it.

    Args:
        finer: the same network, in float64; takes inputs in float64.
        coarser: the network.
        inputs: of `coarser`.
    """
    with torch.no_grad(), _Recorded() as recorded:
        finer(inputs.double() if inputs.is_floating_point() else inputs)
    with _Followed(iter(recorded.active)):
        return coarser(inputs)
