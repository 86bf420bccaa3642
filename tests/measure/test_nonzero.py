"""Numbers of non-zero eigenvalues, against automatic differentiation and by hand."""

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib import pyplot as plt
from small_points import stored_path
from small_problems import committee_on, pattern_sets, plain_committee_outputs, smooth_problem

from ramble.errors import RambleError
from ramble.measure.nonzero import GAIN, SCALE, Place, count_nonzero, numbers_above, places_on, regimes_of_three
from ramble.studies.paths.drawing.nonzero import draw_nonzero

SETS = pattern_sets(8, 2, 14, 18)
PROBLEM = committee_on(SETS, input_scale=0.4)
THRESHOLDS = [1e-9, 0.2]


def place(dataset: int, seed: int, where: str = "solution") -> Place:
    weights = 0.6 * torch.randn(18, generator=torch.Generator().manual_seed(seed))
    return Place(where, f"{dataset}-{seed}", dataset, weights)


def plain_hessian(weights: torch.Tensor, dataset: int, gain: float) -> np.ndarray:
    """Of softplus(-2 g label z), by automatic differentiation."""
    tensors = SETS[dataset]

    def loss(point: torch.Tensor) -> torch.Tensor:
        outputs = plain_committee_outputs(point, tensors["patterns"], 3, 0.4)
        return torch.nn.functional.softplus(-2 * gain * tensors["labels"] * outputs).mean()

    return torch.autograd.functional.hessian(loss, weights.double()).numpy()


def test_numbers_are_those_of_the_hessian_at_scaled_weights_and_of_a_steeper_loss():
    places = [place(0, 1), place(1, 2)]
    table = count_nonzero(PROBLEM, places, [0.5, 1.0, 4.0], THRESHOLDS)
    assert len(table) == 2 * 2 * 3 * 2
    for one in places:
        for row in table[table.place == one.name].itertuples():
            scale, gain = (row.factor, 1.0) if row.varied == SCALE else (1.0, row.factor)
            values = np.abs(np.linalg.eigvalsh(plain_hessian(scale * one.weights, one.dataset, gain)))
            assert row.number == (values > row.threshold * values.max()).sum()
            assert row.largest == pytest.approx(values.max())


def test_saturated_networks_have_no_eigenvalue_that_is_not_zero():
    table = count_nonzero(PROBLEM, [place(0, 1)], [1e9], THRESHOLDS)
    assert (table[table.varied == SCALE].number == 0).all()
    assert numbers_above(np.zeros(4), [1e-12, 0.5]) == [0, 0]
    assert numbers_above(np.array([-4.0, 1.0, 1e-9]), [1e-12, 0.1, 0.5]) == [3, 2, 1]


def test_points_of_a_path_are_looked_at_but_for_its_start():
    path = stored_path(np.arange(12).reshape(6, 2), pair="1-0-2")
    places = places_on([path], 3)
    assert [one.name for one in places] == ["1-0-2/2", "1-0-2/5"]
    assert [one.weights.tolist() for one in places] == [[4.0, 5.0], [10.0, 11.0]]
    assert {one.where for one in places} == {"path"}


def test_a_problem_that_does_not_write_out_its_hessian_is_refused():
    with pytest.raises(RambleError, match="no method hessians"):
        count_nonzero(smooth_problem(), [place(0, 1)], [1.0], THRESHOLDS)


def counts(numbers: dict[float, list[int]], where: str = "solution", varied: str = SCALE) -> pd.DataFrame:
    """One threshold; the numbers of the places at every factor."""
    rows = [
        {"where": where, "place": f"0-{n}", "varied": varied, "factor": factor, "threshold": 1e-6, "number": number}
        for factor, several in numbers.items()
        for n, number in enumerate(several)
    ]
    return pd.DataFrame(rows)


def test_three_is_right_where_the_median_is_exactly_three():
    (regime,) = regimes_of_three(counts({1.0: [9, 9, 8], 10.0: [3, 4, 2], 20.0: [3, 3, 1], 30.0: [0, 3, 1]}))
    assert regime.factors == (10.0, 20.0)
    assert regime.at == "10, 20"
    assert regime.share == pytest.approx(2 / 3)


def test_nowhere_is_a_regime_too():
    (regime,) = regimes_of_three(counts({1.0: [9, 9, 8], 10.0: [3, 4, 5], 20.0: [2, 2, 1]}))
    assert (regime.at, regime.share) == ("", pytest.approx(1 / 3))
    # between two and four lies a median of three that no network has
    (regime,) = regimes_of_three(counts({1.0: [2, 4]}))
    assert (regime.at, regime.share) == ("1", 0.0)


def test_the_figure_shows_medians_spread_and_the_published_number():
    tables = [
        counts({0.1: [18, 18, 17], 1.0: [9, 8, 7], 10.0: [1, 0, 0]}, where, varied)
        for where in ("solution", "path")
        for varied in (SCALE, GAIN)
    ]
    figure = draw_nonzero(pd.concat(tables, ignore_index=True))
    for axes in figure.axes:
        median, published = axes.lines
        assert median.get_ydata().tolist() == [18, 8, 0]
        assert set(published.get_ydata()) == {3}
        assert axes.get_xscale() == "log"
        assert axes.get_ylim()[0] < 0  # zero has a place
    assert "3 networks" in figure.axes[0].get_title(loc="left")
    plt.close(figure)
