"""Eigenvectors of the top of a spectrum, and how far each may be from a true one.

A unit vector x with the residual r = |A x - theta x| is within sin(angle) <= r / gap of the eigenvector whose
eigenvalue it stands for, gap being the distance from theta to every *other* eigenvalue; k orthonormal vectors X with
the residual R = A X - X T, T = X^T A X, span a space within sin(angle) <= |R| / gap of that of k eigenvectors, gap
being the distance between the interval of the eigenvalues of T and all other eigenvalues of A, which must lie outside
of it (Davis and Kahan 1970, the sin theta theorem). Where those are is what the error bars of the spectrum say, and
the limits for what lies beyond the top. Of eigenvalues closer together than their residuals no vector is known: the
space that they share is.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ramble.problems.curvature import Product
from ramble.spectra.ends import Ends
from ramble.spectra.lanczos import Vector
from ramble.spectra.wanted import Neighbours

TELLING = 0.1  # radians: eigenvalues whose vectors are known less well are taken together, where that tells more
UNKNOWN = math.pi / 2  # any direction


@dataclass(frozen=True, eq=False)
class Eigenvectors:
    """Unit vectors for the k eigenvalues of the top, in their order, and what is known of their directions."""

    vectors: Tensor  # (P, k), orthonormal but for the rounding of their dtype
    residuals: Vector  # (k,) bounds on |A v - theta v|, v as it is returned and theta its value of the top
    angles: Vector  # (k,) radians: a bound on the angle to the eigenvector; pi / 2 says nothing
    clusters: NDArray[np.int64]  # (k,) vectors of one number are taken together
    cluster_angles: Vector  # (k,) a bound on the largest angle between the span of a cluster and that of as many
    # eigenvectors; that of the vector itself where it is alone

    @property
    def columns(self) -> dict[str, float]:
        """Residuals, angles and clusters, as columns of a row of a table."""
        row = {f"vector_residual_{i}": float(value) for i, value in enumerate(self.residuals, start=1)}
        row |= {f"angle_{i}": float(value) for i, value in enumerate(self.angles, start=1)}
        row |= {f"cluster_{i}": int(value) for i, value in enumerate(self.clusters, start=1)}
        return row | {f"cluster_angle_{i}": float(value) for i, value in enumerate(self.cluster_angles, start=1)}


def eigenvectors_of(ends: Ends, exact: Product, rounding: float, dtype: torch.dtype) -> Eigenvectors:
    """Return the vectors of the top, with bounds from k more products.

    Args:
        ends: of A.
        exact: v -> A v in float64, for v (P,).
        rounding: of these products, as a spectral norm.
        dtype: of the vectors returned; their rounding is in the bounds.
    """
    stored = ends.top_vectors.to(dtype)
    basis, _ = torch.linalg.qr(stored.double())  # what the bounds are of: orthonormal in float64
    basis = basis * (basis * stored).sum(0).sign()  # QR may turn a vector round
    images = torch.stack([exact(column) for column in basis.T], 1)
    known = _Known.of(basis, images, ends.neighbours, rounding)
    k = basis.shape[1]
    chords = (basis - stored.double()).norm(dim=0).cpu().numpy()  # between what is stored and what is bounded
    residuals = known.residuals(basis, images, ends.top) + known.reach(ends.top) * chords
    moved = float(chords.max()) + float(torch.finfo(stored.dtype).eps)
    alone = np.array([known.angle(range(i, i + 1)) for i in range(k)])
    numbers, angles = np.zeros(k, dtype=np.int64), np.zeros(k)
    for number, cluster in enumerate(_clusters(known, k), start=1):
        numbers[list(cluster)], angles[list(cluster)] = number, known.angle(cluster)
    return Eigenvectors(stored, residuals, _moved(alone, moved), numbers, _moved(angles, moved * k**0.5))


def _moved(angles: Vector, chord: float) -> Vector:
    """Return angles to vectors that are a chord from those that the angles are to."""
    found: Vector = np.minimum(angles + 2 * math.asin(min(1.0, chord / 2)), UNKNOWN)
    return found


@dataclass(frozen=True, eq=False)
class _Known:
    """The pairs of the top, and what is known of all eigenvalues."""

    within: Vector  # (k, k) T = X^T A X
    misses: Vector  # (k, k) R^T R, R = A X - X T, which is orthogonal to X
    neighbours: Neighbours
    rounding: float

    @classmethod
    def of(cls, basis: Tensor, images: Tensor, neighbours: Neighbours, rounding: float) -> "_Known":
        """Take X (P, k) and A X (P, k)."""
        within = basis.T @ images
        misses = images - basis @ within
        return cls(((within + within.T) / 2).cpu().numpy(), (misses.T @ misses).cpu().numpy(), neighbours, rounding)

    def residuals(self, basis: Tensor, images: Tensor, values: Vector) -> Vector:
        """Return bounds on |A x - value x| (k,) of the columns of the basis (P, k)."""
        misses = images - basis * torch.as_tensor(values.copy()).to(basis)
        found: Vector = misses.norm(dim=0).cpu().numpy() + self.rounding
        return found

    def reach(self, values: Vector) -> Vector:
        """Return bounds on the spectral norms of A - value (k,)."""
        low, high = [*self.neighbours.low], [*self.neighbours.high]
        if self.neighbours.others is not None:
            low, high = [*low, self.neighbours.others[0]], [*high, self.neighbours.others[1]]
        found: Vector = np.maximum(values - min(low), max(high) - values)
        return found

    def angle(self, cluster: range) -> float:
        """Return the bound for the span of some pairs next to each other."""
        own, beside = list(cluster), [i for i in range(len(self.within)) if i not in cluster]
        turned = self.within[np.ix_(beside, own)]  # what A makes of the cluster within the span of all pairs
        squares = np.linalg.eigvalsh(self.misses[np.ix_(own, own)] + turned.T @ turned)
        values = np.linalg.eigvalsh(self.within[np.ix_(own, own)])
        norm = math.sqrt(max(float(squares[-1]), 0.0)) + self.rounding
        gap = self._gap(float(values[0]), float(values[-1]), cluster)
        return math.asin(norm / gap) if norm < gap else UNKNOWN

    def _gap(self, least: float, most: float, cluster: range) -> float:
        """Return the distance from an interval to all eigenvalues that the cluster does not stand for.

        Negative where one of them may lie within.
        """
        low, high = self.neighbours.low, self.neighbours.high
        outside = [(low[i], high[i]) for i in range(len(low)) if i not in cluster]
        outside += [self.neighbours.others] if self.neighbours.others is not None else []
        return float(min((max(lower - most, least - upper) for lower, upper in outside), default=math.inf))


def _clusters(known: _Known, k: int) -> list[range]:
    """Return the pairs in ranges: as few as can be whose span is not told, and else as many ranges as can be."""
    best: list[tuple[tuple[int, int, float], list[range]]] = [((0, 0, 0.0), [])]
    for stop in range(1, k + 1):
        ways = []
        for start in range(stop):
            (untold, ranges, total), before = best[start]
            own, angle = range(start, stop), known.angle(range(start, stop))
            cost = (untold + len(own) * (angle > TELLING), ranges - 1, total + len(own) * angle)
            ways.append((cost, [*before, own]))
        best.append(min(ways, key=lambda way: way[0]))
    return best[-1][1]
