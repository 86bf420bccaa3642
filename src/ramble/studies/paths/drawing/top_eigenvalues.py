"""The top eigenvalues of the Hessian along a path."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ramble.studies.paths.drawing.eigenvalues import draw_eigenvalues, eigenvalues, mark_unconverged
from ramble.studies.paths.drawing.sources import Sources, position, read_sources
from ramble.studies.paths.drawing.style import Files, styled


def draw(files: Files) -> Figure:
    """Draw the files `paths` and `spectra`; see `draw_top_eigenvalues`."""
    return draw_top_eigenvalues(read_sources(files))


def draw_top_eigenvalues(sources: Sources) -> Figure:
    """Draw the top eigenvalues of the shown path and the most negative ones, each with its error bar.

    The top is by magnitude; negative ones among it have no place on the logarithmic axis, and the title says so. Points
    that did not converge are crossed.
    """
    shown = sources.shown
    assert shown.spectra is not None
    axis = position([shown])
    along = shown.spectra[axis.column]
    values = eigenvalues(shown.spectra)
    positive = values.where(values > 0)
    all_shown = bool((values > 0).all(axis=None))
    what = (
        f"top {values.shape[1]} eigenvalues" if all_shown else f"positive ones of the top {values.shape[1]} eigenvalues"
    )
    lowest = shown.spectra[[c for c in shown.spectra.columns if _is_lowest(str(c))]]
    with styled():
        figure, (top, bottom) = plt.subplots(2, 1, figsize=(5.0, 4.4), sharex=True, height_ratios=(2.6, 1))
        draw_eigenvalues(top, axis.column, shown.spectra, positive, labelled=3)
        top.set_ylabel(r"eigenvalues $\lambda_i$ of $\nabla^2 L$")
        top.set_title(f"(a) {what}, with error bars\n{shown.title}")
        for number, column in enumerate(lowest.columns):
            bars = shown.spectra[f"{column}_error"]
            bottom.errorbar(along, lowest[column], yerr=bars, color=str(number * 0.15), linewidth=0.9, elinewidth=0.5)
        mark_unconverged(bottom, along, lowest, shown.spectra.converged)
        bottom.set_ylabel(r"$\lambda < 0$")
        count = lowest.shape[1]
        which = "most negative eigenvalue" if count == 1 else f"{count} most negative eigenvalues"
        bottom.set_title(f"(b) the {which}, with error bars")
        bottom.set_xlabel(axis.label)
    return figure


def _is_lowest(column: str) -> bool:
    return column.startswith("most_negative") and not column.endswith(("_residual", "_error"))
