"""The lowest value of the (K + 1)-th smallest of piecewise linear functions, against rational arithmetic."""

from fractions import Fraction
from itertools import combinations, pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from unhurried import unhurried

from ramble.problems.order_statistic import Functions, lowest

GRID = 4  # break points lie on a grid of so many pieces, each function with its own
VALUES = st.lists(st.integers(-3, 3), min_size=GRID + 1, max_size=GRID + 1)
SLACK = 1e-12
EVEN = torch.linspace(0, 1, GRID + 1, dtype=torch.float64)


def functions(rows: list[list[float]]) -> Functions:
    """One family of functions with the given values at times that differ from function to function."""
    times = torch.stack(
        [torch.linspace(0, 1, GRID + 1, dtype=torch.float64) ** (1 + row % 2) for row in range(len(rows))]
    )
    values = torch.tensor(rows, dtype=torch.float64)
    return Functions(times.T[None], values.T[None], torch.full((1, len(rows)), SLACK, dtype=torch.float64))


def value_at(times: list[Fraction], values: list[Fraction], time: Fraction) -> Fraction:
    for (begin, first), (end, last) in pairwise(zip(times, values, strict=True)):
        if begin <= time <= end:
            return first + (time - begin) / (end - begin) * (last - first)
    raise AssertionError(time)


def rational_lowest(family: Functions, skipped: int) -> Fraction:
    """The same where functions break or cross one another, without any rounding."""
    several = [
        ([Fraction(t) for t in times], [Fraction(v) for v in values])
        for times, values in zip(family.times[0].T.tolist(), family.values[0].T.tolist(), strict=True)
    ]
    breaks = sorted({time for times, _ in several for time in times})
    candidates = set(breaks)
    for begin, end in pairwise(breaks):
        for one, other in combinations(several, 2):
            first, last = (value_at(*one, time) - value_at(*other, time) for time in (begin, end))
            if first * last < 0:
                candidates.add(begin + first / (first - last) * (end - begin))
    return min(sorted(value_at(*each, time) for each in several)[skipped] for time in candidates)


@settings(unhurried, max_examples=150)
@given(st.lists(VALUES, min_size=2, max_size=5), st.data())
def test_it_is_below_the_rational_one_and_close(rows, data):
    family, skipped = functions(rows), data.draw(st.integers(0, len(rows) - 1))
    exact = rational_lowest(family, skipped)
    found = Fraction(float(lowest(family, skipped)))
    assert found <= exact
    assert found >= exact - Fraction(4 * SLACK)


def test_its_lowest_point_may_lie_where_two_functions_cross():
    falling, rising = [2.0, 1.0, 0.0, -1.0, -2.0], [-1.0, 0.0, 1.0, 2.0, 3.0]
    times = EVEN[None, :, None].expand(-1, -1, 2)
    values = torch.tensor([falling, rising], dtype=torch.float64).T[None]
    family = Functions(times, values, torch.full((1, 2), SLACK, dtype=torch.float64))
    assert float(lowest(family, 1)) == pytest.approx(0.5, abs=1e-11)  # both are lower somewhere, never together


def test_families_side_by_side_are_families_one_by_one():
    random = torch.Generator().manual_seed(1)
    times = torch.rand(6, 5, 9, generator=random, dtype=torch.float64).sort(dim=1).values
    times[:, 0], times[:, -1] = 0, 1
    family = Functions(times, torch.randn(6, 5, 9, generator=random, dtype=torch.float64), torch.full((6, 9), SLACK))
    together = lowest(family, 2)
    for row in range(6):
        alone = Functions(*(values[row : row + 1] for values in (family.times, family.values, family.slack)))
        assert float(lowest(alone, 2)) == pytest.approx(float(together[row]), abs=1e-12)


@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_what_is_no_number_counts_as_below_everything(value):
    rows = [[1.0] * (GRID + 1), [1.0] * (GRID + 1), [1.0] * (GRID + 1)]
    assert float(lowest(functions(rows), 1)) == pytest.approx(1.0, abs=1e-11)
    rows[0][2] = rows[1][2] = value
    assert not float(lowest(functions(rows), 1)) > 0
