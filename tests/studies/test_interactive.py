"""Figures to turn and zoom show the numbers of the tables, and a page asks nobody else."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ramble.papers.ramble.figures import FIGURES
from ramble.store.headers import Status
from ramble.studies.paths.drawing.sources import Source
from ramble.studies.paths.interactive import INTERACTIVE
from ramble.studies.paths.interactive.page import write_figure
from ramble.studies.paths.interactive.plane import draw_plane
from ramble.studies.paths.interactive.spectra import spectrum_of, top_eigenvalues_of

PROFILE = pd.DataFrame({"t": [0.0, 0.5, 1.0], "s": [0.0, 0.4, 1.0], "train_loss": [0.1, 0.3, 0.2]})
SPECTRA = pd.DataFrame(
    {
        "t": [0.0, 1.0],
        "s": [0.0, 1.0],
        "eig_1": [2.0, 4.0],
        "eig_2": [1.0, -3.0],
        "eig_3": [1e-9, 1e-9],
        "error_1": [0.01, 0.02],
        "error_2": [0.01, 0.02],
        "error_3": [0.0, 0.0],
        "most_negative": [-0.5, -3.0],
        "most_negative_error": [0.1, 0.2],
        "trace": [3.0, 1.0],
        "trace_error": [0.1, 0.1],
        "converged": [1, 1],
    }
)


def path(rises: bool = True) -> Source:
    return Source("guarded", "0-1-2", Status.ARRIVED, rises, 1.0, 6, 0, PROFILE, SPECTRA, None)


def test_plane_shows_every_count_of_the_grid_twice_and_the_path_on_it() -> None:
    u, v = np.meshgrid([0.0, 1.0, 2.0], [0.0, 1.0])
    grid = pd.DataFrame({"u": u.ravel(), "v": v.ravel(), "errors": [0, 3, 0, 1, 2, 5]})
    curve = pd.DataFrame(
        {
            "point": [0, 1, 2],
            "t": [0.0, 0.5, 1.0],
            "u": [0.0, 1.0, 2.0],
            "v": [0.0, 0.7, 0.0],
            "off_plane": [0.0, 0.1, 0.0],
        }
    )
    figure = draw_plane(grid, curve, path())
    kinds = {trace.type: trace for trace in figure.data}
    for kind in ("heatmap", "surface", "contour"):
        assert np.array_equal(kinds[kind].z, [[0, 3, 0], [1, 2, 5]])
    walked = next(trace for trace in figure.data if str(trace.name).startswith("path"))
    assert list(walked.y) == [0.0, 0.7, 0.0]
    assert list(np.asarray(walked.customdata)[:, 1]) == [0.0, 0.5, 1.0]


@pytest.mark.parametrize("rises", [True, False])
def test_spectrum_shows_what_counts_as_non_zero_and_the_loss(rises: bool) -> None:
    figure = spectrum_of(path(rises), 1e-6)
    curves = {trace.name: trace for trace in figure.data}
    assert list(curves) == ["eigenvalue 1", "eigenvalue 2", "loss"]
    assert list(curves["eigenvalue 1"].y) == [2.0, 4.0]
    assert np.isnan(curves["eigenvalue 2"].y[1])  # a negative one has no place on the logarithmic axis
    assert list(curves["loss"].x) == list(PROFILE["t" if rises else "s"])
    assert list(curves["loss"].y) == [0.1, 0.3, 0.2]


def test_top_eigenvalues_come_with_error_bars_and_the_most_negative_one() -> None:
    curves = {trace.name: trace for trace in top_eigenvalues_of(path()).data}
    assert list(curves) == ["eigenvalue 1", "eigenvalue 2", "eigenvalue 3", "most negative"]
    assert list(curves["eigenvalue 2"].error_y.array) == [0.01, 0.02]
    assert list(curves["most negative"].y) == [-0.5, -3.0]


def test_page_is_whole_and_the_same_each_time(tmp_path: Path) -> None:
    for name in ("a.html", "b.html"):
        write_figure(tmp_path / name, "fig <2>", spectrum_of(path(), 1e-6))
    text = (tmp_path / "a.html").read_text()
    assert text == (tmp_path / "b.html").read_text()
    assert not re.findall(r'<(?:script|link|img)\b[^>]*(?:src|href)="http', text)
    assert "<title>fig &lt;2&gt;</title>" in text
    assert 'content="ramble provenance: ' in text


def test_figures_of_the_paper_can_be_turned() -> None:
    assert {name for name, figure in FIGURES.items() if figure["kind"] in INTERACTIVE} >= {"fig1", "fig2", "fig4"}
