"""Which axis a figure gets, and what its title says."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from ramble.studies.paths.drawing.gauss_newton import draw_gauss_newton
from ramble.studies.paths.drawing.losses import draw_losses
from ramble.studies.paths.drawing.sources import Source, Sources, position
from ramble.studies.paths.drawing.spectrum import draw_spectrum
from ramble.studies.paths.drawing.test_errors import draw_test_errors
from ramble.studies.paths.drawing.top_eigenvalues import draw_top_eigenvalues

RISING = np.array([0.0, 0.1, 0.6, 1.0])
T = np.array([0.0, -0.4, 0.3, 1.0])
S = np.array([0.0, 0.25, 0.5, 1.0])


def source(rises: bool, status: str = "arrived", reached: float = 1.0) -> Source:
    where = {"point": range(4), "t": RISING if rises else T, "s": S}
    profile = {f"{split}_{what}": np.full(4, 0.1) for split in ("train", "test") for what in ("loss", "error")}
    profile |= {"test_errors": np.array([9, 3, 7, 8])}
    spectra = {"eig_1": np.full(4, 2.0), "eig_2": 1.0, "error_1": 0.1, "error_2": 0.1, "most_negative": -0.1}
    spectra |= {"most_negative_residual": 0.1, "most_negative_error": 0.01, "converged": 1}
    part = {"gn_1": np.full(4, 1.9), "gn_2": 1.1, "rest_norm": 0.3, "converged": 1}
    tables = [pd.DataFrame(where | columns) for columns in (profile, spectra, part)]
    return Source("guarded", "3-0-1", status, rises, reached, 31, 0, *tables)


@pytest.mark.parametrize(
    ("shown", "column", "says"),
    [
        ([source(True)], "t", "normalised distance"),
        ([source(True), source(True, "stuck", 0.4)], "t", "normalised distance"),
        ([source(False)], "s", "share $s$ of the path's length ($W_a$: 0, $W_b$: 1)"),
        ([source(True), source(False)], "s", "$W_b$: 1"),
        ([source(False), source(True, "stuck", 0.4)], "s", "its end: 1"),
    ],
)
def test_t_is_the_axis_where_it_rises_along_all_shown_paths(shown, column, says):
    axis = position(shown)
    assert axis.column == column
    assert says in axis.label


@pytest.mark.parametrize("rises", [True, False])
def test_curves_are_drawn_over_the_column_that_the_label_names(rises):
    sources = Sources([source(rises)], source(rises))
    for figure in (
        draw_spectrum(sources, 1e-6),
        draw_losses(sources),
        draw_test_errors(sources),
        draw_top_eigenvalues(sources),
        draw_gauss_newton(sources),
    ):
        label = figure.get_supxlabel() or figure.axes[-1].get_xlabel()
        assert label == position([source(rises)]).label
        for axes in figure.axes:
            assert all(np.array_equal(line.get_xdata(), RISING if rises else S) for line in axes.lines)
        plt.close(figure)


def test_negative_eigenvalues_are_left_out_and_the_title_says_so():
    shown = source(True)
    assert shown.spectra is not None
    shown.spectra["eig_2"] = [1.0, -1.5, 0.5, 0.05]
    figure = draw_top_eigenvalues(Sources([shown], shown))
    top = figure.axes[0]
    assert top.get_title(loc="left").startswith("(a) positive ones of the top 2 eigenvalues")
    assert top.get_ylim()[0] == pytest.approx(0.025)
    assert np.isnan(top.lines[1].get_ydata()[1])
    plt.close(figure)


def test_figure_4_draws_the_error_bounds_of_the_most_negative_eigenvalue():
    figure = draw_top_eigenvalues(Sources([source(True)], source(True)))
    (bars,) = figure.axes[1].containers
    ends = np.array(bars.lines[2][0].get_segments())[:, :, 1]
    assert np.allclose(ends, [-0.11, -0.09])
    plt.close(figure)


@pytest.mark.parametrize(
    ("draw", "panels"),
    [
        (draw_top_eigenvalues, (0, 1)),
        (draw_gauss_newton, (0, 1)),
        (lambda sources: draw_spectrum(sources, 1e-6), (0,)),
    ],
)
def test_points_that_did_not_converge_are_crossed(draw, panels):
    shown = source(True)
    figure = draw(Sources([shown], shown))
    assert not any(line.get_marker() == "x" for axes in figure.axes for line in axes.lines)
    plt.close(figure)
    assert shown.spectra is not None
    shown.spectra["converged"] = [1, 0, 1, 1]
    figure = draw(Sources([shown], shown))
    for panel in panels:
        crosses = [line for line in figure.axes[panel].lines if line.get_marker() == "x"]
        assert crosses
        assert all(np.isfinite(line.get_ydata()).tolist() == [False, True, False, False] for line in crosses)
    assert "not converged" in figure.axes[0].get_legend_handles_labels()[1]
    plt.close(figure)


def test_the_title_names_the_tracker_and_how_the_walk_ended():
    assert source(True).title == "tracker guarded: data set 3, solutions 0 to 1 (arrived)"
    assert source(True, "stuck", 0.42).title.endswith("(stuck at t = 0.42)")
    assert source(True, "stuck", 1.0).title.endswith("(stuck)")


def test_figure_5_marks_the_point_with_the_fewest_test_errors():
    shown = source(True)
    figure = draw_test_errors(Sources([shown], shown))
    mark = figure.axes[1].collections[-1]
    assert mark.get_offsets().tolist() == [[RISING[1], pytest.approx(10.0)]]
    plt.close(figure)


def test_a_title_says_what_the_second_derivatives_are_of_where_it_is_not_the_whole_loss():
    plain = source(True)
    some = replace(plain, spectra=plain.spectra.assign(samples=100))
    assert "Hessian" not in plain.title
    assert some.title == f"{plain.title}\nHessian of the loss on the first 100 training samples"
