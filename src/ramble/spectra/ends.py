"""Both ends of a symmetric spectrum, with error bars: Lanczos runs until none can have missed anything."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ramble.errors import RambleError
from ramble.problems.curvature import Product
from ramble.spectra.bounds import MISSED, Bounds, Limits, Ritz, limits, run_ends
from ramble.spectra.lanczos import KrylovSpace, Vector

Places = NDArray[np.intp]
Rounding = Callable[[float], float]  # largest |eigenvalue| -> bound on |A - what the products do| (spectral norm)

ROOM = 0.5  # of the tolerance, that rounding may take at most
LOOKS = 40  # a look costs more the more vectors there are, and is taken the more rarely
LOOSE = 0.02  # of the smallest of the top: Ritz vectors with larger residuals are not kept
ROUNDINGS = 10.0  # as many times the rounding is as close as products in the finest dtype can tell


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
    neighbours: "Neighbours"  # of the Ritz pairs of the top
    converged: bool  # are all errors within the tolerance? False: the budget ran out first, or rounding is too much
    coarse: bool  # rounding left no room for the tolerance, and the search was given up


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Where the eigenvalues of A lie, each once: those that the top's Ritz pairs stand for, and all others.

    With a of the k Ritz values from above and k - a from below, they stand for the a largest eigenvalues of A and its
    k - a smallest, whichever are the k largest by magnitude.
    """

    low: Vector  # (k,) the eigenvalue of the i-th pair is at least this, rounding included
    high: Vector  # (k,) and at most this
    from_above: int  # a
    others: tuple[float, float] | None  # all others lie between; None where there are no others


@dataclass(frozen=True, eq=False)
class _Wanted:
    """Which Ritz pairs are reported, and how far the eigenvalues that they stand for may be."""

    top: Vector  # (k,)
    top_places: Places  # (k,) among the ascending Ritz values
    top_errors: Vector  # (k,)
    lowest: Vector  # (m,)
    lowest_errors: Vector  # (m,)
    bounds: Bounds  # that the errors come from

    @property
    def least(self) -> float:
        """The smallest magnitude of the top."""
        return float(np.abs(self.top).min())

    @property
    def worst(self) -> float:
        """The largest error."""
        return float(max(self.top_errors.max(), self.lowest_errors.max(initial=0.0)))


