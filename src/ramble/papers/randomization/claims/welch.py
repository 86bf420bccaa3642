"""How far apart two means are, with the error that comes of few runs."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

LEVEL = 0.95
METHOD = "95 % interval (Welch)"  # in the words of a statistic


def interval(first: NDArray[np.float64], second: NDArray[np.float64]) -> tuple[float, float]:
    """Return the interval of the mean of the first less that of the second, whose variances may differ.

    Where neither varies it is the difference itself. NaN where a number is not finite, or one stands alone: nothing is
    known then.
    """
    if min(len(first), len(second)) < 2 or not (np.isfinite(first).all() and np.isfinite(second).all()):
        return float("nan"), float("nan")
    (mean, own), (other, theirs) = _mean(first), _mean(second)
    with np.errstate(over="ignore", invalid="ignore"):  # of losses whose squares overflow nothing is known either
        both = own + theirs
        if not both:
            return mean - other, mean - other
        freedom = both**2 / (own**2 / (len(first) - 1) + theirs**2 / (len(second) - 1))
        half = float(t.ppf((1 + LEVEL) / 2, freedom) * np.sqrt(both))
    return mean - other - half, mean - other + half


def _mean(values: NDArray[np.float64]) -> tuple[float, np.float64]:
    """Return the mean and its variance; equal numbers have none, not even by rounding."""
    if not np.ptp(values):
        return float(values[0]), np.float64(0.0)
    with np.errstate(over="ignore"):
        return float(values.mean()), values.var(ddof=1) / len(values)
