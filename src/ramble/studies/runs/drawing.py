"""Loss and accuracy of the runs of a grid, by epoch."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ramble.store.artifacts import read_table
from ramble.studies.paths.drawing.style import Files, styled

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
LARGEST_LOSS = 10.0  # nats: a run that is above at its end would press all others flat on a common axis
PANELS = (
    ("minibatch_loss", "(a) loss on the minibatches of an epoch", "loss (nats)"),
    ("validation_loss", "(b) validation loss", "loss (nats)"),
    ("train_accuracy", "(c) accuracy on the training images", "accuracy (%)"),
    ("validation_accuracy", "(d) validation accuracy", "accuracy (%)"),
)


def draw(files: Files) -> Figure:
    """Draw the files `tables`, called <setting>-<number>.csv; see `draw_runs`."""
    runs: dict[str, list[pd.DataFrame]] = {}
    for file in files["tables"]:
        runs.setdefault(Path(file).stem.rpartition("-")[0], []).append(read_table(file))
    return draw_runs(runs)


def draw_runs(runs: Mapping[str, list[pd.DataFrame]]) -> Figure:
    """Draw the median over the runs of each setting, and their range as a band, against epochs.

    Losses have a linear axis that ends at the largest one of settings that end below `LARGEST_LOSS`; what goes beyond
    it is said beside the curve's name.

    Args:
        runs: {setting: tables of its runs}.
    """
    with styled():
        figure, grid = plt.subplots(2, 2, figsize=(7.2, 5.6), sharex=True)
        for axes, (column, title, label) in zip(grid.flat, PANELS, strict=True):
            share = column.endswith("accuracy")
            for colour, (name, tables) in zip(_cycled(len(runs)), runs.items(), strict=True):
                _curve(axes, tables, column, 100.0 if share else 1.0, colour, _named(name, tables))
            axes.set_title(title)
            axes.set_ylabel(label)
            if share:
                axes.set_ylim(-2, 102)
            else:
                axes.set_ylim(0, 1.05 * _top(runs, column))
        for axes in grid[1]:
            axes.set_xlabel("epochs")
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def _curve(axes: Axes, tables: list[pd.DataFrame], column: str, factor: float, colour: str, label: str) -> None:
    """Draw one setting; losses that are no numbers are not drawn, and those of fewer runs are of the others."""
    both = pd.concat(tables).replace([np.inf, -np.inf], np.nan).dropna(subset=[column])
    by_epoch = both.groupby("epoch")[column]
    middle, low, high = (factor * part for part in (by_epoch.median(), by_epoch.min(), by_epoch.max()))
    axes.plot(middle.index, middle, color=colour, label=label, marker="o" if len(middle) == 1 else "")
    axes.fill_between(middle.index, low, high, color=colour, alpha=0.2, linewidth=0)


def _named(name: str, tables: list[pd.DataFrame]) -> str:
    last = max(float(table.validation_loss.iloc[-1]) for table in tables)
    beyond = "" if last <= LARGEST_LOSS else f" (validation loss {last:.1e}, off the axes)"
    return f"{name}, {len(tables)} run{'s' * (len(tables) > 1)}{beyond}"


def _top(runs: Mapping[str, list[pd.DataFrame]], column: str) -> float:
    values = [table[column].to_numpy() for tables in runs.values() for table in tables]
    shown = [own[np.isfinite(own)] for own in values]
    most = [float(own.max()) for own in shown if len(own) and own[-1] <= LARGEST_LOSS]
    return min(LARGEST_LOSS, max(most)) if most else LARGEST_LOSS


def _cycled(count: int) -> list[str]:
    return [COLOURS[number % len(COLOURS)] for number in range(count)]
