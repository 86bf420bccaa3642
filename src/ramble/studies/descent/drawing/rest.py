"""How far walks of constant step size are from the minimum at which, or beside which, they began."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ramble.store.artifacts import read_table
from ramble.studies.paths.drawing.style import Files, styled

COLOURS = {"met": "#0072B2", "missed": "#D55E00"}
MARKERS = {"linear regression": "o", "network": "s", "logistic regression": "^"}
LEAST = 1e-17  # what is shown for a distance of 0
TITLES = {"at": "(a) begun at the minimum", "beside": "(b) begun beside it"}


def draw(files: Files) -> Figure:
    """Draw the median over walks of the distance, relative to the minimum's norm; a distance of 0 lies on the axis."""
    table = read_table(files["rest"][0])
    table = table[table.step > 0]
    with styled():
        figure, panels = plt.subplots(1, 2, figsize=(6.8, 3.8), sharey=True)
        for axes, (start, title) in zip(panels, TITLES.items(), strict=True):
            for (problem, targets), own in table[table.start == start].groupby(["problem", "targets"], sort=False):
                middle = own.groupby("step").distance.median().clip(lower=LEAST)
                axes.loglog(
                    middle.index, middle, color=COLOURS[str(targets)], marker=MARKERS[str(problem)], markevery=6,
                    linestyle="-" if targets == "met" else "--", label=f"{problem}, targets {targets}", clip_on=False,
                )  # fmt: skip
            axes.set_title(title)
            axes.set_xlabel("step")
        panels[0].set_ylim(LEAST, 10)
        panels[0].set_yticks([LEAST, 1e-12, 1e-8, 1e-4, 1], ["0", r"$10^{-12}$", r"$10^{-8}$", r"$10^{-4}$", "1"])
        panels[0].set_ylabel("distance from the minimum / its norm")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure
