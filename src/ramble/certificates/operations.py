"""The operations that a proof knows exactly, each as what it does to a form (see `affine`).

Whatever is not in the tables below is not understood, and neither is an argument that the function here does not take.
Rearrangements are exact for any value. Everything else takes activations: weights and constants are only multiplied
with them or added to them, so that weights move straight along the segment wherever they meet activations.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from ramble.certificates import affine, pooling
from ramble.certificates.affine import FEW_UNITS, TINY, UNIT, Entries, Form, Piece, Weights
from ramble.certificates.graph import NotUnderstood

aten = torch.ops.aten

Value = Form | Weights | Tensor
Number = int | float


class Place(Protocol):
    """Where in the network and on which piece of the segment an operation is done."""

    shape: tuple[int, ...]  # of its result without the sample axis

    def piece(self, weight: Value, bias: Value | None, matrix: Callable[[Tensor], Tensor]) -> Piece:
        """Return a layer's weights, as the matrix (..., O, n) and (..., O) that `matrix` makes of each tensor."""

    def entries(self, weight: Weights) -> Entries:
        """Return weights that are taken entry by entry."""


def linear(at: Place, form: Form, weight: Value, bias: Value | None = None) -> Form:
    """Return W x + b on the last axis."""
    _expect(isinstance(form, Form) and _axes(weight) == 2, "a product of activations")
    piece = at.piece(weight, bias, lambda values: values)
    # samples side by side as columns: one matrix product for all of them
    columns = form.map(lambda values: values.flatten(0, -2).T.unsqueeze(0))
    return affine.affine(columns, piece).map(lambda values: values[0].T.reshape(*form.centre.shape[:-1], -1))


def product(at: Place, form: Form, weight: Value) -> Form:
    """Return x W."""
    _expect(isinstance(form, Form) and _axes(weight) == 2, "a product of activations, or of more than two axes,")
    piece = at.piece(weight, None, lambda values: values.T)
    columns = form.map(lambda values: values.flatten(0, -2).T.unsqueeze(0))
    return affine.affine(columns, piece).map(lambda values: values[0].T.reshape(*form.centre.shape[:-1], -1))


def product_and_sum(at: Place, bias: Value, form: Form, weight: Value, *, beta: Number = 1, alpha: Number = 1) -> Form:
    """Return b + x W."""
    _expect(beta == 1 and alpha == 1 and not isinstance(bias, Form), "a sum with factors")
    return _plus(at, product(at, form, weight), bias)


