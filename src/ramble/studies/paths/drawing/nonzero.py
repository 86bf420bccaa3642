"""How many eigenvalues of the Hessian differ from zero, against the scale of the weights and the gain of the loss."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ramble.measure.nonzero import GAIN, SCALE, THREE, medians
from ramble.store.artifacts import read_table
from ramble.studies.paths.drawing.style import Files, styled

WHERE = {"solution": "at the solutions", "path": "at points of the paths"}
VARIED = {SCALE: "factor on the weights", GAIN: "factor on the outputs in the loss"}
STYLES = (("#0072B2", "-"), ("#56B4E9", "--"), ("#009E73", "-."), ("#E69F00", (0, (5, 1, 1, 1))), ("#D55E00", ":"))
TICKS = (0, 1, 3, 10, 30, 100, 300)


def draw(files: Files) -> Figure:
    """Draw the file `table`; see `draw_nonzero`."""
    (table,) = files["table"]
    return draw_nonzero(read_table(table))


def draw_nonzero(counts: pd.DataFrame) -> Figure:
    """Draw the median number of eigenvalues above each threshold, and the published number, three.

    A row per kind of place, a column per varied quantity. The grey band reaches from the smallest to the largest number
    over the places, whatever the threshold; the axis is linear below 1, so that 0 has a place.

    Args:
        counts: see `ramble.measure.nonzero.count_nonzero`.
    """
    with styled():
        figure, grid = plt.subplots(2, 2, figsize=(7.0, 5.2), sharex="col", sharey=True)
        panels = [(where, varied) for where in WHERE for varied in VARIED]
        for letter, (where, varied), axes in zip("abcd", panels, grid.flat, strict=True):
            own = counts[(counts["where"] == where) & (counts.varied == varied)]
            _draw(axes, own)
            axes.set_title(f"({letter}) {WHERE[where]} ({own.place.nunique()} networks)")
            axes.set_yscale("symlog", linthresh=1, linscale=0.3)
            axes.set_yticks(TICKS, [str(tick) for tick in TICKS])
            axes.set_ylim(-0.15, 1.4 * max(TICKS))
            axes.minorticks_off()
        for axes, varied in zip(grid[1], VARIED, strict=True):
            axes.set_xlabel(VARIED[varied])
        for axes in grid[:, 0]:
            axes.set_ylabel("number of eigenvalues\n" + r"$\lambda_i \neq 0$, median")
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def _draw(axes: Axes, counts: pd.DataFrame) -> None:
    spread = counts.groupby("factor").number.agg(["min", "max"])
    axes.fill_between(
        spread.index, spread["min"], spread["max"], color="0.9", linewidth=0, label="smallest to largest, any threshold"
    )
    middle = medians(counts)
    for (threshold, own), (colour, line) in zip(middle.groupby("threshold"), STYLES, strict=False):
        label = rf"above {_power(float(str(threshold)))} $\lambda_1$"
        axes.plot(own.factor, own.number, color=colour, linestyle=line, label=label)
    axes.axhline(THREE, color="black", linewidth=0.8, linestyle=(0, (1, 2)), label="the paper: 3")
    axes.set_xscale("log")


def _power(threshold: float) -> str:
    exponent = round(float(np.log10(threshold)))
    return f"$10^{{{exponent}}}$" if np.isclose(threshold, 10.0**exponent) else f"{threshold:g}"
