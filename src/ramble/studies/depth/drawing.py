"""Values and gradients by layer: of products of linear layers, and of a network under several initialisations."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ramble.store.artifacts import read_table
from ramble.studies.paths.drawing.style import Files, styled

COLOURS = ("#0072B2", "#56B4E9", "#000000", "#E69F00", "#D55E00", "#CC79A7", "#009E73")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def draw(files: Files) -> Figure:
    """Draw the products beside c^l, and the root mean squares of outputs, gradients and weight gradients by layer."""
    products, layers = read_table(files["products"][0]), read_table(files["layers"][0])
    with styled():
        figure, ((first, second), (third, fourth)) = plt.subplots(2, 2, figsize=(7.4, 6.2))
        _products(first, products)
        for axes, column, title in (
            (second, "output", "(b) outputs of the layers"),
            (third, "gradient", "(c) gradients of the loss in these outputs"),
            (fourth, "weight_gradient", "(d) gradients of the loss in the weights"),
        ):
            _by_layer(axes, layers, column)
            axes.set_title(title)
            axes.set_ylabel("root mean square")
        figure.legend(*second.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _products(axes: Axes, table: pd.DataFrame) -> None:
    depth = np.arange(1, int(table.layer.max()) + 1)
    for colour, (factor, own) in zip(COLOURS, table.groupby("factor"), strict=False):
        axes.semilogy(depth, float(str(factor)) ** depth, color=colour, label=f"c = {factor:g}")
        random = own[own.matrices == "gaussian"].groupby("layer").forward.median()
        axes.semilogy(random.index, random, "o", color=colour, markersize=2.5, markevery=3)
        exact = own[own.matrices == "orthogonal"].groupby("layer").forward.median()
        axes.semilogy(exact.index, exact, "x", color=colour, markersize=3.5, markevery=(1, 3))
    axes.set_title("(a) linear layers times c\n(line: $c^l$; o: Gaussian, x: orthogonal)")
    axes.set_xlabel("layer l")
    axes.set_ylabel("norm relative to the input's")
    axes.legend(loc="upper left", fontsize=7)


def _by_layer(axes: Axes, table: pd.DataFrame, column: str) -> None:
    """Draw the median over draws; values of 0 lie at the lower edge."""
    names = table.drop_duplicates("number").sort_values("number")
    positive = table[column][table[column] > 0]
    floor = float(positive.min()) / 100 if len(positive) else 1e-3
    for colour, marker, (name, own) in zip(COLOURS, MARKERS, table.groupby("initialisation", sort=False), strict=False):
        middle = own.groupby("number")[column].median()
        axes.semilogy(
            middle.index, middle.clip(lower=floor), color=colour, marker=marker, clip_on=False,
            label=str(name).replace("_", " "),
        )  # fmt: skip
    axes.set_ylim(bottom=floor)
    axes.annotate("lower edge: 0", (0.99, 0.02), xycoords="axes fraction", ha="right", fontsize=7, color="0.35")
    axes.set_xticks(names.number, names.name, rotation=45, ha="right")
