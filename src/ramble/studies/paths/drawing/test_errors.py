"""Losses (a) and errors (b) along a path, and where on it the fewest test errors are."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ramble.errors import RambleError
from ramble.studies.paths.drawing.sources import Sources, position, read_sources
from ramble.studies.paths.drawing.style import Files, styled

TRAIN, TEST, OTHERS = "#0072B2", "#D55E00", "0.75"


def draw(files: Files) -> Figure:
    """Draw the files `paths` and `profile`; see `draw_test_errors`."""
    return draw_test_errors(read_sources(files))


def draw_test_errors(sources: Sources) -> Figure:
    """Draw training and test loss (a) and errors (b) of the shown path; test errors of the other paths thin and grey.

    The stored point with the fewest test errors is marked, and the ends' test errors are drawn on as lines.
    """
    shown = sources.shown.profile
    assert shown is not None
    if "test_error" not in shown:
        raise RambleError(f"{sources.shown.title}: there are no test errors to show; draw a figure of kind losses.")
    axis = position(sources.paths)
    along = shown[axis.column]
    with styled():
        figure, (losses, errors) = plt.subplots(2, 1, figsize=(5.0, 4.8), sharex=True)
        for split, colour, name in (("train", TRAIN, "training"), ("test", TEST, "test")):
            losses.plot(along, shown[f"{split}_loss"], color=colour, label=name)
            errors.plot(along, shown[f"{split}_error"] * 100, color=colour, label=name)
        for path in sources.paths:
            if path is not sources.shown:
                assert path.profile is not None
                errors.plot(path.profile[axis.column], path.profile.test_error * 100, color=OTHERS, linewidth=0.8)
        ends = shown.test_error.iloc[[0, -1]] * 100
        where = (along.iloc[0], along.iloc[-1])
        errors.hlines(ends, *where, color=TEST, linewidth=0.6, linestyle=":", label="test, at the path's ends")
        best = int(shown.test_errors.to_numpy().argmin())
        place = (along.iloc[best], shown.test_error.iloc[best] * 100)
        errors.scatter(*place, color=TEST, s=14, zorder=3, label="fewest test errors")
        losses.set_yscale("log")
        losses.set_ylabel("loss $L$ (nats)")
        losses.set_title(f"(a) losses\n{sources.shown.title}")
        losses.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
        errors.set_ylabel("error (%)")
        others = f"; test errors of the other {len(sources.paths) - 1} pairs in grey" if len(sources.paths) > 1 else ""
        errors.set_title(f"(b) errors{others}")
        errors.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
        errors.set_xlabel(axis.label)
    return figure
