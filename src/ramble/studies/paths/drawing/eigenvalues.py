"""Eigenvalue curves, as several figures share them."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

LIGHTEST = 0.8  # grey of the last eigenvalue
UNCONVERGED = "not converged"


def eigenvalues(spectra: pd.DataFrame) -> pd.DataFrame:
    """Return the columns eig_1, eig_2, .. of a table of spectra."""
    return spectra[[column for column in spectra.columns if str(column).startswith("eig_")]]


def errors(spectra: pd.DataFrame) -> pd.DataFrame:
    """Return the columns error_1, error_2, ..: bounds on the errors of the eigenvalues."""
    return spectra[[column for column in spectra.columns if str(column).startswith("error_")]]


def mark_unconverged(axes: Axes, along: pd.Series, values: pd.DataFrame, converged: pd.Series) -> None:
    """Cross the values (points, n) whose point has `converged` 0, where there are any."""
    if not converged.all():
        crosses = axes.plot(along, values[converged == 0].reindex(values.index), "x", color="#CC79A7", zorder=4)
        if UNCONVERGED not in axes.get_legend_handles_labels()[1]:
            crosses[0].set_label(UNCONVERGED)


def draw_eigenvalues(
    axes: Axes, along: str, spectra: pd.DataFrame, values: pd.DataFrame, labelled: int, every: int = 1
) -> None:
    """Draw one line per eigenvalue, on a logarithmic axis: the first few in colour, of the others each `every`-th.

    Each comes with its error bars; those shorter than the line is thick cannot be seen. Points that did not converge
    are crossed.

    Args:
        axes: where.
        along: column of `spectra` with the place on the path.
        spectra: the table.
        values: its eigenvalues (points, k), NaN where they are not to be drawn.
        labelled: how many are in colour.
        every: of the others.
    """
    places, bounds = spectra[along], errors(spectra)
    drawn = []
    styles = (("#0072B2", "-"), ("#D55E00", "--"), ("#009E73", "-."))
    greys = np.linspace(0.25, LIGHTEST, max(values.shape[1] - labelled, 1))
    for number in range(values.shape[1]):
        column = values.iloc[:, number]
        if column.notna().sum() == 0:
            continue
        if number < labelled:
            colour, line = styles[number]
            axes.plot(places, column, color=colour, linestyle=line, label=rf"$\lambda_{number + 1}$", zorder=3)
        elif (number + 1) % every == 0:
            colour = str(greys[number - labelled])
            axes.plot(places, column, color=colour, linewidth=0.6)
        else:
            continue
        axes.errorbar(places, column, yerr=bounds.iloc[:, number], fmt="none", ecolor=colour, elinewidth=0.6)
        drawn.append(number)
    mark_unconverged(axes, places, values.iloc[:, drawn], spectra.converged)
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.5 * float(np.nanmin(values.to_numpy())))  # a bar that reaches 0 would stretch the axis
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
