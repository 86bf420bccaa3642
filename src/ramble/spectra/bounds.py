"""Where the eigenvalues of a symmetric operator A lie, from its products with some vectors: bounds, not estimates.

Q (n, P) is an orthonormal basis, T = Q A Q^T, and L L^T = R^T R for what the products left outside the span, R. In a
basis that begins with Q the operator is [[T, B^T], [B, C]] with B^T B = L L^T, and C is A compressed to the complement,
which no product has seen.

1. From inside: the j-th largest eigenvalue of A is at least the j-th largest of T (Cauchy).
2. From outside: if no eigenvalue of C exceeds c, then A <= [[T, B^T], [B, c I]], hence the j-th largest eigenvalue of A
   is at most the j-th largest of [[T, L], [L^T, c I]], or c where that is larger (Weyl). Expanded, this is the familiar
   residual^2 / gap; it holds in clusters too.
3. The limit c. A Lanczos run from a random unit vector b on an operator of dimension N gives the orthonormal
   polynomials p_0 .. p_s of b's spectral measure. An eigenvalue at c or above, beyond all Ritz values of the run, has a
   weight of at most 1 / K(c), K(c) = sum_i p_i(c)^2, in b (Christoffel; Szego 1939, section 3.4): b has hardly a
   component along its vector x. But |b x| <= w happens with a probability of at most w sqrt(2 N / pi). The bound is
   that of Kuczynski and Wozniakowski (1992), drawn from the run as it went instead of from the worst spectrum. Whenever
   the run stops and whatever c is asked for, the probability counts once: K(c) <= K(x's eigenvalue) <= (b x)^-2.
4. Every run of the basis is Lanczos on a compression of A that contains C, from a vector of its own. The product of k
   independent such probabilities is below t with a probability of at most t sum_(i < k) (-log t)^i / i! (Fisher).
5. The limits that are asked for after the m-th further run may be wrong with a probability of `MISSED` / m^2 at either
   end, those of the first run with `MISSED`: however many runs there are, all that is ever said is wrong with a
   probability of at most 2.65 `MISSED` at either end.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigvalsh_tridiagonal

from ramble.spectra.lanczos import KrylovSpace, Run, Vector

MISSED = 1e-5  # probability that an eigenvalue beyond a limit c was missed, at either end, for one limit
DECADES = np.logspace(-20, 6, 400)  # of the largest coefficient: how far beyond the Ritz values c is looked for
UNSCALED = 3  # steps of a recurrence whose terms grow at most `GROWTH` times a step: their squares are still numbers
GROWTH = 1e40


@dataclass(frozen=True, eq=False)
class Limits:
    """No eigenvalue of the complement is above `most` or below `least`."""

    least: float
    most: float


@dataclass(frozen=True, eq=False)
class Bounds:
    """Intervals for the n eigenvalues at either end of A's spectrum, and the Ritz pairs that they come from."""

    values: Vector  # (n,) Ritz values, ascending
    coordinates: Vector  # (n, n) of their vectors, in the basis
    below: Vector  # (n,) the j-th smallest eigenvalue of A lies in [below_j, values_j]
    above: Vector  # (n,) the j-th largest eigenvalue of A lies in [the j-th largest of values, above_j]


class Ritz:
    """The eigenvalues that a Krylov space gives, ready to be bounded under any limits."""

    def __init__(self, space: KrylovSpace) -> None:
        self.values, self.coordinates = np.linalg.eigh(space.projection)
        self._whole = space.whole
        self._coupling = self.coordinates.T @ space.coupling  # (n, r)

    @property
    def rests(self) -> Vector:
        """Residual norms (n,)."""
        found: Vector = np.linalg.norm(self._coupling, axis=1)
        return found

    def only(self, chosen: NDArray[np.bool_]) -> "Ritz":
        """Return those chosen (n,) alone, as if the others had not been found."""
        part = copy(self)
        part.values, part.coordinates = self.values[chosen], self.coordinates[:, chosen]
        part._whole, part._coupling = self._whole and bool(chosen.all()), self._coupling[chosen]
        return part

    def within(self, size: int) -> "Ritz":
        """Return the same where these Ritz vectors are themselves the first of `size` vectors of the basis."""
        part = copy(self)
        part.coordinates = np.eye(size, len(self.values))
        return part

    def bounds(self, complement: Limits, everything: Limits) -> Bounds:
        """Return the intervals under limits for the complement of the basis, and for all eigenvalues."""
        if self._whole:
            return Bounds(self.values, self.coordinates, self.values, self.values[::-1])
        n = len(self.values)
        above = np.maximum(self._bordered(complement.most)[::-1][:n], complement.most)
        below = np.minimum(self._bordered(complement.least)[:n], complement.least)
        # rounding may put a limit within the Ritz values
        above = np.maximum(np.minimum(above, everything.most), self.values[::-1])
        below = np.minimum(np.maximum(below, everything.least), self.values)
        return Bounds(self.values, self.coordinates, below, above)

    def _bordered(self, corner: float) -> Vector:
        """Return the eigenvalues of [[T, L], [L^T, corner I]], ascending."""
        n, r = self._coupling.shape
        if not np.isfinite(corner):
            return np.full(n + r, corner)
        matrix = np.diag(np.append(self.values, np.full(r, corner)))
        matrix[:n, n:], matrix[n:, :n] = self._coupling, self._coupling.T
        found: Vector = np.linalg.eigvalsh(matrix)
        return found


