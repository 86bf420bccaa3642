"""Enclosures of a ReLU network's activations while its weights move along a straight piece.

Along the piece the weights are W(tau) = Wc + tau Wd, |tau| <= 1, and every activation is enclosed by a *form*
centre + slope tau + [-radius, radius]: a Taylor model of first order in tau, or affine arithmetic with the one
generator tau. What both factors of a product owe to tau is kept, so that only second-order terms, switching ReLUs and
switching maxima widen the enclosure.

Rounding: all is computed in float64 (u = 2^-53). A sum of n products in any order is off by at most
gamma_n sum_j |w_j| |x_j| <= 1.01 n u rowsum(|w|) max |x|, gamma_n = n u / (1 - n u) (Higham, Accuracy and Stability of
Numerical Algorithms, section 3.1); every layer adds such an allowance to its radius, with head-room for the few
further operations. Convolutions are written as matrix products because fast algorithms have other error bounds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import torch
from torch import Tensor
from torch.nn import functional

UNIT = 2.0**-53
# Share of a value added to the radius for the elementwise operations on it: each costs a unit, there are under twenty.
FEW_UNITS = 32 * UNIT
# Added as well: below the smallest normal number a rounding is off by an absolute amount (2^-1075), not by a share.
TINY = 2.0**-1000


@dataclass(frozen=True)
class Form:
    """Values of M samples, all tensors (M, ...) float64: centre + slope tau + [-radius, radius] for |tau| <= 1."""

    centre: Tensor
    slope: Tensor
    radius: Tensor

    def map(self, rearrange: Callable[[Tensor], Tensor]) -> "Form":
        """Return the form with its entries selected or rearranged."""
        return Form(rearrange(self.centre), rearrange(self.slope), rearrange(self.radius))

    @cached_property
    def still(self) -> bool:
        """Do all values stand still and are they known exactly? Inputs are and do."""
        return not (self.slope.any() or self.radius.any())

    @property
    def largest(self) -> Tensor:
        """What no entry of a sample (M,) exceeds over the piece; 1 at least."""
        return self.size.flatten(1).amax(1).clamp(min=1.0)

    @property
    def lower(self) -> Tensor:
        """Lower bound of every entry over the piece."""
        return self.centre - self.slope.abs() - self.radius - few_units(self.size)

    @property
    def size(self) -> Tensor:
        """What no entry's absolute value exceeds over the piece; rounding is measured by it."""
        return self.centre.abs().add_(self.slope.abs()).add_(self.radius)


@dataclass(frozen=True)
class Weights:
    """Weights along a whole segment, or a rearrangement of some: straight from start to end, float64."""

    start: Tensor
    end: Tensor

    def map(self, rearrange: Callable[[Tensor], Tensor]) -> "Weights":
        """Return the weights with their entries selected or rearranged."""
        return Weights(rearrange(self.start), rearrange(self.end))

    @property
    def shape(self) -> torch.Size:
        """Shape of the weights."""
        return self.start.shape

    @property
    def size(self) -> Tensor:
        """|weights| at both ends, added up: what no entry exceeds in between; rounding is measured by it."""
        return self.start.abs() + self.end.abs()

    def between(self, low: float, high: float) -> tuple[Tensor, Tensor]:
        """Return the centre and the half of the weights centre + tau half, |tau| <= 1, on the part [low, high]."""
        return torch.lerp(self.start, self.end, (low + high) / 2), (self.end - self.start) * ((high - low) / 2)


@dataclass(frozen=True)
class Piece:
    """One layer's weights on a piece: centre + tau half for |tau| <= 1, and what bounds their rounding."""

    centre: Tensor  # (..., O, n)
    half: Tensor  # (..., O, n)
    bias_centre: Tensor  # (..., O)
    bias_half: Tensor  # (..., O)
    size: Tensor  # (..., O) row sums of |weights| and |bias| at both ends of the whole segment, added up


@dataclass(frozen=True)
class Entries:
    """Weights that are taken entry by entry on a piece: centre + tau half for |tau| <= 1."""

    centre: Tensor
    half: Tensor
    size: Tensor  # |weights| at both ends of the whole segment, added up


def few_units(size: Tensor) -> Tensor:
    """Return the allowance for the elementwise operations on values of at most this size."""
    return torch.add(torch.full((), TINY, dtype=size.dtype, device=size.device), size, alpha=FEW_UNITS)


