"""How far many solutions of one data set are joined, pair by pair and as a graph."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ramble.store.artifacts import read_table
from ramble.studies.paths.drawing.style import Files, styled

JOINED, COMPONENTS = "#0072B2", "#D55E00"


@dataclass(frozen=True)
class Graph:
    """The tables of one study."""

    study: str
    pairs: pd.DataFrame  # one row per pair, see `PairOfSolutions`
    components: pd.DataFrame  # one row per data set


def draw(files: Files) -> Figure:
    """Draw the files `pairs` and `components`, in the folders of their studies; see `draw_connectivity`."""
    tables = zip(files["pairs"], files["components"], strict=True)
    return draw_connectivity(
        [Graph(Path(pairs).parent.name, read_table(pairs), read_table(components)) for pairs, components in tables]
    )


def draw_connectivity(graphs: list[Graph]) -> Figure:
    """Draw, one column per study: share of joined pairs, connected components, path length against distance."""
    with styled():
        figure, grid = plt.subplots(
            3, len(graphs), figsize=(max(5.0, 2.4 * len(graphs)), 6.0), squeeze=False, height_ratios=(1, 1, 2)
        )
        for graph, (top, middle, bottom) in zip(graphs, grid.T, strict=True):
            solutions = " or ".join(str(count) for count in sorted(set(graph.components.solutions)))
            top.set_title(f"{graph.study}\n{solutions} solutions per data set")
            _shares(top, graph.components)
            _components(middle, graph.components)
            _lengths(bottom, graph.pairs)
        grid[0, 0].set_ylabel("joined directly\n(% of pairs;\n$-$n: not joined)")
        grid[1, 0].set_ylabel("connected\ncomponents")
        grid[2, 0].set_ylabel("length of the path (Euclidean)")
    return figure


def _shares(axes: Axes, components: pd.DataFrame) -> None:
    shares = 100 * components.joined / components.pairs
    axes.bar(components.dataset, shares, width=0.6, color=JOINED)
    for dataset, share, left in zip(components.dataset, shares, components.pairs - components.joined, strict=True):
        if left:  # how many are missing is what a bar of nearly 100 % cannot show
            axes.annotate(
                f"-{left}", (dataset, share), xytext=(0, 1), textcoords="offset points", ha="center", fontsize=7
            )
    axes.set_ylim(0, 115)
    axes.set_yticks([0, 50, 100])
    _datasets(axes, components)


def _components(axes: Axes, components: pd.DataFrame) -> None:
    axes.plot(components.dataset, components.components, color=COMPONENTS, marker="s", linestyle="none")
    highest = int(components.components.max())
    axes.set_ylim(0, max(2.2, 1.15 * highest))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.axhline(1, color="0.5", linewidth=0.7, linestyle=":", zorder=0)
    _datasets(axes, components)
    axes.set_xlabel("data set")


def _datasets(axes: Axes, components: pd.DataFrame) -> None:
    axes.set_xticks(components.dataset)
    middle = (components.dataset.min() + components.dataset.max()) / 2
    half = max(1.5, components.dataset.max() - middle + 0.7)
    axes.set_xlim(middle - half, middle + half)
    axes.grid(False, axis="x")


def _lengths(axes: Axes, pairs: pd.DataFrame) -> None:
    """One dot per joined pair; where the path is straight it lies on the dashed diagonal."""
    joined = pairs[pairs.joined]
    axes.set_xlabel("straight distance (Euclidean)")
    if joined.empty:
        axes.set_title("no pair is joined", fontsize=8)
        return
    lengths = joined.length_ratio * joined.distance
    # no line of that slope: a detour need not grow with the distance
    label = f"path (median {joined.length_ratio.median():.2f} x)"
    axes.scatter(joined.distance, lengths, s=6, alpha=0.35, color=JOINED, linewidths=0, rasterized=True, label=label)
    low, high = joined.distance.min(), joined.distance.max()
    ends = np.array([low, high]) + 0.05 * (high - low) * np.array([-1, 1])
    axes.plot(ends, ends, color="0.3", linestyle="--", linewidth=0.9, label="straight")
    axes.set_ylim(top=float(lengths.max()) + 0.35 * float(lengths.max() - low))  # room for the legend
    axes.legend(loc="upper left")
