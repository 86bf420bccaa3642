"""Certificates where some errors are allowed: exact, sound and sampled ones against brute force."""

from fractions import Fraction
from itertools import combinations, pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_problems import committee_on, consistent_patterns, smooth_problem
from torch import Tensor, nn
from unhurried import unhurried

from ramble.certificates.paths import certify_path
from ramble.certificates.segments import certify_segments
from ramble.problems.network import NetworkProblem

ZERO = torch.tensor([0])
HIDDEN, INPUTS, PATTERNS = 3, 6, 7
WEIGHTS = st.lists(st.floats(-2, 2, width=16), min_size=INPUTS, max_size=INPUTS)


def rational_minimum(tensors: dict[str, Tensor], start: list[float], end: list[float], skipped: int) -> Fraction:
    """The smallest (K + 1)-th smallest margin on the segment: at a corner of a margin, or where two margins cross."""
    fan_in, samples = INPUTS // HIDDEN, []
    for pattern, label in zip(tensors["patterns"].tolist(), tensors["labels"].tolist(), strict=True):
        lines = []
        for unit in range(HIDDEN):
            inputs = [label * x for x in pattern[unit * fan_in : (unit + 1) * fan_in]]
            first, last = (
                sum(Fraction(w) * x for w, x in zip(weights[unit * fan_in :], inputs, strict=False))
                for weights in (start, end)
            )
            lines.append((first, last - first))
        samples.append(lines)

    def margins(time: Fraction) -> list[Fraction]:
        return [sum(max(Fraction(-1), min(Fraction(1), a + time * b)) for a, b in lines) for lines in samples]

    corners = [(edge - a) / b for lines in samples for a, b in lines if b for edge in (-1, 1)]
    breaks = sorted({Fraction(0), Fraction(1), *(time for time in corners if 0 < time < 1)})
    candidates = set(breaks)
    for begin, finish in pairwise(breaks):
        before, after = margins(begin), margins(finish)
        for i, j in combinations(range(len(samples)), 2):
            first, last = before[i] - before[j], after[i] - after[j]
            if first * last < 0:
                candidates.add(begin + first / (first - last) * (finish - begin))
    return min(sorted(margins(time))[skipped] for time in candidates)


@settings(unhurried, max_examples=60)
@given(st.integers(0, 1000), st.integers(1, PATTERNS - 1), WEIGHTS, WEIGHTS)
def test_a_committees_bound_is_below_the_rational_minimum_and_close(seed, allowed, start, end):
    tensors = consistent_patterns(torch.Generator().manual_seed(seed), PATTERNS, INPUTS)
    problem = committee_on([tensors], HIDDEN)
    problem.allow_errors(allowed)
    rows = (torch.tensor([weights], dtype=torch.float64) for weights in (start, end))
    bound = Fraction(float(problem.segment_min_margins(*rows, ZERO)))
    exact = rational_minimum(tensors, start, end, allowed)
    assert exact - Fraction(1e-12) <= bound <= exact


class OneLogit(NetworkProblem):
    """z = w x on two inputs of class 1: moving the last weight, one is wrong at first and the other one in the end."""

    def __init__(self) -> None:
        super().__init__({"train": (torch.tensor([[1.0, 1.0, 1.0], [1.0, 1.0, -1.0]]), torch.tensor([1, 1]))})

    def build_network(self) -> nn.Module:
        return nn.Linear(3, 1, bias=False)


def turning(height: float) -> tuple[Tensor, Tensor]:
    """Ends with the margins -0.5 + 2 height and 0.5 + 2 height; half way both are 2 height."""
    return torch.tensor([[height, height, -0.5]]), torch.tensor([[height, height, 0.5]])


def committee_of_two() -> NetworkProblem:
    signs = torch.tensor([[1, 1, 1], [1, 1, -1]], dtype=torch.int8)
    return committee_on([{"patterns": signs, "labels": torch.ones(2, dtype=torch.int8)}])


@pytest.mark.parametrize(("kind", "sound"), [("exact", True), ("sound", True), ("sampled", False)])
def test_the_samples_that_err_may_change_on_the_way(kind, sound):
    problem = committee_of_two() if kind == "exact" else OneLogit()
    assert not certify_segments(problem, *turning(0.1), ZERO, 1 / 64, sound=sound).hold
    problem.allow_errors(1)
    found = certify_segments(problem, *turning(0.1), ZERO, 1 / 64, sound=sound)
    assert (found.kind, found.hold.tolist()) == (kind, [True])
    assert float(found.min_margins) == pytest.approx(0.2, abs={"exact": 1e-7, "sound": 0.2, "sampled": 1e-6}[kind])
    below = certify_segments(problem, *turning(-0.1), ZERO, 1 / 64, sound=sound)  # both are wrong half way
    assert below.hold.tolist() == [False]
    assert float(below.min_margins) == pytest.approx(-0.2, abs=1e-6)