def constant(values: Tensor) -> Form:
    """Return the form of values that do not move."""
    zeros = torch.zeros_like(values)
    return Form(values, zeros, zeros)


def affine(form: Form, piece: Piece) -> Form:
    """Return W(tau) x + b(tau) for a form x of columns (M, ..., n, L); shape (M, ..., O, L).

    (Wc + tau Wd)(c + s tau + e) = Wc c + tau (Wc s + Wd c) + tau^2 Wd s + (Wc + tau Wd) e. As tau^2 lies in [0, 1], its
    term is Wd s / 2 +- |Wd s| / 2; the last one is at most (|Wc| + |Wd|) |e|.
    """
    return _product(form, piece, form.still, form.largest)


def _product(form: Form, piece: Piece, still: bool, largest: Tensor) -> Form:
    middle, half = piece.centre, piece.half
    centre = middle @ form.centre + piece.bias_centre.unsqueeze(-1)
    slope = half @ form.centre + piece.bias_half.unsqueeze(-1)
    radius = torch.zeros_like(centre)
    if not still:
        curve = half @ form.slope / 2
        centre, slope = centre + curve, slope + middle @ form.slope
        radius = (middle.abs() + half.abs()) @ form.radius + curve.abs()
    # Five sums of n products and a few operations more, of entries no larger than `largest`; the interpolated weights
    # themselves are off by a few units of the ends' sum, which the head-room of 64 covers too.
    units = 6 * (middle.shape[-1] + 64) * UNIT
    allowance = units * piece.size.unsqueeze(-1) * largest.view(-1, *[1] * (centre.dim() - 1))
    return Form(centre, slope, radius + allowance + TINY)


def convolve(
    form: Form,
    piece: Piece,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    spread: tuple[int, ...],
) -> Form:
    """Return the convolution (M, O, H', W') of a form (M, C, H, W) as a product with its patches.

    The piece is (O, n), or (groups, O / groups, n) where each group of outputs sees its own channels; two numbers each
    say the rest, `spread` being torch's dilation.
    """
    height, width = (
        (size + 2 * pad - apart * (taps - 1) - 1) // step + 1
        for size, pad, apart, taps, step in zip(form.centre.shape[-2:], padding, spread, kernel, stride, strict=True)
    )
    window = partial(functional.unfold, kernel_size=kernel, dilation=spread, padding=padding, stride=stride)
    patches = constant(window(form.centre)) if form.still else form.map(window)
    if piece.centre.dim() == 3:  # unfold keeps a channel's taps together, and so a group's channels
        patches = patches.map(lambda values: values.view(len(values), len(piece.centre), -1, values.shape[2]))
    # patches hold the entries of the image, and some zeros, many times over
    return _product(patches, piece, form.still, form.largest).map(
        lambda values: values.reshape(len(values), -1, height, width)
    )


def add(first: Form, second: Form) -> Form:
    """Return first + second: three sums, each off by a unit of what the sizes add up to."""
    size = first.size + second.size
    return Form(
        first.centre + second.centre, first.slope + second.slope, first.radius + second.radius + few_units(size)
    )


def scaled(form: Form, factor: Tensor) -> Form:
    """Return form times known numbers that broadcast to it, themselves off by at most four units."""
    return Form(
        form.centre * factor, form.slope * factor, form.radius * factor.abs() + few_units(form.size * factor.abs())
    )


def plus_weights(form: Form, weights: Entries) -> Form:
    """Return form + weights that broadcast to it; the interpolation of these costs a few units of their size too."""
    return Form(
        form.centre + weights.centre, form.slope + weights.half, form.radius + few_units(form.size + weights.size)
    )


def times_weights(form: Form, weights: Entries) -> Form:
    """Return form times weights that broadcast to it: `affine` with sums of one product.

    Its ten operations and the interpolation of the weights, off by a few units of their size, are each within a unit of
    size(weights) size(form); twice the usual head-room.
    """
    curve = weights.half * form.slope / 2
    return Form(
        weights.centre * form.centre + curve,
        weights.half * form.centre + weights.centre * form.slope,
        (weights.centre.abs() + weights.half.abs()) * form.radius
        + curve.abs()
        + 2 * few_units(form.size * weights.size),
    )
