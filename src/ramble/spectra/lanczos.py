"""A Krylov space of a symmetric operator that grows in several runs, each from a fresh random vector."""

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ramble.problems.curvature import Product

Vector = NDArray[np.float64]

KEEPS = 0.5  # of its norm: a vector that keeps as much when it is orthogonalised is orthogonal
BREAKDOWN = 100.0  # units of the dtype, of the largest coefficient: a smaller rest is rounding, and the span invariant


@dataclass
class Run:
    """One Lanczos run: the tridiagonal matrix of the operator on the complement of all that stood before it."""

    dimension: int  # of that complement
    diagonal: list[float] = field(default_factory=list)  # (s,)
    beside: list[float] = field(default_factory=list)  # (s,) norms of the rests; the last one leads out of the run


class KrylovSpace:
    """An orthonormal basis Q (n, P) that grows by one product at a time (Parlett 1998, chapter 13).

    Every new vector is orthogonalised against the two before it, whose part is the large one, and then against all,
    those of earlier runs too, again until it stays as long as it is: a run after the first is
    Lanczos on the operator compressed to the complement of what was kept of them, and finds what they did not see, such
    as the copies of a multiple eigenvalue, of which a Krylov space holds one. A run whose span becomes invariant is
    followed by another.

    Args:
        product: v -> A v, shapes (P,), finite, any dtype; vectors come in the dtype of `start`.
        start: (P,), not zero.
        budget: products at most.
        random: for the vectors that further runs start from.
    """

    def __init__(self, product: Product, start: Tensor, budget: int, random: torch.Generator) -> None:
        steps = min(budget, len(start))
        self._product, self._random, self._budget = product, random, budget
        self._basis, self._images = start.new_empty(steps, len(start)), start.new_empty(steps, len(start))
        self._projection = np.zeros((steps, steps))
        self._next = start / start.norm()
        self._rest = torch.zeros_like(start)
        # what products left outside the span is R = A Q^T - Q^T T (P, n) = left^T shares^T
        self._left = start.new_empty(0, len(start))  # (r, P), of the runs that are over
        self._shares = np.empty((0, 0))  # (n, r)
        self.runs = [Run(len(start))]
        self.size = 0  # n, vectors now
        self.products = 0
        self.largest = 0.0  # of the coefficients, by magnitude

    @property
    def room(self) -> int:
        """How many products the budget, or the whole space, still leaves."""
        return min(self._budget - self.products, self._basis.shape[1] - self.size)

    @property
    def whole(self) -> bool:
        """Whether the basis spans everything."""
        return self.size == self._basis.shape[1]

    @property
    def within_budget(self) -> bool:
        """Whether the budget reaches for the whole space."""
        return self._budget >= self._basis.shape[1]

    def grow(self) -> None:
        """Make one product and add its vector."""
        step = self.size
        self._basis[step] = self._next
        self._images[step] = self._product(self._next)
        self._left -= torch.outer(self._left @ self._next, self._next)
        self._rest, inside = _orthogonalised(self._images[step], self._basis[: step + 1])
        self._projection[step, : step + 1] = self._projection[: step + 1, step] = inside
        self._shares = np.pad(self._shares, ((0, 1), (0, 0)))
        self.size += 1
        self.products += 1
        self.largest = max(self.largest, float(np.abs(inside).max()))
        norm = float(self._rest.norm())
        unit = float(torch.finfo(self._basis.dtype).eps)
        run = self.runs[-1]
        run.diagonal.append(float(inside[-1]))
        run.beside.append(max(norm, unit * self.largest))
        if norm > BREAKDOWN * unit * self.largest:
            self._next = self._rest / norm
        elif self.room:
            self.start_anew()

    def start_anew(self, kept: Vector | None = None) -> None:
        """Let a new run begin at a random vector outside the span, or outside a part of it.

        Args:
            kept: orthonormal coordinates (n, k) of what is kept of the basis; None: all of it.
        """
        self._left, self._shares = self._all_left, self._all_shares
        if kept is not None:
            count = kept.shape[1]
            for rows in (self._basis, self._images):
                rows[:count] = torch.as_tensor(kept.T.copy()).to(rows) @ rows[: self.size]
            self._projection[:count, :count] = kept.T @ self.projection @ kept
            self._shares, self.size = kept.T @ self._shares, count
        self._rest = torch.zeros_like(self._next)
        fresh = torch.randn(self._basis.shape[1], generator=self._random).to(self._basis)
        outside, _ = _orthogonalised(fresh / fresh.norm(), self.basis)
        self._next = outside / outside.norm()
        self.runs.append(Run(self._basis.shape[1] - self.size))

    @property
    def _all_left(self) -> Tensor:
        """(r, P), with what the last product of the present run left."""
        return torch.cat([self._left, self._rest.unsqueeze(0)])

    @property
    def _all_shares(self) -> Vector:
        """(n, r), the same: within a run only its last vector has a rest, that of every other is the next vector."""
        found: Vector = np.pad(self._shares, ((0, 0), (0, 1)))
        found[-1, -1] = 1.0
        return found

    @property
    def basis(self) -> Tensor:
        """(n, P), orthonormal rows."""
        return self._basis[: self.size]

    @property
    def projection(self) -> Vector:
        """T (n, n), the operator in the basis."""
        return self._projection[: self.size, : self.size]

    @property
    def trace(self) -> float:
        """The trace of the operator on the span."""
        return float(np.trace(self.projection))

    @property
    def coupling(self) -> Vector:
        """L (n, r) with L L^T = R^T R, where R = A Q^T - Q^T T (P, n) is what the products left outside the span."""
        left = self._all_left.double()
        values, vectors = np.linalg.eigh((left @ left.T).cpu().numpy())
        found: Vector = self._all_shares @ (vectors * np.sqrt(np.maximum(values, 0.0)))
        return found

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
    """Return what of a vector (P,) lies outside the rows of the basis (n, P), and its coordinates (n,) inside.

    To take a part away leaves rounding of the size of that part; so it is done until less than half of the vector goes.
    """
    near = basis[-2:]
    total = torch.zeros_like(basis[:, 0])
    total[-2:] = near @ vector
    vector = vector - total[-2:] @ near
    before = math.inf
    while (norm := float(vector.norm())) < KEEPS * before and norm > 0.0:
        inside = basis @ vector
        vector = vector - inside @ basis
        total += inside
        before = norm
    return vector, total.double().cpu().numpy()