def unit_rounding(dtype: torch.dtype, size: int) -> Rounding:
    """Return what products may be off that are sums of `size` terms, each rounded, at random signs: four deviations.

    To that comes what is too small for its square to be a number: norms do not see it.
    """
    return lambda largest: 4 * size**0.5 * torch.finfo(dtype).eps * largest + underflow(dtype)


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
    search = _Search(space, top, bottom, tolerance, rounding or unit_rounding(start.dtype, size), sharper)
    while space.room and not search.over:
        for _ in range(min(space.room, 1 + space.size // LOOKS)):
            space.grow()
        search.look()
    return search.ends()


class _Search:
    """When to begin a new run, and when to stop."""

    def __init__(
        self,
        space: KrylovSpace,
        top: int,
        bottom: int,
        tolerance: float,
        rounding: Rounding,
        sharper: Callable[[float], bool],
    ) -> None:
        self._space, self._top, self._bottom = space, top, bottom
        self._tolerance, self._rounding_of, self._sharper = tolerance, rounding, sharper
        self._rounding: float | None = None  # asked for when the top is nearly known: to measure it takes products
        self._everything = Limits(-np.inf, np.inf)  # what the first run says of all eigenvalues
        self._first_is_over = False
        self._kept: Ritz | None = None  # the basis that the present run began with: its limits are for the complement
        self._kept_runs = 0  # the number of runs then
        self._nested = 1  # the first of the runs whose complements each hold the next one
        self._finest = space.basis.dtype == torch.float64
        self.over = self.coarse = self.converged = False

    def look(self) -> None:
        """Decide what the products so far allow."""
        space = self._space
        if space.size <= max(self._top, self._bottom) and space.room:
            return
        ritz, first_run = Ritz(space), len(space.runs) == 1
        if first_run and space.room and self._rounding is None and self._far(ritz):
            return
        if first_run or not self._first_is_over:
            self._everything, self._first_is_over = limits(space.runs[:1], space.largest), not first_run
        if self._rounding is None and self._is_coarse(ritz):
            self.over = self.coarse = True
            return
        rounding = self._rounding = self._rounding_at(ritz)
        if first_run and space.room and not self._settled(ritz, 0.0):
            return
        found = self._limits()
        if any(self._near(each, found, rounding) for each in self._views(ritz)):
            self.over = self.converged = True
        elif space.room and self._exhausted(ritz) and self._settled(ritz, self._rounding):
            worth = self._worth(ritz)
            if not worth.all():  # the complement grows: earlier runs were on a part of it only
                self._nested = len(space.runs)
            self._kept = ritz.only(worth)
            space.start_anew(ritz.coordinates[:, worth])
            self._kept_runs = len(space.runs)

    def _far(self, ritz: Ritz) -> bool:
        """Say whether the last of the top cannot be known yet: no gap to the next one makes up for its residual."""
        magnitudes = np.abs(ritz.values)
        last = np.argsort(-magnitudes, kind="stable")[self._top - 1]
        return bool(ritz.rests[last] > (2 * self._tolerance) ** 0.5 * magnitudes[last])

    def _views(self, ritz: Ritz) -> list[Ritz]:
        """Return the bases that the limits are for: what the present run began with, and all vectors.

        The present run itself is bound to its own complement by a large residual, which spoils the bounds: it is there
        for the limit. Once it broke down, the limits are for what is left without it, and its vectors count.
        """
        if self._kept is None or len(self._space.runs) > self._kept_runs:
            return [ritz]
        return [self._kept.within(self._space.size), ritz]

    def _rounding_at(self, ritz: Ritz) -> float:
        return self._rounding_of(float(np.abs(ritz.values).max()))

    def _is_coarse(self, ritz: Ritz) -> bool:
        """Say whether the products are so far off that they leave no room for the tolerance."""
        room = ROOM * self._tolerance * self._wanted(ritz, self._limits(), 0.0).least
        if self._finest:
            return False
        while (rounding := self._rounding_at(ritz)) > room:
            if room == 0.0 or not self._sharper(rounding / room):
                return True
        return False

    def _near(self, ritz: Ritz, complement: Limits, rounding: float) -> bool:
        """Say whether all errors are within the tolerance, if the limits are right."""
        wanted = self._wanted(ritz, complement, rounding)
        goal = self._tolerance * wanted.least
        return wanted.worst <= (max(goal, ROUNDINGS * rounding) if self._finest else goal)

    def _settled(self, ritz: Ritz, rounding: float) -> bool:
        """Say whether all would be known, if the complement of what is kept held nothing larger than is not wanted."""
        magnitudes = np.sort(np.abs(ritz.values))[::-1]
        next_one = float(magnitudes[self._top]) if len(magnitudes) > self._top else 0.0
        least = -next_one
        if self._bottom > 1:  # the first of them is what the first run is the limit for
            least = max(least, float(ritz.values[min(self._bottom, len(magnitudes) - 1)]))
        return self._near(ritz.only(self._worth(ritz)), Limits(least, next_one), rounding)

    def _worth(self, ritz: Ritz) -> NDArray[np.bool_]:
        """Say which Ritz vectors (n,) are worth keeping: those wanted, and those whose residuals are small beside them.

        All others are left to the complement, to which a residual binds what is kept.
        """
        if self._space.within_budget:
            return np.ones(len(ritz.values), dtype=bool)
        magnitudes = np.abs(ritz.values)
        order = np.argsort(-magnitudes, kind="stable")
        kept: NDArray[np.bool_] = ritz.rests <= LOOSE * magnitudes[order[self._top - 1]]
        kept[order[: self._top]] = kept[: self._bottom] = True
        return kept

    def _exhausted(self, ritz: Ritz) -> bool:
        """Say whether the present run can no longer show that nothing is missing: not within its own Ritz values."""
        assert self._rounding is not None
        run = self._space.runs[-1]
        if not run.diagonal:
            return False
        seen, rounding = Limits(*run_ends(run)), self._rounding
        return not any(self._near(each, seen, rounding) for each in self._views(ritz))

    def _limits(self) -> Limits:
        """Return the limits for the complement; the first run was on A, which has it as a compression."""
        runs = self._space.runs
        if len(runs) == 1:
            return self._everything
        missed = MISSED / (len(runs) - 1) ** 2
        return limits(runs[self._nested :], self._space.largest, runs[:1], missed)

    def _wanted(self, ritz: Ritz, complement: Limits, rounding: float) -> _Wanted:
        bounds = ritz.bounds(complement, self._everything)
        places, errors = _top(bounds, self._top, rounding)
        lowest = bounds.values[: self._bottom]
        lowest_errors = lowest - bounds.below[: self._bottom] + rounding
        return _Wanted(bounds.values[places], places, errors, lowest, lowest_errors, bounds)

    def ends(self) -> Ends:
        """Return what was found."""
        space = self._space
        ritz = Ritz(space)
        trace = float(ritz.values.sum())
        if self._rounding is None:
            self._rounding = self._rounding_at(ritz)
        views = [(self._wanted(each, self._limits(), self._rounding), each) for each in self._views(ritz)]
        wanted, ritz = min(views, key=lambda view: view[0].worst)
        order = np.append(wanted.top_places, np.arange(len(wanted.lowest)))
        residuals = space.residuals(ritz.values[order], ritz.coordinates[:, order]) + self._rounding
        count = len(wanted.top)
        return Ends(
            wanted.top, space.vectors(ritz.coordinates[:, wanted.top_places]), residuals[:count], wanted.top_errors,
            wanted.lowest, residuals[count:], wanted.lowest_errors,
            space.basis.T, trace, space.products, self._rounding,
            _neighbours(wanted, self._rounding, len(space.basis.T)), self.converged, self.coarse,
        )  # fmt: skip


def _neighbours(wanted: _Wanted, rounding: float, size: int) -> Neighbours:
    """Return where the eigenvalues are that the top of n Ritz values stands for, and where all others of `size` are."""
    bounds, k, n = wanted.bounds, len(wanted.top), len(wanted.bounds.values)
    # the places are the last a of 0 .. n - 1, descending, and then the first k - a, descending
    a = int((wanted.top_places >= n - np.arange(1, k + 1)).sum())
    b = k - a
    low = np.append(bounds.values[::-1][:a], bounds.below[:b][::-1]) - rounding
    high = np.append(bounds.above[:a], bounds.values[:b][::-1]) + rounding
    if k == size:
        return Neighbours(low, high, a, None)
    # where all Ritz values are of the top, others are at least no larger than the last of them
    least, most = bounds.below[min(b, n - 1)], bounds.above[min(a, n - 1)]
    return Neighbours(low, high, a, (float(least) - rounding, float(most) + rounding))


def _top(bounds: Bounds, count: int, rounding: float) -> tuple[Places, Vector]:
    """Return which Ritz values are the `count` largest by magnitude, descending in value, and their error bars.

    A top of a values from above and count - a from below is possible where the a-th from above may be as large as the
    next one from below, and the last one from below as large as the next one from above. Where more than one a is
    possible, an error bar covers what each of them has at its place.
    """
    values, n = bounds.values, len(bounds.values)
    high = np.stack([values[::-1] - rounding, bounds.above + rounding])  # (2, n) the j-th largest lies between
    low = np.stack([bounds.below - rounding, values + rounding])  # (2, n) the j-th smallest
    chosen = np.sort(np.argsort(-np.abs(values), kind="stable")[:count])[::-1]
    errors = np.zeros(len(chosen))
    for above in range(len(chosen) + 1):
        below = len(chosen) - above
        if above and below < n and high[1, above - 1] < -low[1, below]:
            continue
        if below and above < n and -low[0, below - 1] < high[0, above]:
            continue
        intervals = np.concatenate([high[:, :above], low[:, :below][:, ::-1]], axis=1)
        errors = np.maximum(errors, np.abs(intervals - values[chosen]).max(axis=0))
    return chosen, errors
