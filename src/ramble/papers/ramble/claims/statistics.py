"""The statistics behind the verdicts, each on one curve or one table."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Curve = NDArray[np.float64]


def eigenvalue_table(spectra: pd.DataFrame) -> Curve:
    """Return the eigenvalues (points, k), descending in each row."""
    return spectra[[column for column in spectra.columns if str(column).startswith("eig_")]].to_numpy()


def non_zero_counts(spectra: pd.DataFrame, zero: float) -> NDArray[np.int64]:
    """Return the number of eigenvalues (points,) whose magnitude exceeds `zero` times the largest at the same point."""
    values = np.abs(eigenvalue_table(spectra))
    return np.asarray((values > zero * values.max(axis=1, keepdims=True)).sum(axis=1))


def modal_share(counts: NDArray[np.int64]) -> tuple[int, float]:
    """Return the most frequent count and the share of points that have it."""
    values, frequencies = np.unique(counts, return_counts=True)
    return int(values[frequencies.argmax()]), float(frequencies.max() / len(counts))


def proportionality(x: Curve, y: Curve) -> float:
    """Return R^2 of y = c x, a fit through the origin, against the mean of y: 1 when proportional, <= 0 if useless."""
    slope = (x @ y) / (x @ x)
    residual, total = ((y - slope * x) ** 2).sum(), ((y - y.mean()) ** 2).sum()
    return float(1 - residual / total) if total > 0 else float("nan")


def turns(curve: Curve, threshold: float) -> float:
    """Count the changes of direction, ignoring moves smaller than `threshold` times the curve's range.

    A monotonic curve has none, a bitonic one (up then down, or down then up) has one. NaN where the curve has one.
    """
    if np.isnan(curve).any():
        return float("nan")
    step = threshold * (curve.max() - curve.min())
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


def local_minimum_at_ends(t: Curve, curve: Curve, window: float, *, arrived: bool) -> list[bool]:
    """Tell for W_a, and for W_b where the path arrived, whether no point within `window` of that end lies lower.

    An end without another point in its window is left out: nothing is known of it.
    """
    near = [curve[t <= window]] + ([curve[t >= 1 - window][::-1]] if arrived else [])
    return [bool(values[0] <= values.min()) for values in near if len(values) > 1]
