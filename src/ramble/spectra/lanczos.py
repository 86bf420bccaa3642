"""Lanczos with full reorthogonalisation: the space, and what it knows of a symmetric operator's spectrum."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ramble.problems.curvature import Product

Vector = NDArray[np.float64]

BREAKDOWN = 1e-6  # of the largest coefficient: a smaller rest is rounding, and the span is invariant


class KrylovSpace:
    """An orthonormal basis that grows by one product at a time (Parlett 1998, chapter 13).

    Every new vector is orthogonalised twice against all before it. Where the span becomes invariant, the run goes on
    from a random vector outside it: that finds the copies of a multiple eigenvalue, of which a Krylov space holds one.

    Args:
        product: v -> A v, shapes (P,), finite, any dtype; vectors come in the dtype of `start`.
        start: (P,), not zero.
        budget: products at most.
        random: for vectors after a breakdown.
    """

    def __init__(self, product: Product, start: Tensor, budget: int, random: torch.Generator) -> None:
        steps = min(budget, len(start))
        self._product, self._random = product, random
        self._basis, self._images = start.new_empty(steps, len(start)), start.new_empty(steps, len(start))
        self._projection = np.zeros((steps, steps))
        self._next = start / start.norm()
        self.size = 0  # n, vectors so far
        self.rest = 0.0  # norm of what the last product left outside the span

    def grow(self) -> None:
        """Make one product and add its vector."""
        step = self.size
        self._basis[step] = self._next
        self._images[step] = self._product(self._next)
        rest, self._projection[step, : step + 1] = _orthogonalised(self._images[step], self._basis[: step + 1])
        self.rest = float(rest.norm())
        self.size += 1
        norm = self.rest
        if norm <= BREAKDOWN * np.abs(self.projection).max() and self.size < self._basis.shape[1]:
            fresh = torch.randn(self._basis.shape[1], generator=self._random).to(self._basis)
            rest, _ = _orthogonalised(fresh / fresh.norm(), self.basis)
            norm = float(rest.norm())
        self._next = rest / norm

    @property
    def basis(self) -> Tensor:
        """(n, P), orthonormal rows."""
        return self._basis[: self.size]

    @property
    def projection(self) -> Vector:
        """(n, n), the operator in the basis; the lower triangle counts, the upper is never filled."""
        return self._projection[: self.size, : self.size]

    def vectors(self, coordinates: Vector) -> Tensor:
        """Return the vectors (P, k) with these coordinates (n, k)."""
        return self.basis.T @ torch.as_tensor(coordinates.copy()).to(self._basis)

    def residuals(self, values: Vector, coordinates: Vector) -> Vector:
        """Return |A v - value v| (k,) of the vectors with these coordinates (n, k), from the products made."""
        images = self._images[: self.size].T @ torch.as_tensor(coordinates.copy()).to(self._basis)
        misses = images - self.vectors(coordinates) * torch.as_tensor(values.copy()).to(self._basis)
        norms: Vector = misses.norm(dim=0).double().cpu().numpy()
        return norms


def _orthogonalised(vector: Tensor, basis: Tensor) -> tuple[Tensor, Vector]:
    """Return what of a vector (P,) lies outside the rows of the basis (n, P), and its coordinates (n,) inside."""
    total = torch.zeros_like(basis[:, 0])
    for _ in range(2):  # once leaves rounding of the size of the coordinates
        inside = basis @ vector
        vector = vector - inside @ basis
        total += inside
    return vector, total.double().cpu().numpy()


@dataclass(frozen=True, eq=False)
class Ritz:
    """Eigenvalues of the projected operator, with bounds on their distance from the operator's own."""

    values: Vector  # (n,) ascending
    coordinates: Vector  # (n, n), in the Krylov basis
    errors: Vector  # (n,)

    @classmethod
    def of(cls, space: KrylovSpace) -> "Ritz":
        """Bound the errors by residual and by residual^2 / gap (Parlett 1998, chapter 11), whichever is smaller.

        The residual of a Ritz pair is the norm of what the last product left outside the span, times the pair's last
        coordinate. The gap is taken to the nearest other Ritz value less its residual.
        """
        values, coordinates = np.linalg.eigh(space.projection, UPLO="L")
        return cls(values, coordinates, error_bounds(values, space.rest * np.abs(coordinates[-1])))

    def top(self, count: int) -> NDArray[np.intp]:
        """Return which are the `count` largest by magnitude, descending in value."""
        chosen = np.argsort(np.abs(self.values))[-count:]
        return chosen[np.argsort(self.values[chosen])[::-1]]

    def bottom(self, count: int) -> NDArray[np.intp]:
        """Return which are the `count` most negative, ascending; fewer where there are fewer."""
        return np.arange(min(count, len(self.values)))


def error_bounds(values: Vector, residuals: Vector) -> Vector:
    """Return bounds (n,) on the errors of eigenvalues (n,) with these residual norms (n,).

    residual^2 / gap, or the residual where that is smaller; all of the values must be known for the gaps to count.
    """
    apart = np.abs(values[:, None] - values[None, :]) - residuals[None, :]
    np.fill_diagonal(apart, np.inf)
    gaps = np.maximum(apart.min(axis=1), residuals)
    bounds: Vector = residuals**2 / np.maximum(gaps, np.finfo(float).tiny)
    return bounds
