"""Both ends of a symmetric spectrum from one Lanczos run with full reorthogonalisation."""

import logging
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ramble.errors import RambleError
from ramble.problems.network import NetworkProblem
from ramble.seeds import generator
from ramble.spectra.products import Product, hessian_product, sampled_trace
from ramble.spectra.spectrum import Spectrum

logger = logging.getLogger("ramble")

Vector = NDArray[np.float64]

BREAKDOWN = 1e-6  # of the largest coefficient: a smaller rest is rounding, and the span is invariant


@dataclass(frozen=True)
class KrylovEngine:
    """Settings of one run of Lanczos.

    Products and basis are float32: on LeNet5 that moves no eigenvalue of the top by more than 3e-4 of itself, where
    float64 takes four times as long.

    Attributes:
        top: number of eigenvalues, by magnitude.
        tolerance: errors of the eigenvalues, as a share of the smallest of the top.
        budget: products per point at most, those for the trace aside.
        trace_samples: random vectors for the part of the trace that the Krylov space leaves.
        seed: of the random vectors.
    """

    top: int
    tolerance: float
    budget: int
    trace_samples: int
    seed: int

    def spectrum(self, problem: NetworkProblem, weights: Tensor, dataset: int, label: str) -> Spectrum:
        """Return the top eigenvalues at `weights` (P,), their residuals, the most negative one and the trace.

        The network is in evaluation mode, as `problem.network` returns it. Every point starts from a random vector:
        starting from the neighbour's top eigenvectors saved a tenth to a fifth of the products or cost as many more.

        Raises RambleError where weights are not finite, or `top` exceeds their number or the budget.
        """
        if not weights.isfinite().all():
            raise RambleError(f"{label}: some weights are not finite; track the path anew")
        network = problem.network(weights.to(problem.device))
        inputs, labels = problem.data("train")
        product = hessian_product(network, inputs.to(weights.dtype), labels)
        random = generator(self.seed, "krylov", label)
        start = torch.randn(len(weights), generator=random).to(weights)
        ends = lanczos_ends(product, start.to(problem.device), self.top, self.tolerance, self.budget, random)
        if not ends.converged:
            logger.warning("%s: eigenvalues not converged after %d products; raise the budget", label, ends.products)
        trace, trace_error = sampled_trace(product, ends.basis, ends.trace, self.trace_samples, random)
        return Spectrum(
            ends.top, ends.top_residuals, ends.most_negative, trace, trace_error,
            ends.most_negative_residual, ends.converged,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Ends:
    """Ritz pairs at both ends, and the Krylov basis they lie in."""

    top: Vector  # (k,) the k largest by magnitude, descending in value
    top_vectors: Tensor  # (P, k), orthonormal
    top_residuals: Vector  # (k,) |H v - lambda v|, from the products that were made
    most_negative: float
    most_negative_residual: float
    basis: Tensor  # (P, n), orthonormal
    trace: float  # of basis^T H basis
    products: int  # n
    converged: bool  # False: the budget ran out first


@dataclass(frozen=True)
class _Ritz:
    """Eigenvalues of the projected operator, with bounds on their distance from the operator's own."""

    values: Vector  # (n,) ascending
    coordinates: Vector  # (n, n) in the Krylov basis
    errors: Vector  # (n,)

    @classmethod
    def of(cls, projection: Vector, rest: float) -> "_Ritz":
        """Bound the errors by residual and by residual^2 / gap (Parlett 1998, chapter 11), whichever is smaller.

        The residual of a Ritz pair is `rest`, the norm of what the last product left outside the span, times the
        last coordinate. The gap is taken to the nearest other Ritz value less its residual.
        """
        values, coordinates = np.linalg.eigh(projection, UPLO="L")  # the upper triangle is never filled
        residuals = rest * np.abs(coordinates[-1])
        apart = np.abs(values[:, None] - values[None, :]) - residuals[None, :]
        np.fill_diagonal(apart, np.inf)
        gaps = np.maximum(apart.min(axis=1), residuals)
        return cls(values, coordinates, residuals**2 / np.maximum(gaps, np.finfo(float).tiny))

    def top(self, count: int) -> NDArray[np.intp]:
        """Return which are the `count` largest by magnitude, descending in value."""
        chosen = np.argsort(np.abs(self.values))[-count:]
        return chosen[np.argsort(self.values[chosen])[::-1]]

    def converged(self, count: int, tolerance: float) -> bool:
        """Say whether the top and the most negative value are known to `tolerance` times the least of the top.

        Nor may any other value still be on its way into the top.
        """
        top = self.top(count)
        least = np.abs(self.values[top]).min()
        others = np.delete(np.abs(self.values) + self.errors, top).max(initial=0.0)
        known = max(self.errors[top].max(), self.errors[0]) <= tolerance * least
        return bool(known and others <= (1 + tolerance) * least)


def lanczos_ends(
    product: Product, start: Tensor, top: int, tolerance: float, budget: int, random: torch.Generator
) -> Ends:
    """Return the top eigenvalues and the most negative one of a symmetric operator.

    Lanczos (Parlett 1998, chapter 13) with every new vector orthogonalised twice against all before it. Where the
    span becomes invariant, the run goes on from a random vector outside it: that finds the copies of a multiple
    eigenvalue, of which a Krylov space holds one. Of eigenvalues that differ by less than the tolerance it may have
    seen only one when it stops; a smaller tolerance separates them.

    Args:
        product: v -> H v, shapes (P,), any dtype; vectors come in the dtype of `start`.
        start: (P,), not zero.
        top: how many, by magnitude.
        tolerance: all errors, as a share of the smallest magnitude of the top.
        budget: products at most; the whole space ends the run earlier.
        random: for vectors after a breakdown.

    Raises:
        RambleError: more eigenvalues than dimensions or than products; a product that is not finite.
    """
    size = len(start)
    if top > size:
        raise RambleError(f"top = {top} eigenvalues asked of a {size} x {size} Hessian; ask for {size} at most")
    if top > budget:
        raise RambleError(f"budget = {budget} products are too few for top = {top} eigenvalues; raise the budget")
    steps = min(budget, size)
    basis, images = start.new_empty(steps, size), start.new_empty(steps, size)
    projection = np.zeros((steps, steps))
    vector = start / start.norm()
    for step in range(steps):
        basis[step] = vector
        images[step] = product(vector)
        rest, projection[step, : step + 1] = _orthogonalised(images[step], basis[: step + 1])
        norm = float(rest.norm())
        if not np.isfinite(norm):
            raise RambleError("a product with the Hessian is not finite; check the weights and the loss at this point")
        known = step + 1
        projected = projection[:known, :known]
        ritz = _Ritz.of(projected, norm)
        if known == size or (known > top and ritz.converged(top, tolerance)):
            return _ends(ritz, basis[:known], images[:known], top, converged=True)
        if norm <= BREAKDOWN * np.abs(projected).max():
            fresh = torch.randn(size, generator=random).to(start)
            rest, _ = _orthogonalised(fresh / fresh.norm(), basis[:known])
            norm = float(rest.norm())
        vector = rest / norm
    return _ends(ritz, basis, images, top, converged=False)


def _orthogonalised(vector: Tensor, basis: Tensor) -> tuple[Tensor, Vector]:
    """Return what of a vector (P,) lies outside the rows of the basis (n, P), and its coordinates (n,) inside."""
    total = torch.zeros_like(basis[:, 0])
    for _ in range(2):  # once leaves rounding of the size of the coordinates
        inside = basis @ vector
        vector = vector - inside @ basis
        total += inside
    return vector, total.double().cpu().numpy()


def _ends(ritz: _Ritz, basis: Tensor, images: Tensor, top: int, converged: bool) -> Ends:
    order = np.append(ritz.top(top), 0)
    coordinates = torch.as_tensor(ritz.coordinates[:, order].copy()).to(basis)
    values = torch.as_tensor(ritz.values[order].copy()).to(basis)
    vectors = basis.T @ coordinates
    residuals = (images.T @ coordinates - vectors * values).norm(dim=0).double().cpu().numpy()
    return Ends(
        ritz.values[order[:-1]], vectors[:, :-1], residuals[:-1], float(ritz.values[0]), float(residuals[-1]),
        basis.T, float(ritz.values.sum()), len(basis), converged,
    )  # fmt: skip
