"""Maxima and averages of forms, see `affine`: ReLU and its relatives, pooling."""

from functools import partial, reduce

import torch
from torch import Tensor

from ramble.certificates.affine import TINY, UNIT, Form, constant, few_units


def maximum(first: Form, second: Form) -> Form:
    """Return max(first, second) = first + relu(d) with d = second - first in [low, high].

    For any share in [0, 1], share d <= relu(d) <= share d + max(-share low, (1 - share) high) on that range; the share
    high / (high - low) makes both terms equal, exact at both ends of the range. The radii mix in the same shares.
    """
    few = few_units(first.size + second.size)
    # rounding of d may only widen its range
    reach = (second.slope - first.slope).abs_().add_(first.radius).add_(second.radius).add_(few)
    share, gap = _share(second.centre - first.centre, reach)
    return Form(
        torch.lerp(first.centre, second.centre, share).add_(gap),
        torch.lerp(first.slope, second.slope, share),
        torch.lerp(first.radius, second.radius, share).add_(gap).add_(few),
    )


def relu(form: Form) -> Form:
    """Return max(form, 0), as `maximum` does of zeros that need no arithmetic."""
    few = few_units(form.size)
    share, gap = _share(form.centre, form.slope.abs().add_(form.radius).add_(few))
    return Form((share * form.centre).add_(gap), share * form.slope, (share * form.radius).add_(gap).add_(few))


def _share(middle: Tensor, reach: Tensor) -> tuple[Tensor, Tensor]:
    """Return the share of `maximum` for d in middle +- reach, reach > 0, and half the gap."""
    low, high = (middle - reach).clamp_(max=0), (middle + reach).clamp_(min=0)
    share = high / (high - low)
    # both terms of the gap are -low high / (high - low), but for rounding: the larger one is taken
    gap = torch.maximum(-share * low, (1 - share).mul_(high)).div_(2)
    return share, gap


def at_least(form: Form, bound: float) -> Form:
    """Return max(form, bound)."""
    return maximum(constant(torch.full_like(form.centre, bound)), form)


def at_most(form: Form, bound: float) -> Form:
    """Return min(form, bound) = -max(-form, -bound)."""
    return negative(at_least(negative(form), -bound))


def negative(form: Form) -> Form:
    """Return -form, exactly."""
    return Form(-form.centre, -form.slope, form.radius)


def max_pool(form: Form, kernel: tuple[int, int], stride: tuple[int, int]) -> Form:
    """Return the maxima over windows that do not reach over the edge; (M, C, H, W) shrinks to (M, C, H', W')."""
    for axis, size, step in zip((-2, -1), kernel, stride, strict=True):
        count = (form.centre.shape[axis] - size) // step + 1
        taps = (form.map(partial(_every, axis, step, offset, count)) for offset in range(size))
        form = reduce(maximum, taps)
    return form


def _every(axis: int, step: int, offset: int, count: int, values: Tensor) -> Tensor:
    """Return `count` entries along an axis, every step-th from the offset."""
    return values.movedim(axis, -1)[..., offset : offset + step * (count - 1) + 1 : step].movedim(-1, axis)


def average(form: Form, rows: Tensor, columns: Tensor) -> Form:
    """Return rows form columns^T of a form (M, ..., H, W), for non-negative matrices (H', H) and (W', W).

    Average pooling in both directions at once. The entries are off by a unit, and two sums of H and W products by
    (H + W) 1.01 u of the average size: taken twice, with head-room, which covers the rounding of the radius itself.
    """
    share = 2 * (rows.shape[1] + columns.shape[1] + 32) * UNIT

    def averaged(values: Tensor) -> Tensor:
        return rows @ values @ columns.T

    radius = averaged(form.radius + share * form.size) + TINY
    return Form(averaged(form.centre), averaged(form.slope), radius)


def windows(size: int, count: int, kernel: int, stride: int, padding: int, *, padding_counts: bool) -> Tensor:
    """Return the matrix (count, size) of averages over windows of `kernel` entries; what lies over the edge is zero."""
    places = torch.arange(size, dtype=torch.float64)
    starts = (torch.arange(count, dtype=torch.float64) * stride - padding).unsqueeze(1)
    inside = ((places >= starts) & (places < starts + kernel)).double()
    return inside / (kernel if padding_counts else inside.sum(1, keepdim=True))


def adaptive_windows(size: int, count: int) -> Tensor:
    """Return the matrix (count, size) of averages over [floor(i size / count), ceil((i + 1) size / count))."""
    places, number = torch.arange(size), torch.arange(count).unsqueeze(1)
    starts, ends = number * size // count, -((-(number + 1) * size) // count)
    inside = ((places >= starts) & (places < ends)).double()
    return inside / inside.sum(1, keepdim=True)
