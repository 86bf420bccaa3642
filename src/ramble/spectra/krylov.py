"""Both ends of a symmetric spectrum from one Lanczos run with full reorthogonalisation."""

import logging
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ramble.errors import RambleError
from ramble.problems.curvature import Product
from ramble.problems.network import NetworkProblem
from ramble.seeds import generator
from ramble.spectra.lanczos import KrylovSpace, Ritz, Vector
from ramble.spectra.products import Curvature, sampled_trace
from ramble.spectra.spectrum import Spectrum

logger = logging.getLogger("ramble")

# Share of itself by which float32 products move an eigenvalue of LeNet5. Measured against float64, which takes four
# times as long: at most 3.2e-4 in the top, 1.9e-4 for the most negative one.
ROUNDING = 4e-4
FLOAT32_REACHES = 1e-3  # the finest tolerance that leaves room for it


@dataclass(frozen=True)
class KrylovEngine:
    """Settings of one run of Lanczos, in float32 where the tolerance permits it, else in float64.

    Attributes:
        top: number of eigenvalues, by magnitude.
        bottom: number of the most negative ones.
        tolerance: errors of the eigenvalues, as a share of the smallest of the top.
        budget: products per point at most, those for the trace aside.
        trace_samples: random vectors for the part of the trace that the Krylov space leaves.
        batch: inputs of a minibatch; more of them hold no more memory.
        seed: of the random vectors.
    """

    top: int
    bottom: int
    tolerance: float
    budget: int
    trace_samples: int
    batch: int
    seed: int

    def spectrum(self, problem: NetworkProblem, weights: Tensor, dataset: int, label: str) -> Spectrum:
        """Return both ends of the spectrum at `weights` (P,), their residuals and error bounds, and the trace.

        The network is in evaluation mode, as `problem.network` returns it. Every point starts from a random vector:
        starting from the neighbour's top eigenvectors saved a tenth to a fifth of the products or cost as many more.

        Raises RambleError as `Curvature` does, and where `top` exceeds the number of weights or the budget.
        """
        single = self.tolerance >= FLOAT32_REACHES
        dtype = torch.float32 if single else torch.float64
        product = Curvature(problem, weights.to(dtype), label, self.batch).hessian()
        random = generator(self.seed, "krylov", label)
        start = torch.randn(len(weights), generator=random).to(problem.device, dtype)
        ends = lanczos_ends(product, start, self.top, self.bottom, self.tolerance, self.budget, random)
        if not ends.converged:
            logger.warning("%s: eigenvalues not converged after %d products; raise the budget", label, ends.products)
        trace, trace_error = sampled_trace(product, ends.basis, ends.trace, self.trace_samples, random)
        errors = ends.top_errors + ROUNDING * np.abs(ends.top) * single
        lowest_errors = ends.lowest_errors + ROUNDING * np.abs(ends.lowest) * single
        return Spectrum(
            ends.top, ends.top_residuals, errors, ends.lowest, ends.lowest_residuals, lowest_errors,
            trace, trace_error, ends.converged,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Ends:
    """Ritz pairs at both ends, and the Krylov basis they lie in."""

    top: Vector  # (k,) the k largest by magnitude, descending in value
    top_vectors: Tensor  # (P, k), orthonormal
    top_residuals: Vector  # (k,) |A v - lambda v|, from the products that were made
    top_errors: Vector  # (k,) bounds on the errors, as `lanczos.error_bounds` gives them
    lowest: Vector  # (m,) the most negative ones, ascending
    lowest_residuals: Vector  # (m,)
    lowest_errors: Vector  # (m,)
    basis: Tensor  # (P, n), orthonormal
    trace: float  # of basis^T A basis
    products: int  # n
    converged: bool  # False: the budget ran out first


def lanczos_ends(
    product: Product, start: Tensor, top: int, bottom: int, tolerance: float, budget: int, random: torch.Generator
) -> Ends:
    """Return the top eigenvalues and the most negative ones of a symmetric operator.

    Of eigenvalues that differ by less than the tolerance it may have seen only one when it stops; a smaller tolerance
    separates them.

    Args:
        product: v -> A v, shapes (P,), finite, any dtype; vectors come in the dtype of `start`.
        start: (P,), not zero.
        top: how many, by magnitude.
        bottom: how many of the most negative ones.
        tolerance: all errors, as a share of the smallest magnitude of the top.
        budget: products at most; the whole space ends the run earlier.
        random: for vectors after a breakdown.

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
    converged = False
    while not converged and space.size < min(budget, size):
        space.grow()
        ritz = Ritz.of(space)
        enough = space.size > max(top, bottom) and _converged(ritz, top, bottom, tolerance)
        converged = enough or space.size == size
    return _ends(ritz, space, top, bottom, converged)


def _converged(ritz: Ritz, top: int, bottom: int, tolerance: float) -> bool:
    """Say whether both ends are known to `tolerance` times the least of the top.

    Nor may any other value still be on its way into the top or among the most negative ones.
    """
    upper, lower = ritz.top(top), ritz.bottom(bottom)
    least = np.abs(ritz.values[upper]).min()
    known = max(ritz.errors[upper].max(), ritz.errors[lower].max(initial=0.0)) <= tolerance * least
    larger = np.delete(np.abs(ritz.values) + ritz.errors, upper).max(initial=0.0)
    smaller = np.delete(ritz.values - ritz.errors, lower).min(initial=np.inf)
    settled = larger <= (1 + tolerance) * least
    if bottom:
        settled &= smaller >= ritz.values[lower[-1]] - tolerance * least
    return bool(known and settled)


def _ends(ritz: Ritz, space: KrylovSpace, top: int, bottom: int, converged: bool) -> Ends:
    upper, lower = ritz.top(top), ritz.bottom(bottom)
    order = np.append(upper, lower)
    residuals = space.residuals(ritz.values[order], ritz.coordinates[:, order])
    return Ends(
        ritz.values[upper], space.vectors(ritz.coordinates[:, upper]), residuals[:top], ritz.errors[upper],
        ritz.values[lower], residuals[top:], ritz.errors[lower],
        space.basis.T, float(ritz.values.sum()), space.size, converged,
    )  # fmt: skip
