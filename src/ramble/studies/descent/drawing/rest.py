"""Whether walks of constant step size stay at a minimum, and whether they come to one that they begin beside."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ramble.store.artifacts import read_table
from ramble.studies.paths.drawing.style import Files, styled

COLOURS = {"met": "#0072B2", "missed": "#D55E00"}
MARKERS = {"linear regression": "o", "network": "s", "logistic regression": "^"}
LEAST = 1e-17  # what is shown for a distance of 0
PANELS = {
    "at": ("distance", "(a) begun at the minimum", "distance from it / its norm"),
    "beside": ("gap", "(b) begun beside it", "loss above the minimum's"),
}


def draw(files: Files) -> Figure:
    """Draw medians over walks: the distance where they begin at the minimum, else the loss; 0 lies on the axis.

    A network has many minima of the same loss: the distance from one of them says little of walks that begin beside it.
    """
    table = read_table(files["rest"][0])
    table = table[table.step > 0]
    with styled():
        figure, panels = plt.subplots(1, 2, figsize=(7.0, 3.8))
        for axes, (start, (column, title, label)) in zip(panels, PANELS.items(), strict=True):
            for (problem, targets), own in table[table.start == start].groupby(["problem", "targets"], sort=False):
                middle = own.groupby("step")[column].median().clip(lower=LEAST)
                axes.loglog(
                    middle.index, middle, color=COLOURS[str(targets)], marker=MARKERS[str(problem)], markevery=6,
                    linestyle="-" if targets == "met" else "--", label=f"{problem}, targets {targets}", clip_on=False,
                )  # fmt: skip
            axes.set_title(title)
            axes.set_xlabel("step")
            axes.set_ylabel(label)
            axes.set_ylim(LEAST, 10)
            axes.set_yticks([LEAST, 1e-12, 1e-8, 1e-4, 1], ["0", r"$10^{-12}$", r"$10^{-8}$", r"$10^{-4}$", "1"])
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure
