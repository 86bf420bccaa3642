"""The bound of a committee's smallest margin on a segment against rational arithmetic."""

from fractions import Fraction

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_problems import committee_on, pattern_sets
from unhurried import unhurried

from ramble.certificates.segments import certify_segments
from ramble.problems.tree_committee import TreeCommittee

HIDDEN, INPUTS = 3, 6
ZERO = torch.tensor([0])
SCALES = (1.0, 0.1, 1 / 3)
# what rounds badly: sums near the corners of htanh, slopes that almost vanish, huge beside tiny
AWKWARD = st.sampled_from([0.0, 0.5, -0.5, 1.0, -1.0, 1 / 3, 0.1, 1 + 2**-52, 1 - 2**-53, 1e-17, -1e-300, 3e5, -7e10])
WEIGHTS = st.lists(AWKWARD | st.floats(-3, 3), min_size=INPUTS, max_size=INPUTS)


def rational_minimum(tensors: dict[str, torch.Tensor], scale: float, start: list[float], end: list[float]) -> Fraction:
    """The smallest margin on the segment, without any rounding."""
    fan_in = INPUTS // HIDDEN
    smallest = None
    for pattern, label in zip(tensors["patterns"].tolist(), tensors["labels"].tolist(), strict=True):
        lines = []
        for unit in range(HIDDEN):
            inputs = [label * Fraction(scale) * x for x in pattern[unit * fan_in : (unit + 1) * fan_in]]
            at_start, at_end = (
                sum(Fraction(w) * x for w, x in zip(weights[unit * fan_in :], inputs, strict=False))
                for weights in (start, end)
            )
            lines.append((at_start, at_end - at_start))
        times = [Fraction(0), Fraction(1)]
        times += [(corner - first) / slope for first, slope in lines if slope for corner in (-1, 1)]
        for time in times:
            if 0 <= time <= 1:
                margin = sum(max(Fraction(-1), min(Fraction(1), first + time * slope)) for first, slope in lines)
                smallest = margin if smallest is None else min(smallest, margin)
    assert smallest is not None
    return smallest


def check(seed: int, scale: float, start: list[float], end: list[float]) -> None:
    (tensors,) = pattern_sets(seed, 1, 4, INPUTS)
    problem = committee_on([tensors], HIDDEN, scale)
    rows = (torch.tensor([weights], dtype=torch.float64) for weights in (start, end))
    bound = Fraction(float(problem.segment_min_margins(*rows, ZERO)))
    exact = rational_minimum(tensors, scale, start, end)
    size = 1 + scale * max(sum(map(abs, start)), sum(map(abs, end)))
    assert bound <= exact
    assert bound >= exact - Fraction(1e-14 * size)


@settings(unhurried, max_examples=150)
@given(st.integers(0, 1000), st.sampled_from(SCALES), WEIGHTS, WEIGHTS)
def test_the_bound_is_below_the_rational_minimum_and_close(seed, scale, start, end):
    check(seed, scale, start, end)


@settings(unhurried, max_examples=100)
@given(st.integers(0, 1000), st.sampled_from(SCALES), WEIGHTS, st.integers(0, 2**6 - 1), st.sampled_from([1e-16, 1e-9]))
def test_fields_that_hardly_move_are_bounded_too(seed, scale, start, signs, step):
    end = [weight + (step if signs >> j & 1 else -step) * max(abs(weight), 1) for j, weight in enumerate(start)]
    check(seed, scale, start, end)


@settings(unhurried, max_examples=100)
@given(st.integers(0, 1000), st.integers(0, INPUTS - 1), st.floats(-2, 2), st.integers(-3, 3), st.booleans())
def test_crossings_next_to_the_ends_are_bounded_too(seed, unit, other, ulps, at_start):
    corner = [0.5 + ulps * 2**-53 if j == unit else 0.5 for j in range(INPUTS)]  # two halves: a field of about 1
    away = [other] * INPUTS
    check(seed, 1.0, *((corner, away) if at_start else (away, corner)))


def test_a_committee_is_certified_exactly():
    ones = {"patterns": torch.ones(1, 3, dtype=torch.int8), "labels": torch.ones(1, dtype=torch.int8)}
    start, end = torch.tensor([[-100.0, 0.6, 0.6], [0.6, 0.6, -100.0]], dtype=torch.float64).split(1)
    certificate = certify_segments(committee_on([ones]), start, end, ZERO, 1 / 64)
    assert (certificate.kind, certificate.tested.tolist()) == ("exact", [0])
    assert abs(float(certificate.min_margins) + 1.4) < 1e-12  # 0.6 - 1 - 1 in the middle, 0.2 at the ends
    assert certificate.hold.tolist() == [False]


def test_a_margin_within_rounding_of_zero_does_not_hold():
    ones = {"patterns": torch.ones(1, 3, dtype=torch.int8), "labels": torch.ones(1, dtype=torch.int8)}
    problem, move = committee_on([ones]), torch.tensor([[0.1, 0.0, 0.0]])
    for margin, holds in ((1e-17, False), (0.0, False), (1e-12, True)):
        start = torch.tensor([[0.5, -0.5, margin]], dtype=torch.float64)
        assert certify_segments(problem, start, start + move, ZERO, 1 / 64).hold.tolist() == [holds]


class Cubed(TreeCommittee):
    """Computes something else than the formula for the margin on a segment takes it for."""

    def outputs(self, weights, datasets, split="train"):
        return super().outputs(weights, datasets, split) ** 3 - 0.2


class Renamed(TreeCommittee):
    """Draws other initial weights, and computes the same."""

    def initial_weights(self, random):
        return super().initial_weights(random) / 2


def test_a_subclass_with_outputs_of_its_own_has_no_exact_certificate():
    tensors = {"patterns": torch.ones(1, INPUTS, dtype=torch.int8), "labels": torch.ones(1, dtype=torch.int8)}
    ends = torch.tensor([[0.3] * INPUTS, [0.2] * INPUTS])
    kinds = {}
    for kind in (TreeCommittee, Cubed, Renamed):
        problem = kind([tensors], hidden=HIDDEN, input_scale=1.0, initial_sigma=0.1)
        kinds[kind] = certify_segments(problem, ends[:1], ends[1:], ZERO, 1 / 64).kind
    assert kinds == {TreeCommittee: "exact", Cubed: "sampled", Renamed: "exact"}
