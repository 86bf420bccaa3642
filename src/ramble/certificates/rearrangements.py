"""Entries selected, repeated or put into another order, exactly; the first axis stays that of the samples."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from ramble.certificates.affine import Form
from ramble.certificates.values import Number, Place, Value, expect


def reshape(at: Place, value: Value, *_: object, **__: object) -> Value:
    """Return the same entries in the same order; the graph says the shape, and that samples stay apart."""
    if isinstance(value, Form):
        return value.map(lambda values: values.reshape(len(values), *at.shape))
    return _rearranged(value, lambda values: values.reshape(at.shape))


def expand(at: Place, value: Value, *_: object, **__: object) -> Value:
    """Return entries repeated along axes of size one."""
    if isinstance(value, Form):
        return value.map(lambda values: values.expand(len(values), *at.shape))
    return _rearranged(value, lambda values: values.expand(at.shape))


def permute(at: Place, value: Value, dims: Sequence[int]) -> Value:
    """Return the axes in another order, that of the samples still the first."""
    expect(not isinstance(value, Form) or dims[0] == 0, "moving the axis of the samples")
    return _rearranged(value, lambda values: values.permute(*dims))


def transpose(at: Place, value: Value, dim0: int, dim1: int) -> Value:
    """Return two axes exchanged."""
    if isinstance(value, Form):
        own_axes(value, [dim0, dim1])
    return _rearranged(value, lambda values: values.transpose(dim0, dim1))


def transposed(at: Place, value: Value) -> Value:
    """Return a matrix transposed."""
    expect(not isinstance(value, Form), "moving the axis of the samples")
    return _rearranged(value, lambda values: values.t())


def part(
    at: Place, value: Value, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Value:
    """Return every step-th entry from start to end along an axis; of the samples all."""
    if isinstance(value, Form) and dim % value.centre.dim() == 0:
        everything = start in (None, 0) and (end is None or end >= len(value.centre)) and step == 1
        expect(everything, "taking some of the samples")
        return value
    return _rearranged(value, lambda values: torch.ops.aten.slice.Tensor(values, dim, start, end, step))


def select(at: Place, value: Value, dim: int, index: int) -> Value:
    """Return one entry along an axis."""
    if isinstance(value, Form):
        own_axes(value, [dim])
    return _rearranged(value, lambda values: values.select(dim, index))


def concatenate(at: Place, parts: Sequence[Value], dim: int = 0) -> Form:
    """Return activations side by side."""
    expect(all(isinstance(part, Form) for part in parts), "a concatenation with constants or weights")
    forms = [part for part in parts if isinstance(part, Form)]
    (axis,) = own_axes(forms[0], [dim])
    return Form(*(torch.cat([getattr(form, part) for form in forms], axis) for part in ("centre", "slope", "radius")))


def framed(at: Place, form: Form, pad: Sequence[int], value: Number = 0) -> Form:
    """Return activations within a frame of one number."""
    expect(len(pad) // 2 < form.centre.dim(), "padding by samples")
    edges = list(pad)
    still = [functional.pad(part, edges) for part in (form.slope, form.radius)]
    return Form(functional.pad(form.centre, edges, value=value), *still)


def general_pad(at: Place, form: Form, pad: Sequence[int], mode: str = "constant", value: Number | None = None) -> Form:
    """Return activations within a frame, of one number only."""
    expect(mode == "constant", f"padding that is {mode}")
    return framed(at, form, pad, value or 0)


def own_axes(form: Form, dims: Sequence[int] | None) -> list[int]:
    """Return axes counted from the front, none of them that of the samples."""
    axes = [dim % form.centre.dim() for dim in dims or []]
    expect(bool(axes) and 0 not in axes, "going over the axis of the samples")
    return axes


def _rearranged(value: Value, rearrange: Callable[[Tensor], Tensor]) -> Value:
    return rearrange(value) if isinstance(value, Tensor) else value.map(rearrange)
