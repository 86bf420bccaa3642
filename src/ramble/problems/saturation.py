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

TANH = (torch.tanh, Tensor.tanh, functional.tanh)
SIGMOID = (torch.sigmoid, Tensor.sigmoid, functional.sigmoid, torch.special.expit)


class _Bump(torch.autograd.Function):
    """e / (1 + e)^2 with e = exp(-|a|), the derivative of the sigmoid."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor) -> Tensor:
        ctx.save_for_backward(inputs)
        small = torch.exp(-inputs.abs())
        return small / (1 + small) ** 2

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (inputs,) = ctx.saved_tensors
        found: Tensor = -gradient * _Tanh.apply(inputs / 2) * _Bump.apply(inputs)
        return found


class _Tanh(torch.autograd.Function):
    """tanh, with the derivative 4 bump(2 a)."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor) -> Tensor:
        ctx.save_for_backward(inputs)
        return torch.tanh(inputs)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (inputs,) = ctx.saved_tensors
        found: Tensor = gradient * 4 * _Bump.apply(2 * inputs)
        return found


class _Sigmoid(torch.autograd.Function):
    """The sigmoid, with the derivative bump(a)."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor) -> Tensor:
        ctx.save_for_backward(inputs)
        return torch.sigmoid(inputs)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (inputs,) = ctx.saved_tensors
        found: Tensor = gradient * _Bump.apply(inputs)
        return found


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
        exact = _Tanh if func in TANH else _Sigmoid if func in SIGMOID else None
        inputs = args[0] if args else given.get("input")
        if exact is None or not isinstance(inputs, Tensor) or not inputs.is_floating_point() or "out" in given:
            return func(*args, **given)
        return exact.apply(inputs)
