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
from functools import partial, reduce

import torch
from torch import Tensor, nn
from torch.nn import functional

UNIT = 2.0**-53
# Share of a value added to the radius for the elementwise operations on it: each costs a unit, there are under twenty.
FEW_UNITS = 32 * UNIT


@dataclass(frozen=True)
class Form:
    """Values of M samples, all tensors (M, ...) float64: centre + slope tau + [-radius, radius] for |tau| <= 1."""

    centre: Tensor
    slope: Tensor
    radius: Tensor

    def map(self, rearrange: Callable[[Tensor], Tensor]) -> "Form":
        """Return the form with its entries selected or rearranged."""
        return Form(rearrange(self.centre), rearrange(self.slope), rearrange(self.radius))

    @property
    def still(self) -> bool:
        """Do all values stand still and are they known exactly? Inputs are and do."""
        return not (self.slope.any() or self.radius.any())

    @property
    def lower(self) -> Tensor:
        """Lower bound of every entry over the piece."""
        return self.centre - self.slope.abs() - self.radius - FEW_UNITS * self.size

    @property
    def size(self) -> Tensor:
        """What no entry's absolute value exceeds over the piece; rounding is measured by it."""
        return self.centre.abs() + self.slope.abs() + self.radius


@dataclass(frozen=True)
class Piece:
    """One layer's weights on a piece: centre + tau half for |tau| <= 1, and what bounds their rounding."""

    centre: Tensor  # (..., O, n)
    half: Tensor  # (..., O, n)
    bias_centre: Tensor  # (..., O)
    bias_half: Tensor  # (..., O)
    size: Tensor  # (..., O) row sums of |weights| and |bias| at both ends of the whole segment, added up


def constant(values: Tensor) -> Form:
    """Return the form of values that do not move."""
    zeros = torch.zeros_like(values)
    return Form(values, zeros, zeros)


def affine(form: Form, piece: Piece) -> Form:
    """Return W(tau) x + b(tau) for a form x of columns (M, n, L); shape (M, O, L).

    (Wc + tau Wd)(c + s tau + e) = Wc c + tau (Wc s + Wd c) + tau^2 Wd s + (Wc + tau Wd) e. As tau^2 lies in [0, 1], its
    term is Wd s / 2 +- |Wd s| / 2; the last one is at most (|Wc| + |Wd|) |e|.
    """
    middle, half = piece.centre, piece.half
    centre = middle @ form.centre + piece.bias_centre.unsqueeze(-1)
    slope = half @ form.centre + piece.bias_half.unsqueeze(-1)
    radius = torch.zeros_like(centre)
    if not form.still:
        curve = half @ form.slope / 2
        centre, slope = centre + curve, slope + middle @ form.slope
        radius = (middle.abs() + half.abs()) @ form.radius + curve.abs()
    # Five sums of n products and a few operations more, of entries no larger than `largest`; the interpolated weights
    # themselves are off by a few units of the ends' sum, which the head-room of 64 covers too.
    largest = form.size.flatten(1).amax(1).clamp(min=1.0)
    units = 6 * (middle.shape[-1] + 64) * UNIT
    return Form(centre, slope, radius + units * piece.size.unsqueeze(-1) * largest.view(-1, 1, 1))


def maximum(first: Form, second: Form) -> Form:
    """Return max(first, second) = first + relu(d) with d = second - first in [low, high].

    For any share in [0, 1], share d <= relu(d) <= share d + max(-share low, (1 - share) high) on that range; the share
    high / (high - low) makes both terms equal, exact at both ends of the range. The radii mix in the same shares.
    """
    middle = second.centre - first.centre
    reach = (second.slope - first.slope).abs() + first.radius + second.radius
    size = first.size + second.size
    reach = reach + FEW_UNITS * size  # rounding of d may only widen its range
    low, high = (middle - reach).clamp(max=0), (middle + reach).clamp(min=0)
    share = high / (high - low)  # reach > 0 unless both are zero throughout
    share = share.nan_to_num(0.0)
    gap = torch.maximum(-share * low, (1 - share) * high) / 2
    return Form(
        torch.lerp(first.centre, second.centre, share) + gap,
        torch.lerp(first.slope, second.slope, share),
        torch.lerp(first.radius, second.radius, share) + gap + FEW_UNITS * size,
    )


def relu(form: Form) -> Form:
    """Return max(form, 0)."""
    return maximum(constant(torch.zeros_like(form.centre)), form)


def max_pool(form: Form, kernel: tuple[int, int]) -> Form:
    """Return the maxima over windows that neither overlap nor reach over the edge; (M, C, H, W) shrinks by `kernel`."""
    for axis, size in zip((-2, -1), kernel, strict=True):
        form = reduce(maximum, (form.map(partial(_every, axis, size, offset)) for offset in range(size)))
    return form


def _every(axis: int, step: int, offset: int, values: Tensor) -> Tensor:
    """Return every step-th entry along an axis; entries behind the last whole step are left out."""
    whole = values.shape[axis] // step * step
    return values.movedim(axis, -1)[..., offset:whole:step].movedim(-1, axis)


def convolve(form: Form, piece: Piece, layer: nn.Conv2d) -> Form:
    """Return the convolution (M, O, H', W') of a form (M, C, H, W) as a product with its patches."""
    assert not isinstance(layer.padding, str)  # `sound.can_prove` refuses padding by name
    height, width = (
        (size + 2 * pad - spread * (kernel - 1) - 1) // step + 1
        for size, pad, spread, kernel, step in zip(
            form.centre.shape[-2:], layer.padding, layer.dilation, layer.kernel_size, layer.stride, strict=True
        )
    )
    window = partial(
        functional.unfold,
        kernel_size=layer.kernel_size,
        dilation=layer.dilation,
        padding=layer.padding,
        stride=layer.stride,
    )
    patches = constant(window(form.centre)) if form.still else form.map(window)
    return affine(patches, piece).map(lambda values: values.view(*values.shape[:2], height, width))