def limits(runs: Sequence[Run], scale: float, around: Sequence[Run] = (), missed: float = MISSED) -> Limits:
    """Return what no eigenvalue of what all the runs were made on exceeds, at either end, but for a probability.

    Args:
        runs: those without a step say nothing.
        scale: of the operator.
        around: runs on operators that have this one as a compression, and therefore an eigenvalue beyond c where it has
            one. They count where they help: half of the probability is for the limit with them, half for that without.
        missed: the probability, at either end.
    """
    made = [run for run in runs if run.diagonal]
    if not made:
        return Limits(-np.inf, np.inf)
    scale = max(scale, float(np.finfo(float).tiny) / DECADES[0])
    mirrored, mirrored_around = ([_mirrored(run) for run in some] for some in (made, around))
    return Limits(-_most(mirrored, mirrored_around, scale, missed), _most(made, around, scale, missed))


def _mirrored(run: Run) -> Run:
    return Run(run.dimension, [-value for value in run.diagonal], run.beside)


def _most(runs: Sequence[Run], around: Sequence[Run], scale: float, missed: float) -> float:
    ritz = [run_ends(run)[1] for run in (*runs, *around)]

    def excluded(places: Vector) -> NDArray[np.intp]:
        logarithms = [_log_probability(*each, places) for each in zip((*runs, *around), ritz, strict=True)]
        probability = _fisher(np.sum(logarithms[: len(runs)], axis=0), len(runs))
        if around:
            probability = 2 * np.minimum(probability, _fisher(np.sum(logarithms, axis=0), len(logarithms)))
        return np.flatnonzero(probability <= missed)

    coarse = min(ritz) + scale * DECADES  # ascending, and so the probabilities descend
    beyond = excluded(coarse)
    if not len(beyond):
        return np.inf
    first = int(beyond[0])
    if first == 0:
        return float(coarse[0])
    fine = np.linspace(coarse[first - 1], coarse[first], 33)
    closer = excluded(fine)
    return float(fine[closer[0]] if len(closer) else coarse[first])


def run_ends(run: Run) -> tuple[float, float]:
    """Return the smallest and the largest Ritz value of a run's own tridiagonal matrix."""
    found = eigvalsh_tridiagonal(np.array(run.diagonal), np.array(run.beside[:-1]))
    return float(found[0]), float(found[-1])


def _log_probability(run: Run, largest: float, places: Vector) -> Vector:
    """Return log min(1, sqrt(2 N / (pi K(c)))) for places c (m,), 0 where c does not exceed the largest Ritz value."""
    before, now = np.zeros_like(places), np.ones_like(places)  # p_(i - 1), p_i
    log_scale, total = np.zeros_like(places), np.ones_like(places)  # all are kept divided by exp(log_scale)
    step_before, short = 0.0, float(np.abs(places).max()) / GROWTH
    for number, (centre, step) in enumerate(zip(run.diagonal, run.beside, strict=True), start=1):
        if step == 0.0:  # the run is exactly invariant: its start has no part beyond its own eigenvalues
            return np.where(places > largest, -np.inf, 0.0)
        before, now = now, ((places - centre) * now - step_before * before) / step
        step_before = step
        total += now * now
        if number % UNSCALED == 0 or step <= short:
            shrink = np.maximum(1.0, np.abs(now))
            before, now, total, log_scale = before / shrink, now / shrink, total / shrink**2, log_scale + np.log(shrink)
    logarithm = 0.5 * np.log(2 * run.dimension / np.pi) - 0.5 * np.log(total) - log_scale
    return np.where(places > largest, np.minimum(logarithm, 0.0), 0.0)


def _fisher(logarithm: Vector, count: int) -> Vector:
    """Return the probability that a product of `count` independent probabilities is so small."""
    term, total = np.ones_like(logarithm), np.zeros_like(logarithm)
    finite = np.maximum(logarithm, -700.0)  # less underflows
    for number in range(count):
        total = total + term
        term = term * -finite / (number + 1)
    found: Vector = np.exp(finite) * total
    return found
