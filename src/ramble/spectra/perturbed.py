"""Arithmetic with larger roundings, to see what the roundings of float64 do to a result: Monte Carlo arithmetic.

Parker (1997) changes the result of every operation by a random amount of the size of its rounding, and takes what that
does to the end for what rounding does. Here the changes are thousands of times as large, so that they stand out from
the roundings themselves, and are scaled back: small changes act in proportion. It needs to know nothing of a network.
Where a difference of nearly equal numbers has few true digits, be it in a layer, in the formula of a derivative inside
torch or in the loss, its terms are changed independently, and the result by as much as it is wrong. What takes such
differences inside of one operation is done in smaller ones (a softmax), or on operands that are changed (sums).

Every number is changed up or down as a hash of it and of the number of the operation says. Equal numbers of one tensor
stay equal, so that ties (of max-pooling over a plain background) stay ties.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch._decomp import get_decompositions
from torch.utils._python_dispatch import TorchDispatchMode

from ramble.errors import RambleError

# As large a change as leaves units on their side of a kink: of ten million, one in a hundred thousand runs changes it.
TIMES = 2.0**12  # of what a dtype's numbers are apart, relatively
MIXERS = (-7046029254386353131, -4658895280553007687)  # odd, with bits as if drawn
STEP = 0x9E3779B9
DTYPES = {torch.float64: torch.int64, torch.float32: torch.int32}

# Operations of torch whose results are numbers that were there before, constants or whole numbers: they round nothing.
EXACT = frozenset(
    ["_to_copy", "abs", "amax", "amin", "aminmax", "arange", "cat", "ceil", "clamp", "clamp_max", "clamp_min", "clone",
     "constant_pad_nd", "copy_", "cummax", "cummin", "diagonal_scatter", "embedding", "eq_", "eye", "fill", "fill_",
     "flip", "floor", "full", "full_like", "gather", "ge_", "gt_", "hardtanh", "heaviside", "index", "index_put",
     "index_put_", "index_select", "kthvalue", "le_", "lt_", "masked_fill", "masked_fill_", "masked_scatter",
     "masked_select", "max", "max_pool2d_with_indices", "maximum", "median", "min", "minimum", "ne_", "neg", "neg_",
     "new_full", "new_ones", "new_zeros", "ones", "ones_like", "relu", "relu_", "remainder", "repeat", "roll", "round",
     "scalar_tensor", "scatter", "scatter_", "select_scatter", "sign", "sign_", "slice_scatter", "sort", "stack",
     "threshold", "threshold_", "threshold_backward", "topk", "tril", "triu", "trunc", "where", "zero_", "zeros",
     "zeros_like"]
)  # fmt: skip
# Sums of products, or of numbers, of operands that may never have been rounded: data, frozen weights.
SUMS = frozenset(
    ["addmm", "baddbmm", "bmm", "convolution", "cumsum", "dot", "logsumexp", "mean", "mm", "mv", "std", "sum", "var",
     "var_mean"]
)  # fmt: skip
# Operations that take differences inside, and what they are made of.
PARTS: Mapping[Any, Any] = get_decompositions(
    [getattr(torch.ops.aten, name) for name in (
        "_log_softmax", "_log_softmax_backward_data", "_softmax", "_softmax_backward_data", "gelu", "gelu_backward",
        "glu", "glu_backward", "native_layer_norm", "native_layer_norm_backward", "native_group_norm",
        "native_group_norm_backward", "_euclidean_dist",
    )]
)  # fmt: skip


class Perturbed(TorchDispatchMode):
    """Within it every operation is wrong by up to twice `times` the roundings of its dtype, up or down.

    Args:
        seed: another one changes all results otherwise.
        times: see `TIMES`.

    Raises:
        RambleError: a result is in float16 or bfloat16, which have too few digits.
    """

    def __init__(self, seed: int, times: float = TIMES) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # of torch
        self._number, self._times = seed << 32, times

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call an operation of torch, and change what it computed."""
        given = kwargs or {}
        if func in PARTS:
            with self:
                made_of_parts = PARTS[func](*args, **given)
            if made_of_parts is not NotImplemented:
                return made_of_parts
        if func.overloadpacket.__name__ in SUMS:
            args = [self._changed(each) if isinstance(each, Tensor) else each for each in args]
        found = func(*args, **given)
        if _rounds_nothing(func, args, given, found):
            return found
        returns = func._schema.returns
        for result, returned in zip(found if len(returns) > 1 else (found,), returns, strict=True):
            if returned.alias_info is None or returned.alias_info.is_write:  # and no view of an argument
                for each in result if isinstance(result, (tuple, list)) else (result,):
                    if isinstance(each, Tensor):
                        self.change(each)
        return found

    def _changed(self, numbers: Tensor) -> Tensor:
        changed = numbers.clone()
        self.change(changed)
        return changed

    def change(self, result: Tensor) -> None:
        """Change the numbers of a tensor, in place."""
        if result.is_complex():
            parts = torch.view_as_real(result.clone())  # a view of a view may begin where none of two numbers can
            self.change(parts)
            result.copy_(torch.view_as_complex(parts))
            return
        if not result.is_floating_point():
            return
        if result.layout is not torch.strided:
            result = result._values()
        if result.dtype not in DTYPES:
            raise RambleError(
                f"The network computes in {result.dtype} inside, whose rounding no error bar holds; let it compute in "
                "the dtype of its weights."
            )
        self._number += STEP
        changed = result + result * changes_of(result, self._number) * (self._times * torch.finfo(result.dtype).eps)
        result.copy_(torch.where(changed.isfinite(), changed, result))  # masks are infinite, or nearly so


def perturbed(numbers: Tensor, seed: int, times: float = TIMES) -> Tensor:
    """Return numbers (...) that are changed as results are."""
    changed = numbers.clone()
    Perturbed(seed, times).change(changed)
    return changed


def changes_of(numbers: Tensor, seed: int) -> Tensor:
    """Return a number between -2 and 2 for every number (...), the same for equal ones, in their dtype.

    Not +-1: two terms of equal size would cancel as often as not after the change as they did before.
    """
    bits = numbers.view(DTYPES[numbers.dtype]).long()
    for mixer in MIXERS:
        bits = (bits ^ (bits >> 31) ^ seed) * mixer
    return (bits.double() / 2.0**62).to(numbers.dtype)


def _rounds_nothing(func: Any, args: Sequence[Any], given: Mapping[str, Any], found: Any) -> bool:
    """Tell whether an operation's result has the digits that its operands had."""
    name = func.overloadpacket.__name__
    if name not in EXACT:
        return False
    if name in ("_to_copy", "copy_"):
        both = (args[0] if name == "_to_copy" else args[1]), found
        if not all(each.is_floating_point() or each.is_complex() for each in both):
            return True
        before, after = (torch.finfo(each.dtype).eps for each in both)
        return after <= before
    if name.startswith("index_put"):
        return not (args[3] if len(args) > 3 else given.get("accumulate", False))
    if name.startswith("scatter"):
        return "reduce" not in func._overloadname
    return not (name == "abs" and args[0].is_complex())
