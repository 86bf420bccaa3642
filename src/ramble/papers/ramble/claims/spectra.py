"""The claims on the signs and the number of the Hessian's eigenvalues."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ramble.measure.nonzero import SCALE, THREE, regimes_of_three
from ramble.measure.spread import spread
from ramble.papers.claim import Claim, at_least, decided, median
from ramble.papers.ramble.claims import statistics
from ramble.papers.ramble.claims.counts import NonZeroCounts
from ramble.papers.ramble.claims.evidence import PathEvidence
from ramble.papers.ramble.thresholds import Thresholds


def none_negative(study: str, where: str, paths: Sequence[PathEvidence], limits: Thresholds) -> Claim:
    """Judge whether no eigenvalue is negative, beyond zero and the error bars; a point within these is undecided."""
    tables = pd.concat([path.spectra for path in paths])
    largest = np.concatenate([np.abs(statistics.eigenvalue_table(path.spectra)).max(axis=1) for path in paths])
    lowest = tables.most_negative.to_numpy() / largest
    # an eigenvalue lies within the residual norm of each value found, and the lowest one within the error of the lowest
    some = lowest + tables.most_negative_residual.to_numpy() / largest < -limits.zero_eigenvalue
    none = lowest - tables.most_negative_error.to_numpy() / largest >= -limits.zero_eigenvalue
    return decided(
        "All non-zero eigenvalues are positive", where, study,
        f"share of points with no eigenvalue below -{limits.zero_eigenvalue:g} of the largest, error bars counted",
        (none & (tables.converged != 0).to_numpy(), some),
        f"most negative / largest {spread(lowest)}, {len(lowest)} points{_unconverged(paths)}", limits.positive_share,
    )  # fmt: skip


def number_constant(study: str, paths: Sequence[PathEvidence], limits: Thresholds) -> Claim:
    """Judge whether as many eigenvalues differ from zero all along a path."""
    counts = [_counts(path, limits) for path in paths]
    # of fewer than three points nothing is constant
    known = [count.modal_share if len(count.least) > 2 else (float("nan"), float("nan")) for count in counts]
    least, most = (median(shares) for shares in zip(*known, strict=True))
    opened = least < limits.constant_share <= most
    told = f"{spread([sure for sure, _ in known])}; numbers {_range(counts)}{_unconverged(paths)}"
    return at_least(
        "The number of non-zero eigenvalues is constant along a path", "3.1, Fig. 2", study,
        "share of a path's points with the most frequent number, median over pairs",
        float("nan") if opened else least, told, limits.constant_share,
    )  # fmt: skip


def three(study: str, paths: Sequence[PathEvidence], limits: Thresholds, nonzero: pd.DataFrame | None) -> Claim:
    """Judge whether that number is three; `nonzero`, where it was measured, tells in which regime it would be."""
    counts = [_counts(path, limits) for path in paths]
    surely, surely_not = zip(*(count.is_most_frequent(THREE) for count in counts), strict=True)
    modes = [count.most_frequent for count in counts]
    told = spread([float("nan") if mode is None else mode for mode in modes])
    return decided(
        "There are three non-zero eigenvalues", "3.1, Fig. 2", study, "share of pairs whose most frequent number is 3",
        (surely, surely_not), f"most frequent number {told}{_unconverged(paths)}{_regime(nonzero)}",
        limits.constant_share,
    )  # fmt: skip


def _counts(path: PathEvidence, limits: Thresholds) -> NonZeroCounts:
    return NonZeroCounts.of(path.spectra, path.weights, limits.zero_eigenvalue)


def _range(counts: Sequence[NonZeroCounts]) -> str:
    least, most = min(int(count.least.min()) for count in counts), max(int(count.most.max()) for count in counts)
    open_points = sum(int((count.least < count.most).sum()) for count in counts)
    return f"{least} to {most}" + (f", {open_points} points undecided" if open_points else "")


def top_positive(study: str, paths: Sequence[PathEvidence], limits: Thresholds) -> Claim:
    """Judge whether the top is positive, error bars counted; a point within these is undecided."""
    values = np.concatenate([statistics.eigenvalue_table(path.spectra) for path in paths])
    bounds = np.concatenate([statistics.eigenvalue_errors(path.spectra) for path in paths])
    smallest, sizes = values.min(axis=1), np.abs(values)
    relative = np.divide(bounds, sizes, out=np.where(bounds > 0, np.inf, 0.0), where=sizes > 0).max()
    return decided(
        "The top eigenvalues are all positive", "3.2, Fig. 4", study,
        "share of points with the whole top positive, error bars counted",
        ((values - bounds).min(axis=1) > 0, (values + bounds).min(axis=1) <= 0),
        f"smallest of the top {spread(smallest)}; largest relative error bar {relative:.2g}{_unconverged(paths)}",
        limits.positive_share,
    )  # fmt: skip


def _unconverged(paths: Sequence[PathEvidence]) -> str:
    """Say at how many points the eigenvalues did not converge, where there are any."""
    flags = np.concatenate([path.spectra.converged.to_numpy() for path in paths])
    return f"; {(flags == 0).sum()} of {len(flags)} points not converged" if (flags == 0).any() else ""


def _regime(nonzero: pd.DataFrame | None) -> str:
    """Say where three is right: for which factors on the weights the median over the solutions is exactly three."""
    if nonzero is None:
        return ""
    thresholds: dict[str, list[str]] = {}  # by the factors that have a median of three
    for regime in regimes_of_three(nonzero):
        if (regime.where, regime.varied) == ("solution", SCALE):
            thresholds.setdefault(regime.at, []).append(f"{regime.threshold:g}")
    found = [
        f"weights times {at} (zero below {', '.join(several)} of the largest)"
        for at, several in thresholds.items()
        if at
    ]
    return f"; the median over the solutions is {THREE} with {' and '.join(found) or 'no factor tried on the weights'}"