def convolution(
    at: Place,
    form: Form,
    weight: Value,
    bias: Value | None = None,
    stride: Sequence[int] = (1,),
    padding: Sequence[int] | str = (0,),
    dilation: Sequence[int] = (1,),
    groups: int = 1,
) -> Form:
    """Return the convolution along one or two axes, padded by zeros."""
    axes = _axes(weight) - 2
    _expect(isinstance(form, Form) and axes in (1, 2) and form.centre.dim() == axes + 2, "a convolution of its kind")
    assert not isinstance(weight, Form)
    kernel = tuple(weight.shape[2:])
    step, spread = _each(stride, axes), _each(dilation, axes)
    if isinstance(padding, str):
        wanted = [apart * (taps - 1) if padding == "same" else 0 for apart, taps in zip(spread, kernel, strict=True)]
        edges = [edge for total in reversed(wanted) for edge in (total // 2, total - total // 2)]
        form, margin = form.map(lambda values: functional.pad(values, edges)), (0,) * axes
    else:
        margin = _each(padding, axes)

    def matrix(values: Tensor) -> Tensor:
        rows = values.flatten(1) if values.dim() > 1 else values
        return rows.unflatten(0, (groups, -1)) if groups > 1 else rows

    piece = at.piece(weight, bias, matrix)
    if axes == 2:
        return affine.convolve(form, piece, kernel, step, margin, spread)
    flat = form.map(lambda values: values.unsqueeze(-2))
    found = affine.convolve(flat, piece, (1, *kernel), (1, *step), (0, *margin), (1, *spread))
    return found.map(lambda values: values.squeeze(-2))


def general_convolution(
    at: Place,
    form: Form,
    weight: Value,
    bias: Value | None,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    groups: int,
) -> Form:
    """Return the convolution that torch calls by one name for all kinds."""
    _expect(not transposed, "a transposed convolution")
    return convolution(at, form, weight, bias, stride, padding, dilation, groups)


def max_pool(
    at: Place,
    form: Form,
    kernel_size: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = (0,),
    dilation: Sequence[int] = (1,),
    ceil_mode: bool = False,
) -> Form:
    """Return the maxima over windows inside the image."""
    axes = len(at.shape) - 1
    plain = not ceil_mode and not any(_each(padding, axes)) and set(_each(dilation, axes)) == {1}
    _expect(plain, "max pooling over the edge, or with holes,")
    kernel = _each(kernel_size, axes)
    return _on_images(form, lambda images: pooling.max_pool(images, _two(kernel), _two(_each(stride or kernel, axes))))


def average_pool(
    at: Place,
    form: Form,
    kernel_size: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = (0,),
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Form:
    """Return the averages over windows."""
    _expect(not ceil_mode and divisor_override is None, "average pooling with another divisor")
    axes = len(at.shape) - 1
    kernel = _each(kernel_size, axes)
    each = zip(
        form.centre.shape[-axes:],
        at.shape[-axes:],
        kernel,
        _each(stride or kernel, axes),
        _each(padding, axes),
        strict=True,
    )
    return _averaged(form, [pooling.windows(*sizes, padding_counts=count_include_pad) for sizes in each])


def adaptive_average_pool(at: Place, form: Form, output_size: Sequence[int]) -> Form:
    """Return the averages over about equal windows."""
    axes = len(output_size)
    sizes = zip(form.centre.shape[-axes:], at.shape[-axes:], strict=True)
    return _averaged(form, [pooling.adaptive_windows(size, count) for size, count in sizes])


def _averaged(form: Form, matrices: Sequence[Tensor]) -> Form:
    one = torch.ones(1, 1, dtype=torch.float64)
    rows, columns = (each.to(form.centre.device) for each in (matrices if len(matrices) == 2 else (one, *matrices)))
    return _on_images(form, lambda images: pooling.average(images, rows, columns))


def mean(
    at: Place, form: Form, dim: Sequence[int] | None, keepdim: bool = False, *, dtype: torch.dtype | None = None
) -> Form:
    """Return the mean over axes, see `total`."""
    axes = _own_axes(form, dim)
    count = torch.Size(form.centre.shape[axis] for axis in axes).numel()
    factor = torch.full((), 1 / count, dtype=torch.float64, device=form.centre.device)
    return affine.scaled(total(at, form, axes, keepdim, dtype=dtype), factor)


def total(
    at: Place, form: Form, dim: Sequence[int] | None, keepdim: bool = False, *, dtype: torch.dtype | None = None
) -> Form:
    """Return the sum over axes: of n numbers it is off by n 1.01 u of the sum of their sizes, taken twice."""
    _expect(dtype in (None, torch.float64), "another number format")
    axes = _own_axes(form, dim)
    count = torch.Size(form.centre.shape[axis] for axis in axes).numel()
    summed = form.map(lambda values: values.sum(axes, keepdim=keepdim))
    allowance = form.size.sum(axes, keepdim=keepdim) * (2 * count * UNIT + FEW_UNITS)
    return Form(summed.centre, summed.slope, summed.radius + allowance + TINY)


def relu(at: Place, form: Form) -> Form:
    """Return max(x, 0)."""
    return pooling.relu(form)


def leaky_relu(at: Place, form: Form, negative_slope: Number = 0.01) -> Form:
    """Return max(x, 0) + a min(x, 0) = a x + (1 - a) max(x, 0)."""
    share = torch.full((), negative_slope, dtype=torch.float64, device=form.centre.device)
    return affine.add(affine.scaled(form, share), affine.scaled(pooling.relu(form), 1 - share))


def absolute(at: Place, form: Form) -> Form:
    """Return |x| = max(x, 0) + max(-x, 0)."""
    return affine.add(pooling.relu(form), pooling.relu(pooling.negative(form)))


def clamp(at: Place, form: Form, min: Number | None = None, max: Number | None = None) -> Form:
    """Return x, no less and no more than two numbers."""
    _expect(all(isinstance(bound, Number | None) for bound in (min, max)), "a clamp by tensors")
    form = form if min is None else pooling.at_least(form, min)
    return form if max is None else pooling.at_most(form, max)


def clamp_max(at: Place, form: Form, max: Number) -> Form:
    """Return x, no more than a number."""
    return clamp(at, form, None, max)


def relu6(at: Place, form: Form) -> Form:
    """Return x within [0, 6]."""
    return clamp(at, form, 0, 6)


def hard_tanh(at: Place, form: Form, min_val: Number = -1, max_val: Number = 1) -> Form:
    """Return x within two numbers."""
    return clamp(at, form, min_val, max_val)


def larger(at: Place, first: Form, second: Form) -> Form:
    """Return the larger one of two activations."""
    _alike(first, second)
    return pooling.maximum(first, second)


def smaller(at: Place, first: Form, second: Form) -> Form:
    """Return the smaller one of two activations."""
    _alike(first, second)
    return pooling.negative(pooling.maximum(pooling.negative(first), pooling.negative(second)))


def negative(at: Place, form: Form) -> Form:
    """Return -x."""
    return pooling.negative(form)


def add(at: Place, first: Value | Number, second: Value | Number, *, alpha: Number = 1) -> Form:
    """Return the sum of activations, or of activations and weights or constants."""
    _expect(alpha == 1, "a sum with a factor")
    return _plus(at, first, second) if isinstance(first, Form) else _plus(at, second, first)


def subtract(at: Place, first: Value | Number, second: Value | Number, *, alpha: Number = 1) -> Form:
    """Return the difference of the same."""
    _expect(alpha == 1, "a difference with a factor")
    if isinstance(second, Form):
        return _plus(at, pooling.negative(second), first)
    return _plus(at, first, second.map(torch.neg) if isinstance(second, Weights) else -second)


def reversed_subtract(at: Place, first: Value | Number, second: Value | Number, alpha: Number = 1) -> Form:
    """Return the second less the first."""
    return subtract(at, second, first, alpha=alpha)


def multiply(at: Place, first: Value | Number, second: Value | Number) -> Form:
    """Return the product of activations with weights or constants, entry by entry."""
    form, factor = (first, second) if isinstance(first, Form) else (second, first)
    _expect(isinstance(form, Form) and not isinstance(factor, Form), "a product of activations")
    assert isinstance(form, Form)
    if isinstance(factor, Weights):
        _fits(form, factor.start)
        return affine.times_weights(form, at.entries(factor))
    return affine.scaled(form, _number(form, factor))


def divide(at: Place, form: Form, divisor: Value | Number) -> Form:
    """Return activations divided by constants."""
    _expect(isinstance(form, Form) and not isinstance(divisor, Form | Weights), "a division by what moves")
    return affine.scaled(form, 1 / _number(form, divisor))


def batch_norm(
    at: Place,
    form: Form,
    weight: Value | None,
    bias: Value | None,
    mean: Value,
    variance: Value,
    momentum: float,
    epsilon: float,
) -> tuple[Form, None, None]:
    """Return activations scaled by running statistics that are constants; the root and quotient cost three units."""
    _expect(isinstance(form, Form) and isinstance(mean, Tensor) and isinstance(variance, Tensor), "batch norm")
    assert isinstance(mean, Tensor) and isinstance(variance, Tensor)

    def by_channel(values: Tensor) -> Tensor:
        return values.view(-1, *[1] * (form.centre.dim() - 2))

    found: Form = _plus(at, form, by_channel(-mean))
    found = affine.scaled(found, by_channel(1 / (variance + epsilon).sqrt()))
    if weight is not None:
        moved = weight.map(by_channel) if isinstance(weight, Weights) else by_channel(_tensor(weight))
        found = multiply(at, found, moved)
    if bias is not None:
        found = _plus(at, found, bias.map(by_channel) if isinstance(bias, Weights) else by_channel(_tensor(bias)))
    return found, None, None


def concatenate(at: Place, parts: Sequence[Value], dim: int = 0) -> Form:
    """Return activations side by side."""
    _expect(all(isinstance(part, Form) for part in parts), "a concatenation with constants or weights")
    forms = [part for part in parts if isinstance(part, Form)]
    (axis,) = _own_axes(forms[0], [dim])
    return Form(*(torch.cat([getattr(form, part) for form in forms], axis) for part in ("centre", "slope", "radius")))


def pad(at: Place, form: Form, pad: Sequence[int], value: Number = 0) -> Form:
    """Return activations within a frame of one number."""
    _expect(len(pad) // 2 < form.centre.dim(), "padding by samples")
    edges = list(pad)
    still = [functional.pad(part, edges) for part in (form.slope, form.radius)]
    return Form(functional.pad(form.centre, edges, value=value), *still)


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
    _expect(not isinstance(value, Form) or dims[0] == 0, "moving the axis of the samples")
    return _rearranged(value, lambda values: values.permute(*dims))


def transpose(at: Place, value: Value, dim0: int, dim1: int) -> Value:
    """Return two axes exchanged."""
    if isinstance(value, Form):
        _own_axes(value, [dim0, dim1])
    return _rearranged(value, lambda values: values.transpose(dim0, dim1))


def transposed(at: Place, value: Value) -> Value:
    """Return a matrix transposed."""
    _expect(not isinstance(value, Form), "moving the axis of the samples")
    return _rearranged(value, lambda values: values.t())


def part(
    at: Place, value: Value, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Value:
    """Return every step-th entry from start to end along an axis; of the samples all."""
    if isinstance(value, Form) and dim % value.centre.dim() == 0:
        everything = start in (None, 0) and (end is None or end >= len(value.centre)) and step == 1
        _expect(everything, "taking some of the samples")
        return value
    return _rearranged(value, lambda values: aten.slice.Tensor(values, dim, start, end, step))


def select(at: Place, value: Value, dim: int, index: int) -> Value:
    """Return one entry along an axis."""
    if isinstance(value, Form):
        _own_axes(value, [dim])
    return _rearranged(value, lambda values: values.select(dim, index))


def _rearranged(value: Value, rearrange: Callable[[Tensor], Tensor]) -> Value:
    return rearrange(value) if isinstance(value, Tensor) else value.map(rearrange)


def _plus(at: Place, form: Value | Number, other: Value | Number) -> Form:
    assert isinstance(form, Form)
    if isinstance(other, Form):
        _alike(form, other)
        return affine.add(form, other)
    if isinstance(other, Weights):
        _fits(form, other.start)
        return affine.plus_weights(form, at.entries(other))
    return affine.add(form, affine.constant(_number(form, other)))


def _number(form: Form, value: Value | Number) -> Tensor:
    """Return a constant that broadcasts to a form, alike for all samples."""
    if isinstance(value, Number):
        return torch.full((), value, dtype=torch.float64, device=form.centre.device)
    _fits(form, _tensor(value))
    return _tensor(value).double()


def _tensor(value: Value) -> Tensor:
    _expect(isinstance(value, Tensor), "a constant that moves")
    assert isinstance(value, Tensor)
    return value


def _fits(form: Form, other: Tensor) -> None:
    shared = other.dim() < form.centre.dim() or (other.dim() == form.centre.dim() and other.shape[0] == 1)
    _expect(shared, "a tensor with values of its own for every sample")


def _alike(first: object, second: object) -> None:
    both = isinstance(first, Form) and isinstance(second, Form) and first.centre.dim() == second.centre.dim()
    _expect(both, "activations with different axes, or with a constant,")


def _own_axes(form: Form, dims: Sequence[int] | None) -> list[int]:
    """Return axes counted from the front, none of them that of the samples."""
    axes = [dim % form.centre.dim() for dim in dims or []]
    _expect(bool(axes) and 0 not in axes, "going over the axis of the samples")
    return axes


def _axes(value: Value) -> int:
    return 0 if isinstance(value, Form) else len(value.shape)


def _each(numbers: Sequence[int] | int, axes: int) -> tuple[int, ...]:
    given = (numbers,) if isinstance(numbers, int) else tuple(numbers)
    _expect(len(given) in (1, axes), "an image without channels")
    return given if len(given) == axes else given * axes


def _two(numbers: Sequence[int]) -> tuple[int, int]:
    return (numbers[0], numbers[1]) if len(numbers) == 2 else (1, numbers[0])


def _on_images(form: Form, change: Callable[[Form], Form]) -> Form:
    """Let rows be images of one line."""
    if form.centre.dim() > 3:
        return change(form)
    return change(form.map(lambda values: values.unsqueeze(-2))).map(lambda values: values.squeeze(-2))


def _expect(condition: bool, otherwise: str) -> None:
    if not condition:
        raise NotUnderstood(otherwise)


# Of any value. A copy in the same number format is the same value; the graph is asked for its format.
REARRANGEMENTS: dict[object, Callable[..., Value]] = {
    **dict.fromkeys(
        (
            aten.view.default,
            aten.reshape.default,
            aten._unsafe_view.default,
            aten.flatten.using_ints,
            aten.squeeze.default,
            aten.squeeze.dim,
            aten.squeeze.dims,
            aten.unsqueeze.default,
            aten.alias.default,
            aten.clone.default,
            aten.contiguous.default,
            aten.detach.default,
            aten.lift_fresh_copy.default,
            aten._to_copy.default,
        ),
        reshape,
    ),
    aten.expand.default: expand,
    aten.permute.default: permute,
    aten.transpose.int: transpose,
    aten.t.default: transposed,
    aten.slice.Tensor: part,
    aten.select.int: select,
}
# Of activations.
OPERATIONS: dict[object, Callable[..., Form | tuple[Form, None, None]]] = {
    aten.linear.default: linear,
    aten.mm.default: product,
    aten.matmul.default: product,
    aten.addmm.default: product_and_sum,
    aten.conv1d.default: convolution,
    aten.conv1d.padding: convolution,
    aten.conv2d.default: convolution,
    aten.conv2d.padding: convolution,
    aten.convolution.default: general_convolution,
    aten.max_pool1d.default: max_pool,
    aten.max_pool2d.default: max_pool,
    aten.avg_pool1d.default: average_pool,
    aten.avg_pool2d.default: average_pool,
    aten.adaptive_avg_pool1d.default: adaptive_average_pool,
    aten.adaptive_avg_pool2d.default: adaptive_average_pool,
    aten._adaptive_avg_pool2d.default: adaptive_average_pool,
    aten.mean.dim: mean,
    aten.sum.dim_IntList: total,
    aten.relu.default: relu,
    aten.leaky_relu.default: leaky_relu,
    aten.abs.default: absolute,
    aten.clamp.default: clamp,
    aten.clamp_min.default: clamp,
    aten.clamp_max.default: clamp_max,
    aten.relu6.default: relu6,
    aten.hardtanh.default: hard_tanh,
    aten.maximum.default: larger,
    aten.minimum.default: smaller,
    aten.neg.default: negative,
    aten.add.Tensor: add,
    aten.add.Scalar: add,
    aten.sub.Tensor: subtract,
    aten.sub.Scalar: subtract,
    aten.rsub.Scalar: reversed_subtract,
    aten.mul.Tensor: multiply,
    aten.mul.Scalar: multiply,
    aten.div.Tensor: divide,
    aten.div.Scalar: divide,
    aten._native_batch_norm_legit_no_training.default: batch_norm,
    aten.cat.default: concatenate,
    aten.constant_pad_nd.default: pad,
}
