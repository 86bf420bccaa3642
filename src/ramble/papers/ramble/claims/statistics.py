"""The statistics behind the verdicts, each on one curve or one table."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Curve = NDArray[np.float64]
ROUNDING = 1e-6  # of the largest value of a curve in float32: below it nothing is said of a difference
DEVIATIONS = 2  # standard errors by which an estimated value must differ from another one


def eigenvalue_table(spectra: pd.DataFrame) -> Curve:
    """Return the eigenvalues (points, k), descending in each row."""
    return spectra.filter(regex=r"^eig_\d+$").to_numpy()


def eigenvalue_errors(spectra: pd.DataFrame) -> Curve:
    """Return their error bars (points, k)."""
    return spectra.filter(regex=r"^error_\d+$").to_numpy()


def proportionality(x: Curve, y: Curve) -> float:
    """Return R^2 of y = c x, a fit through the origin, against the mean of y: 1 when proportional, <= 0 if useless."""
    slope = (x @ y) / (x @ x)
    residual, total = ((y - slope * x) ** 2).sum(), ((y - y.mean()) ** 2).sum()
    return float(1 - residual / total) if total > 0 else float("nan")


def turns(curve: Curve, threshold: float) -> float:
    """Count the changes of direction, ignoring moves smaller than `threshold` times the curve's range.

    A monotonic curve has none, nor one that is constant up to the rounding of float32; a bitonic one (up then down, or
    down then up) has one. NaN where the curve has a number that is not finite.
    """
    if not np.isfinite(curve).all():
        return float("nan")
    height = curve.max() - curve.min()
    if height <= ROUNDING * np.abs(curve).max():
        return 0
    step = threshold * height
    direction, count = 0, 0
    low = high = curve[0]
    for value in curve[1:]:
        low, high = min(low, value), max(high, value)
        if direction >= 0 and value < high - step:
            count, direction, low = count + (direction > 0), -1, value
        elif direction <= 0 and value > low + step:
            count, direction, high = count + (direction < 0), 1, value
        if direction > 0:
            low = value
        elif direction < 0:
            high = value
    return count


def rank_correlation(x: Curve, y: Curve) -> float:
    """Return Spearman's rank correlation, NaN where a curve is constant."""
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(pd.Series(x).rank().corr(pd.Series(y).rank()))


def minimum_at_ends(
    t: Curve, curve: Curve, error: Curve, window: float, *, arrived: bool
) -> tuple[list[bool], list[bool]]:
    """Tell for W_a, and for W_b where the path arrived, whether no point within `window` of that end lies lower.

    Args:
        t: of the points, from W_a on.
        curve: at the points.
        error: standard errors of the curve.
        window: in t.
        arrived: whether the last point is W_b.

    Returns:
        For each end whether that is surely so, and whether it surely is not: by `DEVIATIONS` standard errors of both
        points, and for one at least of other points in its window. Equal points are not lower.
    """
    low, high = curve - DEVIATIONS * error, curve + DEVIATIONS * error
    surely, surely_not = [], []
    for end, near in [(0, t <= window), (-1, t >= 1 - window)][: 1 + arrived]:
        others = near.copy()
        others[end] = False
        surely.append(bool(others.any() and (low[others] >= high[end]).all()))
        surely_not.append(bool((high[others] < low[end]).any()))
    return surely, surely_not
