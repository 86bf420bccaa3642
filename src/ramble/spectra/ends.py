"""Both ends of a symmetric spectrum, with error bars: Lanczos runs until none can have missed anything."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ramble.errors import RambleError
from ramble.problems.curvature import Product
from ramble.spectra.lanczos import KrylovSpace, Vector
from ramble.spectra.search import Rounding, Search
from ramble.spectra.wanted import Neighbours, neighbours_of


@dataclass(frozen=True, eq=False)
class Ends:
    """Ritz pairs at both ends, and the basis they lie in."""

    top: Vector  # (k,) the k largest by magnitude, descending in value
    top_vectors: Tensor  # (P, k), orthonormal
    top_residuals: Vector  # (k,) |A v - lambda v|, from the products that were made, and their rounding
    top_errors: Vector  # (k,) bounds on the distance to the i-th of A's own k largest by magnitude
    lowest: Vector  # (m,) the most negative ones, ascending
    lowest_residuals: Vector  # (m,)
    lowest_errors: Vector  # (m,)
    basis: Tensor  # (P, n), orthonormal
    trace: float  # of basis^T A basis
    products: int  # n
    rounding: float  # of the products: it is part of residuals and errors
    neighbours: Neighbours  # of the Ritz pairs of the top
    converged: bool  # are all errors within the tolerance? False: the budget ran out first, or rounding is too much
    coarse: bool  # rounding left no room for the tolerance, and the search was given up


def unit_rounding(dtype: torch.dtype, size: int) -> Rounding:
    """Return what eigenvalues may be off for rounding alone.

    Products are sums of `size` terms, each rounded, at random signs: four deviations. As much again is for the basis
    that they are taken in, which is orthogonal but for rounding. To that comes what is too small for its square to be
    a number: norms do not see it.
    """
    return lambda largest: 8 * size**0.5 * torch.finfo(dtype).eps * largest + underflow(dtype)


def underflow(dtype: torch.dtype) -> float:
    """Return the size below which squares underflow."""
    return float(torch.finfo(dtype).tiny ** 0.5)


def lanczos_ends(
    product: Product,
    start: Tensor,
    top: int,
    bottom: int,
    tolerance: float,
    budget: int,
    random: torch.Generator,
    rounding: Rounding | None = None,
    sharper: Callable[[float], bool] = lambda times: False,
) -> Ends:
    """Return the top eigenvalues and the most negative ones of a symmetric operator.

    The first run goes on until what it found looks settled. Then runs from fresh random vectors, orthogonal to all
    before, look for what is missing: copies of multiple eigenvalues, and what the first start hardly held. The search
    ends where every error bar is within the tolerance, which takes a limit for what no product has seen (`bounds`).
    The error bars hold with a probability of at least 1 - 5.3 `bounds.MISSED` = 0.99995, converged or not.

    Where eigenvalues of both signs have the same magnitude within their error bars, at the edge of the top, either may
    belong to it: the error bar then reaches from one to the other, and the search does not converge.

    Args:
        product: v -> A v, shapes (P,), finite, any dtype; vectors come in the dtype of `start`.
        start: (P,), not zero.
        top: how many, by magnitude.
        bottom: how many of the most negative ones.
        tolerance: all errors, as a share of the smallest magnitude of the top; where float64 cannot tell so much apart
            (eigenvalues that are zero), ten times its rounding.
        budget: products at most; the whole space ends the run earlier.
        random: for the vectors that further runs start from.
        rounding: of the products; None: that of their dtype.
        sharper: asked to make `rounding` so many times smaller, says whether it became smaller.

    Raises:
        RambleError: more eigenvalues than dimensions or than products.
    """
    size = len(start)
    if max(top, bottom) > size:
        raise RambleError(
            f"top = {top} and bottom = {bottom} eigenvalues asked of a {size} x {size} matrix; ask for {size} at most"
        )
    if max(top, bottom) > budget:
        raise RambleError(
            f"budget = {budget} products are too few for top = {top} and bottom = {bottom} eigenvalues; raise it"
        )
    space = KrylovSpace(product, start, budget, random)
    search = Search(space, top, bottom, tolerance, rounding or unit_rounding(start.dtype, size), sharper)
    search.run()
    ritz, wanted, off = search.found()
    residuals = space.residuals(ritz.values[wanted.order], ritz.coordinates[:, wanted.order]) + off
    return Ends(
        wanted.top, space.vectors(ritz.coordinates[:, wanted.top_places]), residuals[:top], wanted.top_errors,
        wanted.lowest, residuals[top:], wanted.lowest_errors,
        space.basis.T, space.trace, space.products, off,
        neighbours_of(wanted, off, size), search.converged, search.coarse,
    )  # fmt: skip
