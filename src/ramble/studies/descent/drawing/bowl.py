"""Gradient descent, overshooting, and stochastic gradient descent on the loss of two weights."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ramble.store.artifacts import read_table
from ramble.studies.paths.drawing.style import Files, styled

PANELS = (
    ("descent", "(a) descent", "#0072B2"),
    ("overshooting", "(b) descent, too large a rate", "#D55E00"),
    ("stochastic", "(c) one sample a step", "#009E73"),
)
LEVELS = 14


def draw(files: Files) -> Figure:
    """Draw the walks over contours of the loss, and below the loss of each against the step."""
    walks, contours = read_table(files["bowl"][0]), read_table(files["contours"][0])
    u, v = np.unique(contours.u), np.unique(contours.v)
    losses = contours.loss.to_numpy().reshape(len(u), len(v)).T
    minimum = walks[walks.run == "minimum"].iloc[0]
    with styled():
        figure, grid = plt.subplots(2, 3, figsize=(7.6, 4.5), height_ratios=(1.7, 1), sharey="row")
        for (run, title, colour), top, bottom in zip(PANELS, grid[0], grid[1], strict=True):
            own = walks[walks.run == run]
            # evenly spread in the root of the height above the minimum: as an even cut through a paraboloid
            heights = np.linspace(0, np.sqrt(losses.max() - minimum.loss), LEVELS + 2)[1:-1] ** 2
            top.contour(u, v, losses, levels=minimum.loss + heights, colors="0.75", linewidths=0.6)
            _walk(top, own, colour)
            top.plot(minimum.u, minimum.v, "k*", markersize=7, zorder=5)
            top.set_title(f"{title}\nrate {own['share'].iloc[0]:g} / L")
            top.set_xlabel("first weight")
            bottom.plot(own.step, own.loss, color=colour, linewidth=0.9)
            bottom.axhline(minimum.loss, color="black", linewidth=0.8, linestyle=":")
            bottom.set_xlabel("step")
        grid[0, 0].set_ylabel("second weight")
        grid[1, 0].set_ylabel("loss (nats)")
        grid[0, 2].legend(
            handles=[
                Line2D([], [], color="0.4", marker="o", markerfacecolor="white", linestyle="none", label="start"),
                Line2D([], [], color="black", marker="*", linestyle="none", markersize=7, label="minimum"),
            ],
            loc="upper right", frameon=True, framealpha=0.9, edgecolor="none",
        )  # fmt: skip
    return figure


def _walk(axes: Axes, own: pd.DataFrame, colour: str) -> None:
    axes.plot(own.u, own.v, color=colour, linewidth=0.8, marker=".", markersize=2.5)
    axes.plot(own.u.iloc[0], own.v.iloc[0], marker="o", color=colour, markerfacecolor="white", zorder=4)
    axes.grid(visible=False)
    axes.set_aspect("equal")  # or steps would not cross the contours at right angles
