"""What is done entry by entry: sums, products, ReLU and its relatives. See `operations`."""

import torch
from torch import Tensor

from ramble.certificates import affine, pooling
from ramble.certificates.affine import Form, Weights
from ramble.certificates.values import Number, Place, Value, expect


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
    expect(all(isinstance(bound, Number | None) for bound in (min, max)), "a clamp by tensors")
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
    expect(alpha == 1, "a sum with a factor")
    return plus(at, first, second) if isinstance(first, Form) else plus(at, second, first)


def subtract(at: Place, first: Value | Number, second: Value | Number, *, alpha: Number = 1) -> Form:
    """Return the difference of the same."""
    expect(alpha == 1, "a difference with a factor")
    if isinstance(second, Form):
        return plus(at, pooling.negative(second), first)
    return plus(at, first, second.map(torch.neg) if isinstance(second, Weights) else -second)


def reversed_subtract(at: Place, first: Value | Number, second: Value | Number, alpha: Number = 1) -> Form:
    """Return the second less the first."""
    return subtract(at, second, first, alpha=alpha)


def multiply(at: Place, first: Value | Number, second: Value | Number) -> Form:
    """Return the product of activations with weights or constants, entry by entry."""
    form, factor = (first, second) if isinstance(first, Form) else (second, first)
    expect(isinstance(form, Form) and not isinstance(factor, Form), "a product of activations")
    assert isinstance(form, Form)
    if isinstance(factor, Weights):
        _fits(form, factor.start)
        return affine.times_weights(form, at.entries(factor))
    return affine.scaled(form, _number(form, factor))


def divide(at: Place, form: Form, divisor: Value | Number) -> Form:
    """Return activations divided by constants."""
    expect(isinstance(form, Form) and not isinstance(divisor, Form | Weights), "a division by what moves")
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
    expect(isinstance(form, Form) and isinstance(mean, Tensor) and isinstance(variance, Tensor), "batch norm")
    assert isinstance(mean, Tensor)
    assert isinstance(variance, Tensor)

    def by_channel(values: Tensor) -> Tensor:
        return values.view(-1, *[1] * (form.centre.dim() - 2))

    found: Form = plus(at, form, by_channel(-mean))
    found = affine.scaled(found, by_channel(1 / (variance + epsilon).sqrt()))
    if weight is not None:
        moved = weight.map(by_channel) if isinstance(weight, Weights) else by_channel(_tensor(weight))
        found = multiply(at, found, moved)
    if bias is not None:
        found = plus(at, found, bias.map(by_channel) if isinstance(bias, Weights) else by_channel(_tensor(bias)))
    return found, None, None


def batch_norm_or_training(
    at: Place,
    form: Form,
    weight: Value | None,
    bias: Value | None,
    mean: Value | None,
    variance: Value | None,
    training: bool,
    momentum: float,
    epsilon: float,
    cudnn_enabled: bool,
) -> Form:
    """Return `batch_norm` where it takes the running statistics."""
    expect(not training and mean is not None and variance is not None, "statistics of a batch")
    assert mean is not None
    assert variance is not None
    return batch_norm(at, form, weight, bias, mean, variance, momentum, epsilon)[0]


def inactive_dropout(at: Place, form: Form, p: float, train: bool) -> Form:
    """Return the same."""
    expect(not train, "chance")
    return form


def plus(at: Place, form: Value | Number, other: Value | Number) -> Form:
    """Return activations plus others, or plus weights or constants that broadcast to them."""
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
    expect(isinstance(value, Tensor), "a constant that moves")
    assert isinstance(value, Tensor)
    return value


def _fits(form: Form, other: Tensor) -> None:
    shared = other.dim() < form.centre.dim() or (other.dim() == form.centre.dim() and other.shape[0] == 1)
    expect(shared, "a tensor with values of its own for every sample")


def _alike(first: object, second: object) -> None:
    both = isinstance(first, Form) and isinstance(second, Form) and first.centre.dim() == second.centre.dim()
    expect(both, "activations with different axes, or with a constant,")
