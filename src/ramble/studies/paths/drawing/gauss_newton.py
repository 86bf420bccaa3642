"""The Hessian beside its Gauss-Newton part, along a path."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ramble.studies.paths.drawing.eigenvalues import eigenvalues, mark_unconverged
from ramble.studies.paths.drawing.sources import Sources, position, read_sources
from ramble.studies.paths.drawing.style import Files, styled


def draw(files: Files) -> Figure:
    """Draw the files `paths`, `spectra` and `gauss_newton`; see `draw_gauss_newton`."""
    return draw_gauss_newton(read_sources(files, "gauss_newton"))


def draw_gauss_newton(sources: Sources) -> Figure:
    """Draw the top eigenvalues of H and of G, and how negative H is beside the norm of the rest R = H - G.

    By Weyl's inequality no eigenvalue of H is below -|R|, as G has none below 0. Points that did not converge are
    crossed.
    """
    shown = sources.shown
    assert shown.spectra is not None
    assert shown.part is not None
    axis = position([shown])
    with styled():
        figure, (top, bottom) = plt.subplots(2, 1, figsize=(5.0, 5.0), sharex=True, height_ratios=(2, 1))
        _draw_tops(top, axis.column, shown.spectra, shown.part)
        top.set_title(f"(a) the largest eigenvalues of $H$ and of $G$\n{shown.title}")
        _draw_rest(bottom, axis.column, shown.spectra, shown.part)
        bottom.set_title("(b) how far the spectrum of $H$ reaches below 0")
        bottom.set_xlabel(axis.label)
        for axes in (top, bottom):
            axes.set_yscale("log")
            axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def _draw_tops(axes: Axes, column: str, hessian: pd.DataFrame, part: pd.DataFrame) -> None:
    values = eigenvalues(hessian)
    own = part[[f"gn_{number}" for number in range(1, values.shape[1] + 1)]]
    positive = values.where(values > 0)
    lines = axes.plot(hessian[column], positive, color="0.35", linewidth=0.7)
    marks = axes.plot(part[column], own, linestyle="none", marker="o", color="#D55E00", markerfacecolor="none")
    lines[0].set_label(r"$H = \nabla^2 L$")
    marks[0].set_label("$G$ (Gauss-Newton)")
    mark_unconverged(axes, hessian[column], positive, hessian.converged)
    mark_unconverged(axes, part[column], own, part.converged)
    axes.set_ylabel(r"eigenvalues $\lambda_1, \lambda_2, \ldots$")


def _draw_rest(axes: Axes, column: str, hessian: pd.DataFrame, part: pd.DataFrame) -> None:
    # no line between the few points: it would seem to fall below what it bounds
    axes.plot(part[column], part.rest_norm, color="#D55E00", linestyle="none", marker="o", label=r"$\Vert H - G \Vert$")
    axes.plot(hessian[column], -hessian.most_negative, color="#000000", label=r"$-\lambda_{\mathrm{min}}(H)$")
    mark_unconverged(axes, part[column], part[["rest_norm"]], part.converged)
    mark_unconverged(axes, hessian[column], -hessian[["most_negative"]], hessian.converged)
    axes.set_ylabel("magnitude")
