"""Eigenvalues along a path, and the loss below them: curves can be picked out, and axes zoomed."""

import pandas as pd
from plotly.graph_objects import Figure, Scatter
from plotly.subplots import make_subplots

from ramble.studies.paths.drawing.eigenvalues import eigenvalues, errors
from ramble.studies.paths.drawing.sources import Axis, Source, position, read_sources
from ramble.studies.paths.drawing.style import Files

COLOURS = ("#0072B2", "#D55E00", "#009E73")  # of the first eigenvalues; the others are grey
PLACES = {"t": "normalised distance t along the path (W_a: 0, W_b: 1)", "s": "share s of the path's length"}


def draw_spectrum(files: Files, zero_eigenvalue: float) -> Figure:
    """Draw the files `paths`, `profile` and `spectra`: eigenvalues that are not zero, and the training loss.

    Args:
        files: of one tracker's paths; the one that stands for them is shown.
        zero_eigenvalue: eigenvalues below this share of the largest at the same point count as zero.
    """
    return spectrum_of(read_sources(files).shown, zero_eigenvalue)


def spectrum_of(shown: Source, zero_eigenvalue: float) -> Figure:
    """Draw a path with profile and spectra, as `draw_spectrum` does."""
    assert shown.spectra is not None
    assert shown.profile is not None
    values = eigenvalues(shown.spectra)
    axis = position([shown])
    figure = _two_rows("eigenvalues of the Hessian that count as non-zero", "training loss (nats)")
    _add_eigenvalues(
        figure, shown.spectra, values.where(values > zero_eigenvalue * values.iloc[:, :1].to_numpy()), axis
    )
    figure.add_trace(
        Scatter(x=shown.profile[axis.column], y=shown.profile.train_loss, line={"color": "#0072B2"}, name="loss",
                mode="lines+markers", marker={"size": 4}, showlegend=False),
        row=2, col=1,
    )  # fmt: skip
    return _finished(figure, shown, axis)


def draw_top_eigenvalues(files: Files) -> Figure:
    """Draw the files `paths` and `spectra`: the top eigenvalues, and the most negative ones."""
    return top_eigenvalues_of(read_sources(files).shown)


def top_eigenvalues_of(shown: Source) -> Figure:
    """Draw a path with spectra, as `draw_top_eigenvalues` does."""
    assert shown.spectra is not None
    values = eigenvalues(shown.spectra)
    axis = position([shown])
    figure = _two_rows("top eigenvalues of the Hessian", "the most negative ones")
    _add_eigenvalues(figure, shown.spectra, values.where(values > 0), axis)
    lowest = [name for name in shown.spectra.columns if f"{name}_error" in shown.spectra and name != "trace"]
    for name in lowest:
        bars = {"type": "data", "array": shown.spectra[f"{name}_error"], "thickness": 1}
        figure.add_trace(
            Scatter(x=shown.spectra[axis.column], y=shown.spectra[name], error_y=bars, line={"color": "black"},
                    name=name.replace("_", " "), showlegend=False),
            row=2, col=1,
        )  # fmt: skip
    return _finished(figure, shown, axis)


def _two_rows(above: str, below: str) -> Figure:
    return make_subplots(
        rows=2, cols=1, shared_xaxes=True, row_heights=[0.7, 0.3], vertical_spacing=0.07, subplot_titles=(above, below)
    )


def _add_eigenvalues(figure: Figure, spectra: pd.DataFrame, values: pd.DataFrame, axis: Axis) -> None:
    """Add a curve for each eigenvalue (points, k) with its error bars; what is NaN is left out."""
    bounds = errors(spectra)
    for number in range(values.shape[1]):
        if values.iloc[:, number].isna().all():
            continue
        colour = COLOURS[number] if number < len(COLOURS) else "#9ca3af"
        bars = {"type": "data", "array": bounds.iloc[:, number], "thickness": 1, "width": 0}
        width = 2 if number < len(COLOURS) else 0.8
        figure.add_trace(
            Scatter(x=spectra[axis.column], y=values.iloc[:, number], error_y=bars, mode="lines",
                    line={"color": colour, "width": width}, name=f"eigenvalue {number + 1}",
                    showlegend=number < 20, connectgaps=False),
            row=1, col=1,
        )  # fmt: skip
    figure.update_yaxes(type="log", exponentformat="power", row=1, col=1)


def _finished(figure: Figure, shown: Source, axis: Axis) -> Figure:
    figure.update_xaxes(title=PLACES[axis.column], row=2, col=1)
    figure.update_layout(title={"text": shown.title.replace("\n", "<br>")}, height=850)
    return figure
