"""The whole spectrum of the Hessian at some points of a path."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ramble.spectra.counts import counts_above
from ramble.studies.paths.drawing.eigenvalues import eigenvalues
from ramble.studies.paths.drawing.sources import Source, Sources, position, read_sources
from ramble.studies.paths.drawing.style import Files, styled

STYLES = (("#0072B2", "-"), ("#D55E00", "--"), ("#009E73", "-."), ("#CC79A7", ":"))
PLACES = 200  # along the axis
DECADES = 5  # below the largest eigenvalue


def draw(files: Files) -> Figure:
    """Draw the files `paths`, `spectra` and `density`; see `draw_density`."""
    return draw_density(read_sources(files, "density"))


def draw_density(sources: Sources) -> Figure:
    """Draw how many eigenvalues lie above and, on the negative side, below each place.

    The number is the integral of the spectral density, which needs no width of a kernel. Bands are standard errors
    over the random vectors, steps are the quadrature's nodes; the marks are the largest eigenvalues themselves.
    """
    shown = sources.shown
    assert shown.spectra is not None
    assert shown.part is not None
    axis, size = position([shown]), shown.weights
    known = eigenvalues(shown.spectra)
    largest = float(known.to_numpy().max())
    places = np.geomspace(largest * 10.0**-DECADES, 1.2 * largest, PLACES)
    with styled():
        figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.4), sharey=True)
        for (point, rows), (colour, line) in zip(shown.part.groupby("point"), STYLES, strict=False):
            label = f"${axis.column}$ = {rows[axis.column].iloc[0]:.2f}"
            _draw_counts(left, rows, places, size, colour, line, label)
            _draw_counts(right, rows.assign(node=-rows.node), places, size, colour, line, label)
            _mark_known(left, shown, int(str(point)), colour)
        left.set_xlabel(r"$\lambda$")
        right.set_xlabel(r"$-\lambda$")
        left.set_ylabel(f"number of eigenvalues, of {size}")
        crossed = "" if shown.spectra.converged.all() else "\nx: not converged"
        left.set_title(rf"(a) larger than $\lambda$ (marks: the top {known.shape[1]}, where known){crossed}")
        right.set_title("(b) smaller than a negative $\\lambda$")
        for axes in (left, right):
            axes.set_xscale("log")
            axes.set_yscale("log")
            axes.set_ylim(0.5, 2 * size)
        right.legend(loc="upper right")
        figure.suptitle(shown.title, x=0.01, ha="left", fontsize=9)
    return figure


def _draw_counts(
    axes: Axes, rows: pd.DataFrame, places: np.ndarray, size: int, colour: str, line: str, label: str
) -> None:
    counts = counts_above(rows, places, size)
    axes.plot(places, np.where(counts.mean > 0, counts.mean, np.nan), color=colour, linestyle=line, label=label)
    low, high = np.maximum(counts.mean - counts.error, 1e-3), np.maximum(counts.mean + counts.error, 1e-3)
    axes.fill_between(places, low, high, color=colour, alpha=0.2, linewidth=0)


def _mark_known(axes: Axes, shown: Source, point: int, colour: str) -> None:
    """Mark the eigenvalues that Lanczos found at this point, where it looked there; crossed if not converged."""
    assert shown.spectra is not None
    row = shown.spectra[shown.spectra.point == point]
    found = eigenvalues(row).to_numpy()
    if len(found):
        marker = "." if row.converged.all() else "x"
        axes.plot(found[0], np.arange(1, found.shape[1] + 1), linestyle="none", marker=marker, color=colour)
