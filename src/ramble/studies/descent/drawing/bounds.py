"""What noise adds to the loss in one step, beside the last term of Theorem 3 in both readings."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from ramble.store.artifacts import read_table
from ramble.studies.paths.drawing.style import Files, styled


def draw(files: Files) -> Figure:
    """Draw a panel a loss: a point for each place that was looked at, and both readings of the term as lines."""
    table = read_table(files["bounds"][0])
    panels = list(table.groupby(["problem", "scale"], sort=False))
    with styled():
        figure, row = plt.subplots(1, len(panels), figsize=(2.6 * len(panels), 3.5), squeeze=False)
        for letter, axes, ((problem, scale), own) in zip("abcdefgh", row[0], panels, strict=False):
            _panel(axes, own)
            inputs = f", inputs x {scale:g}" if problem == "logistic" else ""
            axes.set_title(f"({letter}) {problem}{inputs}\nL = {own.smoothness.iloc[0]:.3g}")
            axes.set_xlabel("step size a")
        row[0, 0].set_ylabel("E F(w - a g) - F(w)\n" r"$+\, a\,(1 - a L M_G / 2)\, |\nabla F|^2$  (nats)")
        figure.legend(*row[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _panel(axes: Axes, own: pd.DataFrame) -> None:
    """Draw what is left of the expected change when the term with |grad F|^2 is taken away: Theorem 3 bounds it."""
    first = own.iloc[0]
    squared, printed = own.expected - own.bound_fitted, own.expected - own.bound_printed
    term = own.rate**2 * own.smoothness * own.constant / 2
    left = squared + term
    assert np.allclose(left, printed + own.rate * own.smoothness * own.constant / 2, rtol=1e-6, atol=1e-9)
    shown = left > 0
    axes.loglog(
        own.rate[shown], left[shown], ".", color="#0072B2", markersize=4, label="measured, a point each", zorder=3
    )
    rates = np.geomspace(own.rate.min() / 1.5, own.rate.max() * 1.5, 30)
    noise = first.smoothness * first.constant / 2
    axes.loglog(rates, rates**2 * noise, color="black", label=r"$a^2 L M / 2$")
    axes.loglog(rates, rates * noise, color="#D55E00", linestyle="--", label=r"$a L M / 2$, as printed")
    axes.set_ylim(bottom=0.3 * float(left[shown].min()))
    axes.xaxis.set_major_locator(LogLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())  # they overlap on an axis of one decade
