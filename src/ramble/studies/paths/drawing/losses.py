"""Losses and errors along the paths of one study, one of them in colour."""

from textwrap import fill

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ramble.studies.paths.drawing.sources import Axis, Source, Sources, position, read_sources
from ramble.studies.paths.drawing.style import Files, styled

TRAIN, TEST, OTHERS = "#0072B2", "#D55E00", "0.75"


def draw(files: Files) -> Figure:
    """Draw the files `paths` and `profile`; see `draw_losses`."""
    return draw_losses(read_sources(files))


def draw_losses(sources: Sources) -> Figure:
    """Draw training and test loss, and training and test error, of the shown path; the other paths thin and grey.

    Data without a test split have no second column.
    """
    axis = position(sources.paths)
    assert sources.shown.profile is not None
    splits = [split for split in ("train", "test") if f"{split}_loss" in sources.shown.profile]
    with styled():
        figure, grid = plt.subplots(2, len(splits), figsize=(3.3 * len(splits), 4.4), sharex=True, squeeze=False)
        quantities = (("loss", "loss $L$ (nats)", 1.0), ("error", "error (%)", 100.0))
        for row, (quantity, label, factor) in enumerate(quantities):
            for column, split in enumerate(splits):
                axes = grid[row, column]
                for path in sources.paths:
                    if path is not sources.shown:
                        _curve(axes, path, axis, f"{split}_{quantity}", factor, OTHERS, 0.8)
                _curve(axes, sources.shown, axis, f"{split}_{quantity}", factor, (TRAIN, TEST)[column], 1.4)
                name = ("training", "test")[column]
                axes.set_title(f"({'abcd'[row * len(splits) + column]}) {name} {quantity}")
                axes.set_ylabel(f"{name} {label}")
        grid[0, 0].set_yscale("log")
        # zero errors everywhere is the point: the axis shows what one image would be
        grid[1, 0].set_ylim(-0.1, max(1.1, grid[1, 0].get_ylim()[1]))
        figure.supxlabel(axis.label, fontsize=9)
        others = f" in colour, the other {len(sources.paths) - 1} pairs in grey" if len(sources.paths) > 1 else ""
        width = 48 * len(splits)  # characters of this size that fit above so many columns
        title = "\n".join(fill(line, width) for line in f"{sources.shown.title}{others}".split("\n"))
        figure.suptitle(title, fontsize=8)
    return figure


def _curve(axes: Axes, path: Source, axis: Axis, column: str, factor: float, colour: str, width: float) -> None:
    assert path.profile is not None
    one = "o" if len(path.profile) == 1 else ""  # a line through one point is not seen
    axes.plot(path.profile[axis.column], path.profile[column] * factor, color=colour, linewidth=width, marker=one)
