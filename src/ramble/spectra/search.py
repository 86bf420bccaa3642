"""When a search for both ends of a spectrum begins a new run, and when it stops."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from ramble.spectra.bounds import MISSED, Limits, Ritz, limits, run_ends
from ramble.spectra.lanczos import KrylovSpace
from ramble.spectra.wanted import Wanted

Rounding = Callable[[float], float]  # largest |eigenvalue| -> bound on |A - what the products do| (spectral norm)

ROOM = 0.8  # of the tolerance, that rounding may take at most: a few products more, and all else is within the rest
LOOKS = 40  # a look costs more the more vectors there are, and is taken the more rarely
LOOSE = 0.02  # of the smallest of the top: Ritz vectors with larger residuals are not kept
ROUNDINGS = 10.0  # as many times the rounding is as close as products in the finest dtype can tell


class Search:
    """When to begin a new run, and when to stop; the arguments are those of `ends.lanczos_ends`.

    Attributes:
        over: is there nothing more to do?
        converged: were all errors within the tolerance?
        coarse: did rounding leave no room for the tolerance, so that the search was given up?
    """

    def __init__(
        self,
        space: KrylovSpace,
        top: int,
        bottom: int,
        tolerance: float,
        rounding: Rounding,
        sharper: Callable[[float], bool],
    ) -> None:
        self.space, self._top, self._bottom = space, top, bottom
        self._tolerance, self._rounding_of, self._sharper = tolerance, rounding, sharper
        self._rounding: float | None = None  # asked for when the top is nearly known: to measure it takes products
        self._everything = Limits(-np.inf, np.inf)  # what the first run says of all eigenvalues
        self._first_is_over = False
        self._kept: Ritz | None = None  # the basis that the present run began with: its limits are for the complement
        self._kept_runs = 0  # the number of runs then
        self._nested = 1  # the first of the runs whose complements each hold the next one
        self._finest = space.basis.dtype == torch.float64
        self.over = self.coarse = self.converged = False

    def run(self) -> None:
        """Make products until the search is over, or the budget."""
        while self.space.room and not self.over:
            for _ in range(min(self.space.room, 1 + self.space.size // LOOKS)):
                self.space.grow()
            self.look()

    def look(self) -> None:
        """Decide what the products so far allow."""
        space = self.space
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
        if self._kept is None or len(self.space.runs) > self._kept_runs:
            return [ritz]
        return [self._kept.within(self.space.size), ritz]

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
        if self.space.within_budget:
            return np.ones(len(ritz.values), dtype=bool)
        magnitudes = np.abs(ritz.values)
        order = np.argsort(-magnitudes, kind="stable")
        kept: NDArray[np.bool_] = ritz.rests <= LOOSE * magnitudes[order[self._top - 1]]
        kept[order[: self._top]] = kept[: self._bottom] = True
        return kept

    def _exhausted(self, ritz: Ritz) -> bool:
        """Say whether the present run can no longer show that nothing is missing: not within its own Ritz values."""
        assert self._rounding is not None
        run = self.space.runs[-1]
        if not run.diagonal:
            return False
        seen, rounding = Limits(*run_ends(run)), self._rounding
        return not any(self._near(each, seen, rounding) for each in self._views(ritz))

    def _limits(self) -> Limits:
        """Return the limits for the complement; the first run was on A, which has it as a compression."""
        runs = self.space.runs
        if len(runs) == 1:
            return self._everything
        missed = MISSED / (len(runs) - 1) ** 2
        return limits(runs[self._nested :], self.space.largest, runs[:1], missed)

    def _wanted(self, ritz: Ritz, complement: Limits, rounding: float) -> Wanted:
        return Wanted.of(ritz.bounds(complement, self._everything), self._top, self._bottom, rounding)

    def found(self) -> tuple[Ritz, Wanted, float]:
        """Return what is known, and the rounding that is part of it, in the view that has the smaller error bars."""
        ritz, complement = Ritz(self.space), self._limits()
        if self._rounding is None:
            self._rounding = self._rounding_at(ritz)
        views = [(each, self._wanted(each, complement, self._rounding), self._rounding) for each in self._views(ritz)]
        return min(views, key=lambda view: view[1].worst)
