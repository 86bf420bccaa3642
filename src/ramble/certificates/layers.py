"""Layers with sums: products with weights, convolutions, pooling. See `operations`."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from ramble.certificates import affine, pooling
from ramble.certificates.affine import FEW_UNITS, TINY, UNIT, Form
from ramble.certificates.elementwise import plus
from ramble.certificates.rearrangements import own_axes
from ramble.certificates.values import Number, Place, Value, expect


def linear(at: Place, form: Form, weight: Value, bias: Value | None = None) -> Form:
    """Return W x + b on the last axis."""
    expect(
        isinstance(form, Form) and not isinstance(weight, Form) and len(weight.shape) == 2, "a product of activations"
    )
    piece = at.piece(weight, bias, lambda values: values)
    # samples side by side as columns: one matrix product for all of them
    columns = form.map(lambda values: values.flatten(0, -2).T.unsqueeze(0))
    return affine.affine(columns, piece).map(lambda values: values[0].T.reshape(*form.centre.shape[:-1], -1))


def product(at: Place, form: Form, weight: Value) -> Form:
    """Return x W."""
    expect(
        isinstance(form, Form) and not isinstance(weight, Form) and len(weight.shape) == 2, "a product of activations"
    )
    piece = at.piece(weight, None, lambda values: values.T)
    columns = form.map(lambda values: values.flatten(0, -2).T.unsqueeze(0))
    return affine.affine(columns, piece).map(lambda values: values[0].T.reshape(*form.centre.shape[:-1], -1))


def product_and_sum(at: Place, bias: Value, form: Form, weight: Value, *, beta: Number = 1, alpha: Number = 1) -> Form:
    """Return b + x W."""
    expect(beta == 1 and alpha == 1 and not isinstance(bias, Form), "a sum with factors")
    return plus(at, product(at, form, weight), bias)


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
    axes = 0 if isinstance(weight, Form) else len(weight.shape) - 2
    expect(isinstance(form, Form) and axes in (1, 2) and form.centre.dim() == axes + 2, "a convolution of its kind")
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
        return rows.view(groups, -1, *rows.shape[1:]) if groups > 1 else rows

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
    expect(not transposed, "a transposed convolution")
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
    expect(plain, "max pooling over the edge, or with holes,")
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
    expect(not ceil_mode and divisor_override is None, "average pooling with another divisor")
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
    axes = own_axes(form, dim)
    count = torch.Size(form.centre.shape[axis] for axis in axes).numel()
    factor = torch.full((), 1 / count, dtype=torch.float64, device=form.centre.device)
    return affine.scaled(total(at, form, axes, keepdim, dtype=dtype), factor)


def total(
    at: Place, form: Form, dim: Sequence[int] | None, keepdim: bool = False, *, dtype: torch.dtype | None = None
) -> Form:
    """Return the sum over axes: of n numbers it is off by n 1.01 u of the sum of their sizes, taken twice."""
    expect(dtype in (None, torch.float64), "another number format")
    axes = own_axes(form, dim)
    count = torch.Size(form.centre.shape[axis] for axis in axes).numel()
    summed = form.map(lambda values: values.sum(axes, keepdim=keepdim))
    allowance = form.size.sum(axes, keepdim=keepdim) * (2 * count * UNIT + FEW_UNITS)
    return Form(summed.centre, summed.slope, summed.radius + allowance + TINY)


def _each(numbers: Sequence[int] | int, axes: int) -> tuple[int, ...]:
    given = (numbers,) if isinstance(numbers, int) else tuple(numbers)
    expect(len(given) in (1, axes), "an image without channels")
    return given if len(given) == axes else given * axes


def _two(numbers: Sequence[int]) -> tuple[int, int]:
    return (numbers[0], numbers[1]) if len(numbers) == 2 else (1, numbers[0])


def _on_images(form: Form, change: Callable[[Form], Form]) -> Form:
    """Let rows be images of one line."""
    if form.centre.dim() > 3:
        return change(form)
    return change(form.map(lambda values: values.unsqueeze(-2))).map(lambda values: values.squeeze(-2))
