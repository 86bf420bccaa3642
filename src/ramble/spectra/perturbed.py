"""Arithmetic with larger roundings, to see what the roundings of float64 do to a result: Monte Carlo arithmetic.

Parker (1997) changes the result of every operation by a random amount of the size of its rounding, and takes what that
does to the end for what rounding does. Here the changes are thousands of times as large, so that they stand out from
the roundings themselves, and are scaled back: small changes act in proportion. It needs to know nothing of a network.
Where a difference of nearly equal numbers has few true digits, be it in a layer, in the formula of a derivative inside
torch or in the loss, its terms are changed independently, and the result by as much as it is wrong.

Every number is changed up or down as a hash of it and of the number of the operation says. Equal numbers of one tensor
stay equal, so that ties (of max-pooling over a plain background) stay ties.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from ramble.errors import RambleError

# As large a change as leaves units on their side of a kink: of ten million, one in a hundred thousand runs changes it.
TIMES = 2.0**12  # of what a dtype's numbers are apart, relatively
MIXERS = (-7046029254386353131, -4658895280553007687)  # odd, with bits as if drawn
STEP = 0x9E3779B9
DTYPES = {torch.float64: torch.int64, torch.float32: torch.int32}

# Operations of torch whose results are numbers that were there before, constants or whole numbers: they round nothing.
EXACT = frozenset(
    ["abs", "amax", "amin", "aminmax", "cat", "ceil", "clamp", "clamp_max", "clamp_min", "clone", "constant_pad_nd",
     "copy_", "cummax", "cummin", "embedding", "eq_", "fill", "fill_", "floor", "full", "full_like", "gather", "ge_",
     "gt_", "hardtanh", "heaviside", "index", "index_put", "index_put_", "index_select", "kthvalue", "le_", "lt_",
     "masked_fill", "masked_fill_", "masked_scatter", "masked_select", "max", "max_pool2d_with_indices", "maximum",
     "median", "min", "minimum", "ne_", "neg", "neg_", "new_full", "new_ones", "new_zeros", "ones", "ones_like",
     "relu", "relu_", "repeat", "roll", "round", "scatter", "scatter_", "sign", "sign_", "sort", "stack", "threshold",
     "threshold_", "threshold_backward", "topk", "trunc", "where", "zero_", "zeros", "zeros_like"]
)  # fmt: skip


class Perturbed(TorchDispatchMode):
    """Within it every operation is wrong by `TIMES` the roundings of its dtype, up or down.

    Args:
        seed: another one changes all results otherwise.

    Raises:
        RambleError: a result is in float16 or bfloat16, which have too few digits.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # of torch
        self._number = seed << 32

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call an operation of torch, and change what it computed."""
        found = func(*args, **(kwargs or {}))
        if func.overloadpacket.__name__ in EXACT:
            return found
        returns = func._schema.returns
        for result, returned in zip(found if len(returns) > 1 else (found,), returns, strict=True):
            if returned.alias_info is None or returned.alias_info.is_write:  # and no view of an argument
                for each in result if isinstance(result, (tuple, list)) else (result,):
                    if isinstance(each, Tensor):
                        self.change(each)
        return found

    def change(self, result: Tensor) -> None:
        """Change the numbers of a tensor, in place."""
        if result.is_complex():
            result = torch.view_as_real(result)
        if not result.is_floating_point():
            return
        if result.layout is not torch.strided:
            result = result._values()
        if result.dtype not in DTYPES:
            raise RambleError(f"the network computes in {result.dtype} inside, whose rounding no error bar holds")
        self._number += STEP
        result.add_(result * signs_of(result, self._number), alpha=TIMES * torch.finfo(result.dtype).eps)


def perturbed(numbers: Tensor, seed: int) -> Tensor:
    """Return numbers (...) that are changed as results are."""
    changed = numbers.clone()
    Perturbed(seed).change(changed)
    return changed


def signs_of(numbers: Tensor, seed: int) -> Tensor:
    """Return +-1 for every number (...), the same for equal ones, in their dtype."""
    bits = numbers.view(DTYPES[numbers.dtype]).long()
    for mixer in MIXERS:
        bits = (bits ^ (bits >> 31) ^ seed) * mixer
    return ((bits >> 63) | 1).to(numbers.dtype)
