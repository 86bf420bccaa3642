"""How many eigenvalues differ from zero along a path, as far as a table of spectra tells.

A table may hold the largest eigenvalues only, and each within an error bar: a number is known from below and above.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ramble.papers.ramble.claims.statistics import eigenvalue_errors, eigenvalue_table


@dataclass(frozen=True)
class NonZeroCounts:
    """The numbers of eigenvalues that differ from zero at T points: at least `least`, at most `most`."""

    least: NDArray[np.int64]  # (T,)
    most: NDArray[np.int64]  # (T,)

    @classmethod
    def of(cls, spectra: pd.DataFrame, weights: int, zero: float) -> "NonZeroCounts":
        """Count the eigenvalues whose magnitude exceeds `zero` times the largest of the same point.

        Args:
            spectra: a row a point: the k eigenvalues of largest magnitude, and their error bars.
            weights: how many eigenvalues there are in all.
            zero: see above.
        """
        sizes, errors = np.abs(eigenvalue_table(spectra)), eigenvalue_errors(spectra)
        largest = sizes.argmax(axis=1)[:, None]
        top, bar = (np.take_along_axis(values, largest, axis=1) for values in (sizes, errors))
        surely = sizes - errors > zero * (top + bar)
        surely_not = sizes + errors <= zero * (top - bar)
        stored = sizes.shape[1]
        # those that are not stored are no larger than the smallest that is
        others = np.where(surely_not.any(axis=1), 0, weights - stored)
        return cls(surely.sum(axis=1), stored - surely_not.sum(axis=1) + others)

    def number_of(self, count: int) -> tuple[int, int]:
        """Return at how many points the number surely is `count`, and at how many it may be."""
        possible = (self.least <= count) & (count <= self.most)
        return int((possible & (self.least == self.most)).sum()), int(possible.sum())

    @property
    def most_frequent(self) -> int | None:
        """The number at most points, the smallest of equals, as far as numbers are known; None where none is."""
        known = self.least[self.least == self.most]
        return int(np.bincount(known).argmax()) if len(known) else None

    @property
    def modal_share(self) -> tuple[float, float]:
        """The share of points that have the most frequent number: at least, and at most."""
        several = [self.number_of(count) for count in set(self.least.tolist())]
        sure, possible = (max(numbers) / len(self.least) for numbers in zip(*several, strict=True))
        return sure, possible

    def is_most_frequent(self, count: int) -> tuple[bool, bool]:
        """Tell whether `count` surely is the number at most points, and whether it surely is not."""
        sure, possible = self.number_of(count)
        # what is possible at most points is so at some lower end, and next to `count` where that is left out
        others = [self.number_of(other) for other in {*self.least.tolist(), count + 1} - {count}]
        best_sure, best_possible = (max(numbers) for numbers in zip(*others, strict=True))
        return sure > best_possible, best_sure >= possible
