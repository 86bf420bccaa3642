"""The plane through two solutions and a path."""

import numpy as np
import pytest
import torch
from small_points import stored_path
from small_problems import committee_on, pattern_sets, plain_committee_outputs

from ramble.measure.plane import Plane, plane_of_path

SETS = pattern_sets(61, 2, 8, 12)
PROBLEM = committee_on(SETS, hidden=3, input_scale=0.6)
START, END, ASIDE = torch.randn(3, 12, generator=torch.Generator().manual_seed(1))


def cut(points: list[torch.Tensor], size: int = 12) -> Plane:
    return plane_of_path(PROBLEM, stored_path(torch.stack(points), pair="1-0-1"), END, size)


def test_the_ends_lie_on_the_first_axis():
    curve = cut([START, 0.3 * START + 0.4 * END, ASIDE, END]).curve
    assert curve[["u", "v"]].iloc[0].tolist() == pytest.approx([0.0, 0.0], abs=1e-9)
    length = float((END.double() - START.double()).norm())
    assert curve[["u", "v"]].iloc[-1].tolist() == pytest.approx([length, 0.0], abs=1e-6)
    assert curve.point.tolist() == [0, 1, 2, 3]


def test_coordinates_are_lengths_and_what_is_missing_is_off_the_plane():
    points = [START, 0.3 * START + 0.4 * END, ASIDE, END]
    curve = cut(points).curve
    for row, point in enumerate(points):
        squared = float(((point.double() - START.double()) ** 2).sum())
        assert curve.u[row] ** 2 + curve.v[row] ** 2 + curve.off_plane[row] ** 2 == pytest.approx(squared, abs=1e-9)
    farthest = int(curve.v.abs().argmax())
    assert curve.off_plane[farthest] == pytest.approx(0, abs=1e-6)
    assert curve.v[farthest] > 0


def test_errors_on_the_grid_are_those_of_the_networks_there():
    plane = cut([START, ASIDE, END])
    grid = plane.grid
    assert len(grid) == 144
    first = (END - START).double()
    first = first / first.norm()
    second = (ASIDE - START).double()
    second = second - (second @ first) * first
    second = second / second.norm()
    compared = 0
    for u, v, errors in grid[["u", "v", "errors"]].itertuples(index=False):
        weights = START.double() + u * first + v * second
        margins = plain_committee_outputs(weights, SETS[1]["patterns"], 3, 0.6) * SETS[1]["labels"]
        if margins.abs().min() > 1e-4:  # float32 weights cannot say more
            assert errors == int((margins <= 0).sum())
            compared += 1
    assert compared > 130
    assert grid.errors.nunique() > 2


def test_the_grid_reaches_beyond_the_path_and_both_ends():
    plane = cut([START, ASIDE])
    length = float((END - START).norm())
    assert plane.grid.u.min() < min(0.0, plane.curve.u.min())
    assert plane.grid.u.max() > max(length, plane.curve.u.max())
    assert plane.grid.v.min() < 0 < plane.curve.v.max() < plane.grid.v.max()


@pytest.mark.parametrize(
    "points", [[START], [START, END], [START, 0.5 * START + 0.5 * END, END]], ids=["nowhere", "ends", "straight"]
)
def test_a_path_that_does_not_leave_the_line_still_has_a_plane(points):
    plane = cut(points)
    assert np.isfinite(plane.curve[["u", "v", "off_plane"]].to_numpy()).all()
    assert np.isfinite(plane.grid.to_numpy(dtype=float)).all()
    assert plane.curve.v.abs().max() < 1e-6
    assert plane.grid.v.nunique() > 1
