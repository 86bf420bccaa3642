"""The solution region in the plane of a real path."""

from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure

from ramble.store.artifacts import read_table
from ramble.studies.paths.drawing.sources import Source, read_sources
from ramble.studies.paths.drawing.style import Files, styled

BANDS = (5, 20, 60)  # each band starts at so many errors; before them come the solution region and what is near it
SHADES = ("#bfe3d4", "#f4f4f4", "#dcdcdc", "#bdbdbd", "#979797")


def draw(files: Files) -> Figure:
    """Draw the plane of the files `grid` and `curve`, with the path among `paths` that it was cut through."""
    return draw_plane(*read_plane(files))


def read_plane(files: Files) -> tuple[pd.DataFrame, pd.DataFrame, Source]:
    """Return the tables `grid` and `curve`, and the path among `paths`, as `draw_plane` takes them."""
    (grid,), (curve,) = files["grid"], files["curve"]
    return read_table(grid), read_table(curve), read_sources(files).shown


def draw_plane(grid: pd.DataFrame, curve: pd.DataFrame, shown: Source) -> Figure:
    """Draw the errors in the plane through W_a, W_b and the path's farthest point, with the line and the path.

    Args:
        grid: u, v, errors.
        curve: point, t, u, v, off_plane.
        shown: the path.
    """
    title = f"{shown.walk};\ntracker {shown.tracker}, it strays up to {curve.off_plane.max():.2g} from this plane"
    table = grid.pivot_table(index="v", columns="u", values="errors")
    end, most = distance_of_ends(curve), int(grid.errors.max())
    outside = shown.max_errors + 1
    bands = (0, outside, *(band for band in BANDS if band > outside))
    edges = [*(band for band in bands if band <= most), most + 1]
    with styled():
        figure, axes = plt.subplots(figsize=(5.0, 4.0))
        shades = ListedColormap(SHADES[: len(edges) - 1])
        norm = BoundaryNorm([edge - 0.5 for edge in edges], shades.N)
        picture = axes.pcolormesh(table.columns, table.index, table.to_numpy(), cmap=shades, norm=norm, rasterized=True)
        axes.contour(
            table.columns, table.index, table.to_numpy(), levels=[outside - 0.5], colors="#00694a", linewidths=0.8
        )
        axes.plot([0, end], [0, 0], color="#D55E00", linestyle="--", label="straight line")
        axes.plot(curve.u, curve.v, color="#0072B2", marker=".", markersize=3, label="path, projected on the plane")
        for u, name, offset in ((0.0, "$W_a$", (-20, -12)), (end, "$W_b$", (5, -4))):
            axes.plot([u], [0], "ko", markersize=4.5)
            axes.annotate(name, (u, 0), xytext=offset, textcoords="offset points")
        axes.grid(False)
        axes.set_aspect("equal")
        axes.set_xlabel("weight distance along $W_b - W_a$ (Euclidean)")
        axes.set_ylabel("weight distance across (Euclidean)")
        axes.set_title(title, fontsize=8.5)
        figure.legend(loc="outside lower center", ncols=2)
        centres = [(low + high - 1) / 2 for low, high in pairwise(edges)]
        bar = figure.colorbar(picture, ax=axes, shrink=0.8, ticks=centres)
        bar.ax.set_yticklabels([_band_name(low, high - 1) for low, high in pairwise(edges)])
        bar.set_label("errors on the training set")
    return figure


def distance_of_ends(curve: pd.DataFrame) -> float:
    """Return |W_b - W_a| from the last point: t = 1 - |W_b - W_x| / |W_b - W_a|, and the first axis points to W_b."""
    last = curve.iloc[-1]
    if last.t == 1.0:
        return float(last.u)
    # (end - u)^2 + v^2 + off^2 = (1 - t)^2 end^2, the larger root
    a, b, c = 1 - (1 - last.t) ** 2, -2 * last.u, last.u**2 + last.v**2 + last.off_plane**2
    return float((-b + np.sqrt(max(b * b - 4 * a * c, 0.0))) / (2 * a))


def _band_name(first: int, last: int) -> str:
    if first == 0:
        return f"{'0 to ' * (last > 0)}{last}: solution\nregion"
    return f"{first}" if first == last else f"{first} to {last}"
