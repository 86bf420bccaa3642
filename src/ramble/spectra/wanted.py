"""Which Ritz pairs are reported, and how far the eigenvalues that they stand for may be."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ramble.spectra.bounds import Bounds
from ramble.spectra.lanczos import Vector

Places = NDArray[np.intp]


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
class Wanted:
    """The top and the most negative ones of some Ritz pairs."""

    top: Vector  # (k,)
    top_places: Places  # (k,) among the ascending Ritz values
    top_errors: Vector  # (k,)
    lowest: Vector  # (m,)
    lowest_errors: Vector  # (m,)
    bounds: Bounds  # that the errors come from

    @classmethod
    def of(cls, bounds: Bounds, top: int, bottom: int, rounding: float) -> "Wanted":
        """Take them from the bounds for an operator that is at most `rounding` from the true one (Weyl)."""
        places, errors = _top(bounds, top, rounding)
        lowest = bounds.values[:bottom]
        return cls(bounds.values[places], places, errors, lowest, lowest - bounds.below[:bottom] + rounding, bounds)

    @property
    def order(self) -> Places:
        """Places (k + m,) among the ascending Ritz values: of the top, and then of the lowest."""
        return np.append(self.top_places, np.arange(len(self.lowest)))

    @property
    def least(self) -> float:
        """The smallest magnitude of the top."""
        return float(np.abs(self.top).min())

    @property
    def worst(self) -> float:
        """The largest error."""
        return float(max(self.top_errors.max(), self.lowest_errors.max(initial=0.0)))


def neighbours_of(wanted: Wanted, rounding: float, size: int) -> Neighbours:
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
