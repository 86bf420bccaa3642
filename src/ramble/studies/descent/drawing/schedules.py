"""|grad F|^2 under several step sizes: its weighted mean beside its bound, and its level of late."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ramble.store.artifacts import read_table
from ramble.studies.paths.drawing.style import Files, styled

COLOURS = ("#56B4E9", "#0072B2", "#000000", "#009E73", "#D55E00", "#CC79A7", "#E69F00")
LINES = {"constant": "-", "suitable": "--", "fleeting": "-.", "other": ":"}
SUMS = {
    "constant": "constant",
    "suitable": r"$\sum a = \infty$, $\sum a^2 < \infty$",
    "fleeting": r"$\sum a < \infty$",
    "other": r"$\sum a^2 = \infty$, falling",
}


def draw(files: Files) -> Figure:
    """Draw the mean over walks, its smallest and largest as a band; levels of constant steps against the step size."""
    table = read_table(files["schedules"][0])
    with styled():
        figure, (left, middle, right) = plt.subplots(1, 3, figsize=(8.6, 3.6))
        for colour, (name, own) in zip(COLOURS, table.groupby("schedule", sort=False), strict=False):
            kind = str(own.kind.iloc[0])
            by_step = own.groupby("step")
            style = {"color": colour, "linestyle": LINES[kind]}
            for axes, column in ((left, "recent"), (middle, "weighted_mean")):
                values = by_step[column]
                axes.loglog(values.mean(), label=f"{str(name).replace('_', ' ')} ({SUMS[kind]})", **style)
                axes.fill_between(values.min().index, values.min(), values.max(), color=colour, alpha=0.15, linewidth=0)
            middle.loglog(by_step.bound.first(), color=colour, linewidth=0.7, linestyle=":")
        last = table[(table.step == table.step.max()) & (table.kind == "constant")]
        right.loglog(last.rate, last.recent, "o", color="#0072B2", label="level, a walk each")
        rates = np.array([last.rate.min() / 1.5, last.rate.max() * 1.5])
        noise = float((last.plateau / last.rate).iloc[0])
        right.loglog(rates, rates * noise, color="black", label="a L M, the bound")
        steady = last.groupby("rate").recent.mean()
        right.loglog(
            rates,
            rates * float((steady / steady.index).median()),
            color="0.5",
            linestyle=":",
            label="proportional to a",
        )
        left.set_title("(a) mean of the second\nhalf of the steps")
        middle.set_title("(b) weighted mean of all steps\n(dotted: its bound)")
        right.set_title("(c) level under\nconstant steps")
        for axes in (left, middle):
            axes.set_xlabel("step k")
        left.set_ylabel(r"$|\nabla F|^2$")
        right.set_xlabel("step size a")
        right.legend(loc="upper left")
        right.set_ylim(top=30 * float(rates.max() * noise))
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure
