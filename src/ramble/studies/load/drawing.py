"""Training and tracking against the load alpha = M / N."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ramble.measure.intervals import wilson
from ramble.store.artifacts import read_table
from ramble.studies.paths.drawing.style import Files, styled

STYLES = {"guarded": ("#0072B2", "o", "-"), "paper": ("#D55E00", "s", "--"), "paper_tuned": ("#CC79A7", "D", ":")}
TRAINED = ("#009E73", "^", "-")


def draw(files: Files) -> Figure:
    """Draw the files `tables`, in the folders of their studies; see `draw_loads`."""
    return draw_loads({Path(file).parent.name: read_table(file) for file in files["tables"]})


def draw_loads(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw, one column per study: pairs joined, gradients spent on a pair, and restarts that reach S.

    Intervals count pairs as independent; those of one data set are not, so a step between loads needs more than two
    intervals that just do not touch.
    """
    with styled():
        size = (max(5.0, 3.2 * len(tables)), 6.0)
        figure, grid = plt.subplots(3, len(tables), figsize=size, squeeze=False, sharex="col", sharey="row")
        for (study, table), (top, middle, bottom) in zip(tables.items(), grid.T, strict=True):
            for tracker, own in table.groupby("tracker", sort=False):
                _shares(top, own, "joined", "pairs", STYLES[str(tracker)], f"tracker {tracker}")
                _effort(middle, own, STYLES[str(tracker)])
            first = table[table.tracker == table.tracker.iloc[0]]  # every tracker repeats the restarts
            _shares(bottom, first, "reached", "restarts", TRAINED, "restarts")
            top.set_title(f"(a) {study}: pairs joined (grey: pairs per tracker)")
            middle.set_title("(b) gradients per pair, joined or not")
            bottom.set_title(f"(c) restarts that reach {_goal(table)}")
            bottom.set_xlabel(r"load $\alpha = M / N$ (patterns per input)")
            _count_pairs(top, first)
            top.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
        for axes in grid[[0, 2], 0]:
            axes.set_ylabel("share (%),\n95 % interval")
            axes.set_ylim(-5, 116)
            axes.set_yticks(range(0, 101, 25))
        grid[1, 0].set_ylabel("gradients")
        grid[1, 0].set_ylim(0, 1.1 * grid[1, 0].get_ylim()[1])
    return figure


def _goal(table: pd.DataFrame) -> str:
    """Say how many errors the solutions of a study may make: those at its largest load, where they are a share."""
    if "max_errors" not in table:
        return "zero errors"
    most = int(table.max_errors.max())
    return f"at most {most} error{'s' * (most > 1)}"


def _effort(axes: Axes, table: pd.DataFrame, style: tuple[str, str, str]) -> None:
    sums = table.groupby("alpha")[["gradients", "pairs"]].sum()
    sums = sums[sums.pairs > 0]
    colour, marker, line = style
    axes.plot(sums.index, sums.gradients / sums.pairs, color=colour, marker=marker, linestyle=line)


def _shares(axes: Axes, table: pd.DataFrame, part: str, whole: str, style: tuple[str, str, str], label: str) -> None:
    """Draw part / whole against alpha, data sets taken together, where there is anything to divide by."""
    sums = table.groupby("alpha")[[part, whole]].sum()
    sums = sums[sums[whole] > 0]
    shares = 100 * sums[part] / sums[whole]
    bounds = [wilson(int(some), int(all_)) for some, all_ in zip(sums[part], sums[whole], strict=True)]
    below = [share - 100 * low for share, (low, _) in zip(shares, bounds, strict=True)]
    above = [100 * high - share for share, (_, high) in zip(shares, bounds, strict=True)]
    colour, marker, line = style
    # a share of 0 or 1 is its own bound but for rounding
    errors = [[max(0.0, size) for size in side] for side in (below, above)]
    axes.errorbar(
        sums.index, shares, yerr=errors, color=colour, marker=marker, linestyle=line, capsize=2.5, label=label,
        elinewidth=0.8,
    )  # fmt: skip


def _count_pairs(axes: Axes, table: pd.DataFrame) -> None:
    """Write over each load how many pairs there were: few pairs say little."""
    for alpha, pairs in table.groupby("alpha").pairs.sum().items():
        axes.annotate(
            f"{pairs}", (float(str(alpha)), 109), ha="center", va="center", fontsize=7, color="0.35",
        )  # fmt: skip