def test_a_path_is_certified_as_its_segments_are():
    problem = committee_of_two()
    problem.allow_errors(1)
    points = torch.cat([*turning(0.1), turning(0.1)[0]])
    found = certify_path(problem, points, 0, 1 / 64)
    assert (found.kind, found.holds, found.segments) == ("exact", True, 2)
    assert certify_path(problem, torch.cat([points, torch.full((1, 3), -1.0)]), 0, 1 / 64).failed == 2


@pytest.mark.parametrize("allowed", [2, 5])
def test_samples_find_what_dense_samples_find(allowed):
    problem, rows = smooth_problem(samples=9), 20
    problem.allow_errors(allowed)
    random = torch.Generator().manual_seed(2)
    starts, moves = torch.randn(2, rows, 31, generator=random)
    ends = starts + 0.3 * moves
    zeros, held = torch.zeros(rows, dtype=torch.long), 0
    found = certify_segments(problem, starts, ends, zeros, 1 / 64)
    for row in range(rows):
        times = torch.linspace(0, 1, 65)[:, None]
        dense = problem.sample_margins(torch.lerp(starts[row], ends[row], times), torch.zeros(65, dtype=torch.long))
        assert bool(found.hold[row]) == bool(((dense <= 0).sum(1) <= allowed).all())
        held += bool(found.hold[row])
    assert 0 < held < rows or allowed < 5


class Dense(NetworkProblem):
    """A ReLU network on random points, labelled by its own starting weights but for some wrong labels."""

    def __init__(self, seed: int, wrong: int) -> None:
        random = torch.Generator().manual_seed(seed)
        inputs = torch.randn(12, 4, generator=random)
        super().__init__({"train": (inputs, torch.arange(12) % 3)})
        self.start = 0.7 * torch.randn(self.n_weights, generator=random)
        labels = self.data("train")[1]
        labels.copy_(self.outputs(self.start[None], ZERO)[0].argmax(1))
        labels[:wrong] = (labels[:wrong] + 1) % 3

    def build_network(self) -> nn.Module:
        return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 3))


@settings(unhurried, max_examples=10)
@given(st.integers(0, 1000), st.integers(1, 3), st.sampled_from([0.01, 0.05, 0.2]))
def test_what_is_proven_is_what_dense_samples_see(seed, allowed, distance):
    problem = Dense(seed, wrong=allowed)
    random = torch.Generator().manual_seed(seed + 1)
    end = problem.start + distance * torch.randn(problem.n_weights, generator=random)
    segment = (problem.start[None], end[None], ZERO, 1 / 64)
    assert not certify_segments(problem, *segment).hold
    problem.allow_errors(allowed)
    found = certify_segments(problem, *segment)
    if found.kind == "sound" and bool(found.hold):
        times = torch.linspace(0, 1, 201, dtype=torch.float64)[:, None]
        weights = torch.lerp(problem.start.double(), end.double(), times)
        margins = problem.sample_margins(weights, torch.zeros(201, dtype=torch.long)).sort(1).values
        assert float(margins[:, allowed].min()) >= float(found.min_margins) > 0


def test_short_segments_of_networks_with_wrong_labels_are_proven():
    for seed in range(5):
        problem = Dense(seed, wrong=2)
        problem.allow_errors(2)
        found = certify_segments(problem, problem.start[None], 1.001 * problem.start[None], ZERO, 1 / 64)
        assert (found.kind, found.hold.tolist()) == ("sound", [True])


def test_what_is_not_proven_says_how_many_samples_are_open():
    problem = OneLogit()
    problem.allow_errors(1)
    points = torch.tensor([[1e-4, 1e-4, -0.5], [1e-4, 1e-4, 0.7]])  # both are close to zero at t = 5 / 12
    found = certify_path(problem, points, 0, 1 / 4)
    assert (found.kind, found.holds) == ("sampled", True)
    assert "training sample 0 and those of 1 other, where 1 may err, could not be bounded" in found.reason
