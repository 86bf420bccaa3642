"""Derivatives of saturated units to all of their digits.

torch takes the derivative of tanh as 1 - tanh^2 and that of a sigmoid s as s (1 - s). Where a unit is nearly at its
limit these are differences of nearly equal numbers: at a tanh of 12 in float64 six digits of the derivative are true,
and at 19 none. That is little beside units that do not saturate, and everything where all of them do. With
e = exp(-|a|) both are the bump e / (1 + e)^2, for tanh that of 2 a and four times as high. Its own derivative is
-tanh(a / 2) times itself: no difference anywhere.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

UNITS: dict[object, tuple[Callable[[Tensor], Tensor], int]] = {
    **dict.fromkeys((torch.tanh, Tensor.tanh, functional.tanh), (torch.tanh, 2)),
    **dict.fromkeys((torch.sigmoid, Tensor.sigmoid, functional.sigmoid, torch.special.expit), (torch.sigmoid, 1)),
}


class _Bump(torch.autograd.Function):
    """e / (1 + e)^2 with e = exp(-|a|), the derivative of the sigmoid."""

    generate_vmap_rule = True

    @staticmethod
    def forward(inputs: Tensor) -> Tensor:
        small = torch.exp(-inputs.abs())
        return small / (1 + small) ** 2

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (inputs,) = ctx.saved_tensors
        found: Tensor = -gradient * _Unit.apply(inputs / 2, torch.tanh, 2) * _Bump.apply(inputs)
        return found


class _Unit(torch.autograd.Function):
    """A unit with the derivative k^2 bump(k a): the sigmoid for k = 1, and tanh for k = 2."""

    generate_vmap_rule = True

    @staticmethod
    def forward(inputs: Tensor, unit: Callable[[Tensor], Tensor], steepness: int) -> Tensor:
        return unit(inputs)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Callable[[Tensor], Tensor], int], output: Tensor) -> None:
        ctx.save_for_backward(inputs[0])
        ctx.steepness = inputs[2]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (inputs,) = ctx.saved_tensors
        return gradient * ctx.steepness**2 * _Bump.apply(ctx.steepness * inputs), None, None


class ExactSaturation(TorchFunctionMode):
    """Within it, tanh and sigmoid have the values that they have, and derivatives that keep their digits.

    It reaches functions and modules that call them, not what a kernel of torch does inside (LSTM, GRU), nor what is
    done in place.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call a function of torch, or one of ours in its place."""
        given = dict(kwargs or {})
        inputs = args[0] if args else given.get("input")
        if func not in UNITS or not isinstance(inputs, Tensor) or not inputs.is_floating_point() or "out" in given:
            return func(*args, **given)
        # a copy: the network may write to its own
        return _Unit.apply(inputs.clone(), *UNITS[func])
