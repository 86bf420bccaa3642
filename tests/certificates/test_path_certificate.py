"""Samples on segments, and certificates of whole paths."""

import math
from collections.abc import Callable

import pytest
import torch
from small_problems import committee_on, pattern_sets, silent, smooth_problem, trained, wide_problem
from torch import Tensor, nn

from ramble.certificates.paths import CHUNK, certify_path, work_of
from ramble.certificates.segments import certify_segments
from ramble.certificates.sound import MOST_SAMPLES, obstacle
from ramble.problems.network import NetworkProblem
from ramble.store.headers import Status
from ramble.tracking.certified import certified
from ramble.tracking.connect import connect
from ramble.tracking.line import LineTracker
from ramble.tracking.line_settings import LineSettings
from ramble.tracking.path import Path, Setting
from ramble.tracking.polyline import Strand, certify_strands
from ramble.verification.network import NetworkCheck

RESOLUTION = 1 / 64
SMOOTH = smooth_problem(samples=4)
COMMITTEE = committee_on(pattern_sets(31, 2, 10, 30), hidden=3, input_scale=0.5)


def smooth_solution(seed: int = 1) -> Tensor:
    weights = SMOOTH.initial_weights(torch.Generator().manual_seed(seed)).unsqueeze(0)
    for _ in range(400):
        weights = weights - 0.5 * SMOOTH.gradients(weights, torch.tensor([0]))[1]
    assert SMOOTH.evaluate(weights, torch.tensor([0])).errors.tolist() == [0]
    return weights[0]


def smooth_path(points: int) -> Tensor:
    start = smooth_solution()
    noise = 0.01 * torch.randn(points, len(start), generator=torch.Generator().manual_seed(9))
    return start + noise


def flipped(weights: Tensor) -> Tensor:
    """The same function from far away: tanh is odd, so hidden units may change their signs."""
    return torch.cat([-weights[..., :28], weights[..., 28:]], -1)


def outside(weights: Tensor) -> Tensor:
    """A network that is wrong on every sample: all logits change their signs."""
    return torch.cat([weights[..., :16], -weights[..., 16:]], -1)


def plain_margin(weights: Tensor) -> float:
    """The smallest margin, sample by sample."""
    inputs, labels = SMOOTH.data("train")
    smallest = math.inf
    for row, label in zip(SMOOTH.network(weights.double())(inputs.double()).tolist(), labels.tolist(), strict=True):
        smallest = min(smallest, row[label] - max(row[:label] + row[label + 1 :]))
    return smallest


def test_samples_find_what_dense_samples_find():
    random = torch.Generator().manual_seed(1)
    starts, ends = torch.randn(2, 20, 31, generator=random)
    found = certify_segments(SMOOTH, starts, ends, torch.zeros(20, dtype=torch.long), RESOLUTION)
    assert found.kind == "sampled"
    for row in range(20):
        dense = [plain_margin(torch.lerp(starts[row], ends[row], t)) for t in torch.linspace(0, 1, 65).tolist()]
        assert bool(found.hold[row]) == (min(dense) > 0)


def test_samples_crowd_where_margins_are_small():
    start = smooth_solution()
    far = certify_segments(SMOOTH, start[None], 1.01 * start[None], torch.tensor([0]), RESOLUTION)
    assert far.tested.tolist() == [3]
    assert float(far.min_margins) == pytest.approx(plain_margin(start), rel=1e-5)
    # logits that shrink to a thousandth come close to zero at one end only
    shrunk = torch.cat([start[:16], 1e-3 * start[16:]])
    near = certify_segments(SMOOTH, start[None], shrunk[None], torch.tensor([0]), RESOLUTION)
    assert near.hold.tolist() == [True]
    assert 3 < int(near.tested) < 30


class Curved(NetworkProblem):
    """A network whose margin is a function of its one weight w on the first sample, and 1 on the others."""

    def __init__(self, margin: Callable[[Tensor], Tensor]) -> None:
        self._margin = margin
        super().__init__({"train": (torch.tensor([[1.0], [-1.0], [-2.0]]), torch.zeros(3, dtype=torch.long))})

    def build_network(self) -> torch.nn.Module:
        margin_of = self._margin

        class Network(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.weight = torch.nn.Parameter(torch.zeros(1))

            def forward(self, inputs: Tensor) -> Tensor:
                margin = torch.where(inputs > 0, margin_of(self.weight), 1.0)
                return torch.cat([margin, torch.zeros_like(margin)], 1)

        return Network()


# below zero around w = pi alone, on a sixtieth of the segment, whose middle is on one side of it
DIP = Curved(lambda weight: 0.999 + torch.cos(weight))
# nowhere below zero, and almost zero at a place that no halving meets
TOUCH = Curved(lambda weight: 1e-9 + (weight - 1.2345).abs())
SEGMENT = torch.tensor([[0.2]]), torch.tensor([[5.9]])
STRAIGHT = Path(torch.cat(SEGMENT), torch.tensor([0.0, 1.0]).double(), Status.ARRIVED, "there", [])


def test_an_error_on_a_short_part_of_a_segment_is_found():
    found = certify_segments(DIP, *SEGMENT, torch.tensor([0]), RESOLUTION)
    assert float(DIP.sample_margins(torch.tensor([[3.05]]), torch.tensor([0])).min()) > 0
    assert float(found.min_margins) < 0
    assert not found.unsure.any()
    assert (
        "segment 0 between stored points 0 and 1 leaves S" in certified(DIP, STRAIGHT, 0, RESOLUTION, silent()).reason
    )


def test_a_segment_on_which_an_error_may_hide_is_not_certified():
    found = certify_segments(TOUCH, *SEGMENT, torch.tensor([0]), RESOLUTION)
    assert found.unsure.tolist() == [True]
    assert found.hold.tolist() == [False]
    assert int(found.tested) < 80, "a chain of intervals around one place"
    path = certified(TOUCH, STRAIGHT, 0, RESOLUTION, silent())
    assert path.certificate == "none"
    assert not path.joins
    assert "may leave S: no error was met, but a margin is too close to zero for points to rule one out" in path.reason


def test_a_margin_that_stays_near_zero_is_no_endless_search():
    hovers = Curved(lambda weight: 1e-9 + torch.sin(100 * weight).abs())  # almost zero at 180 places
    found = certify_segments(hovers, *SEGMENT, torch.tensor([0]), RESOLUTION)
    assert found.unsure.tolist() == [True]
    assert int(found.tested) < 200


def test_a_line_on_which_an_error_may_hide_is_not_certified_and_none_is_told_of():
    (path,) = connect(TOUCH, LineTracker(LineSettings(points=2)), *SEGMENT, torch.tensor([0]), silent())
    assert path.certificate == "none"
    assert path.reason.startswith("no error was met on the straight segment; not certified: segment 0")


def test_a_polygon_on_which_an_error_may_hide_does_not_arrive_and_says_so():
    strand, points = Strand(Setting(TOUCH, *SEGMENT, torch.tensor([0]))), torch.cat(SEGMENT)
    strand.look(points, TOUCH.evaluate(points, torch.tensor([0, 0])), 0.1, 0)
    certify_strands([strand], RESOLUTION)
    assert not strand.arrived
    assert strand.path().reason.startswith("not certified: no errors were seen, but a margin comes too close to zero")


def test_beyond_the_first_halving_only_samples_in_doubt_are_looked_at(monkeypatch):
    looked_at, kept = [], NetworkProblem.margins_on

    def margins_on(problem, weights, datasets, samples):
        looked_at.append(samples.tolist())
        return kept(problem, weights, datasets, samples)

    monkeypatch.setattr(NetworkProblem, "margins_on", margins_on)
    certify_segments(TOUCH, *SEGMENT, torch.tensor([0]), RESOLUTION)
    assert looked_at
    assert all(samples == [0] for samples in looked_at)


def test_an_error_at_an_end_needs_no_further_samples():
    start = smooth_solution()
    found = certify_segments(SMOOTH, start[None], outside(start)[None], torch.tensor([0]), RESOLUTION)
    assert found.hold.tolist() == [False]
    assert found.tested.tolist() == [2]


def test_segments_side_by_side_are_segments_one_by_one():
    random = torch.Generator().manual_seed(2)
    start = smooth_solution()
    starts, ends = start + torch.randn(2, 5, 31, generator=random) * torch.tensor([0.01, 0.1, 0.5, 1, 2])[:, None]
    together = certify_segments(SMOOTH, starts, ends, torch.zeros(5, dtype=torch.long), RESOLUTION)
    for row in range(5):
        alone = certify_segments(SMOOTH, starts[row : row + 1], ends[row : row + 1], torch.tensor([0]), RESOLUTION)
        assert together.tested[row] == alone.tested[0]
        assert together.min_margins[row] == alone.min_margins[0]


def test_all_or_none_stops_at_the_first_error_and_lets_no_segment_hold():
    start = smooth_solution()
    random = torch.Generator().manual_seed(2)
    starts, ends = start + torch.randn(2, 5, 31, generator=random) * torch.tensor([0.01, 0.1, 0.5, 1, 2])[:, None]
    owners = torch.zeros(5, dtype=torch.long)
    each = certify_segments(SMOOTH, starts, ends, owners, RESOLUTION)
    assert set(each.hold.tolist()) == {True, False}
    several = certify_segments(SMOOTH, starts, ends, owners, RESOLUTION, all_or_none=True)
    assert not several.hold.any()
    assert int(several.tested.sum()) < int(each.tested.sum())
    good = each.hold
    same = certify_segments(SMOOTH, starts[good], ends[good], owners[good], RESOLUTION, all_or_none=True)
    assert torch.equal(same.min_margins, each.min_margins[good])


def test_all_or_none_goes_no_further_than_the_error_and_counts_what_it_looked_at(monkeypatch):
    start = smooth_solution()
    random = torch.Generator().manual_seed(2)
    sizes = torch.tensor([2, 0.01, 0.01, 0.01, 0.01])[:, None]  # the first segment leaves S
    starts, ends = start + torch.randn(2, 5, 31, generator=random) * sizes
    owners = torch.zeros(5, dtype=torch.long)
    known = SMOOTH.sample_margins(starts, owners), SMOOTH.sample_margins(ends, owners)
    inside = torch.cat([each.amin(1, keepdim=True) for each in known], 1) > 0
    middle = SMOOTH.sample_margins(torch.lerp(starts[:1], ends[:1], 0.5), owners[:1])
    assert inside[1:].all()
    if not inside[0].all():  # ends outside are seen before anything is evaluated
        found = certify_segments(SMOOTH, starts, ends, owners, RESOLUTION, known=known, all_or_none=True)
        assert int(found.tested.sum()) == 0
        starts[0], ends[0] = start, 2 * torch.lerp(starts[0], ends[0], 0.5) - start
    monkeypatch.setattr("ramble.problems.problem.VISIBLE", 1)
    assert middle.min() <= 0
    seen = []
    evaluate = type(SMOOTH).sample_margins
    monkeypatch.setattr(
        type(SMOOTH), "sample_margins", lambda self, w, d: (seen.extend(w.tolist()), evaluate(self, w, d))[1]
    )
    found = certify_segments(SMOOTH, starts, ends, owners, RESOLUTION, all_or_none=True)
    assert not found.hold.any()
    assert int(found.tested.sum()) == len(seen)


def test_every_point_of_a_path_is_evaluated_once(monkeypatch):
    points = smooth_path(2 * CHUNK + 3)
    seen = []
    evaluate = type(SMOOTH).sample_margins
    monkeypatch.setattr(
        type(SMOOTH), "sample_margins", lambda self, w, d: (seen.extend(w.tolist()), evaluate(self, w, d))[1]
    )
    certificate = certify_path(SMOOTH, points, 0, RESOLUTION)
    assert certificate.holds
    assert (certificate.kind, certificate.segments) == ("sampled", 2 * CHUNK + 2)
    assert certificate.tested == len(seen) == len({tuple(row) for row in seen})


def test_a_point_outside_is_refused_wherever_it_is():
    for place in (0, 5, CHUNK, CHUNK + 1, 2 * CHUNK + 2):
        points = smooth_path(2 * CHUNK + 3)
        points[place] = outside(points[place])
        certificate = certify_path(SMOOTH, points, 0, RESOLUTION)
        assert certificate.failed == max(place - 1, 0)
        assert certificate.segments == certificate.failed + 1
        assert certificate.weakest == certificate.failed
        assert certificate.min_margin <= 0


def test_a_segment_that_leaves_between_good_points_is_refused():
    points = smooth_path(6)
    points[3:] = flipped(points[3:])
    assert all(plain_margin(point) > 0 for point in points)
    assert min(plain_margin(torch.lerp(points[2], points[3], t)) for t in (0.3, 0.5, 0.7)) < 0
    assert certify_path(SMOOTH, points, 0, RESOLUTION).failed == 2


def test_a_path_of_one_point_is_that_point():
    start = smooth_solution()
    certificate = certify_path(SMOOTH, start[None], 0, RESOLUTION)
    assert certificate.holds
    assert certificate.min_margin == pytest.approx(plain_margin(start), rel=1e-5)
    assert not certify_path(SMOOTH, outside(start)[None], 0, RESOLUTION).holds


def test_a_committee_path_is_certified_exactly_on_its_own_set():
    start = trained(COMMITTEE, torch.tensor([1]), 5)[0].float()
    points = torch.stack([start * (1 + share) for share in torch.linspace(0, 1, CHUNK + 5).tolist()])
    certificate = certify_path(COMMITTEE, points, 1, RESOLUTION)
    assert (certificate.kind, certificate.tested, certificate.failed) == ("exact", 0, None)
    margins = COMMITTEE.sample_margins(points.double(), torch.ones(len(points), dtype=torch.long)).amin(1)
    assert 0 < certificate.min_margin <= float(margins.min())
    points[CHUNK + 2] = -points[CHUNK + 2]
    assert certify_path(COMMITTEE, points, 1, RESOLUTION).failed == CHUNK + 1
    assert not certify_path(COMMITTEE, points, 0, RESOLUTION).holds  # these are no solutions of the other set


@pytest.mark.parametrize(("visible", "at_a_time"), [(400, CHUNK), (8, 2), (1, 1)])
def test_a_bar_moves_with_the_networks_and_nothing_else_changes(monkeypatch, visible, at_a_time):
    points, moves = smooth_path(2 * CHUNK + 3), []
    expected = certify_path(SMOOTH, points, 0, RESOLUTION)
    monkeypatch.setattr("ramble.problems.problem.VISIBLE", visible)
    assert certify_path(SMOOTH, points, 0, RESOLUTION, advance=moves.append) == expected
    assert max(moves) == at_a_time
    assert sum(moves) == expected.tested
    assert work_of(SMOOTH, len(points)) == 2 * len(points) - 1
    assert expected.tested >= work_of(SMOOTH, len(points))


def test_a_bar_moves_with_the_segments_of_a_committee():
    start, moves = trained(COMMITTEE, torch.tensor([1]), 5)[0].float(), []
    points = torch.stack([start * (1 + share) for share in torch.linspace(0, 1, CHUNK + 5).tolist()])
    certify_path(COMMITTEE, points, 1, RESOLUTION, advance=moves.append)
    assert moves == [CHUNK, 4]
    assert work_of(COMMITTEE, len(points)) == CHUNK + 4


def a_path(points: Tensor) -> Path:
    return Path(points, torch.linspace(0, 1, len(points)).double(), Status.ARRIVED, "there", [])


def test_a_path_carries_its_certificate():
    path = certified(SMOOTH, a_path(smooth_path(4)), 0, RESOLUTION, silent())
    assert (path.certificate, path.certified_segments, path.reason) == ("sampled", 3, "there")
    assert path.certificate_reason == "the network (SmoothNetwork): aten.tanh is not understood"
    assert path.min_margin > 0
    assert path.certificate_points >= 7
    assert path.certificate_resolution == RESOLUTION


def test_a_path_with_a_hole_says_where():
    points = smooth_path(6)
    points[3:] = flipped(points[3:])
    path = certified(SMOOTH, a_path(points), 0, RESOLUTION, silent())
    assert (path.certificate, path.certified_segments, path.status) == ("none", 2, Status.ARRIVED)
    assert "segment 2 between stored points 2 and 3" in path.reason
    assert "segment 2 between stored points 2 and 3 leaves S" in path.certificate_reason


def test_what_stands_in_the_way_of_a_proof_is_said():
    points = smooth_path(3)
    assert certify_path(SMOOTH, points, 0, RESOLUTION, sound=False).reason == "no proof was asked for"
    committee = torch.stack([trained(COMMITTEE, torch.tensor([1]), 5)[0].float()] * 2)
    assert certify_path(COMMITTEE, committee, 1, RESOLUTION).reason == ""
    many = wide_problem(samples=MOST_SAMPLES + 1)
    assert obstacle(many) == f"{MOST_SAMPLES + 1} training samples; proofs are tried up to {MOST_SAMPLES}"


class CancellingProblem(NetworkProblem):
    """Two units of the same inputs, which large weights add and take off again: a float32 network of exact weights."""

    def build_network(self) -> nn.Module:
        return nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2))


@pytest.mark.parametrize("large", [0.0, 1.0, 3e7])
def test_a_network_that_float32_cannot_evaluate_is_not_certified(large):
    """At initial weights, where rounding is looked at when the problem is built, it is no worse than any other."""
    inputs = torch.randn(8, 2, generator=torch.Generator().manual_seed(0))
    problem = CancellingProblem({"train": (inputs, (inputs[:, 0] > 0).long())})
    state = {
        "0.weight": torch.tensor([[3.0, 0.0], [0.7, 0.3], [0.7, 0.3]]),
        "0.bias": torch.zeros(3),
        "2.weight": torch.tensor([[-3.0, large, -large], [3.0, 0.0, 0.0]]),
        "2.bias": torch.zeros(2),
    }
    weights = problem.flatten(state)
    path = torch.stack([weights, 1.001 * weights])
    found = certify_path(problem, path, 0, 1 / 64)
    if large < 2:
        assert found.kind == "sampled"
        assert found.holds
        assert found.unsure == ""
    else:
        assert not found.holds
        assert "float32 and float64 outputs differ by" in found.unsure
        assert found.min_margin == 0.0


def test_the_check_goes_on_in_float64_where_float32_is_too_far_off():
    inputs = torch.randn(40, 2, generator=torch.Generator().manual_seed(0))
    problem = CancellingProblem({"train": (inputs, (inputs[:, 0] > 0).long())})
    state = {
        "0.weight": torch.tensor([[3.0, 0.0], [0.7, 0.3], [0.7, 0.3]]),
        "0.bias": torch.zeros(3),
        "2.weight": torch.tensor([[-3.0, 1e8, -1e8], [3.0, 0.0, 0.0]]),
        "2.bias": torch.zeros(2),
    }
    weights = problem.flatten(state)
    check = NetworkCheck(problem)
    found = check.segments(torch.stack([weights, 1.001 * weights]).double())
    assert check._coarse
    assert found.failure is None
    assert found.min_margin == pytest.approx(
        float(problem.sample_margins(weights[None].double(), torch.tensor([0])).min()), rel=0.01
    )


class MlpProblem(NetworkProblem):
    def build_network(self) -> nn.Module:
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2))


@pytest.mark.parametrize("size", [1e6, 3e7, 1e9])
def test_a_sample_that_float32_is_sure_of_and_wrong_is_found(size):
    """Its margin is none of the smallest: features that are times or numbers of customers are so large."""
    inputs = torch.randn(200, 3, generator=torch.Generator().manual_seed(0))
    sums = inputs[:, 0] + inputs[:, 1] - inputs[:, 2]
    inputs, sums = inputs[sums.abs() > 0.1], sums[sums.abs() > 0.1]
    outlier = torch.tensor([[size, -3e-8 * size, size]])
    problem = MlpProblem({"train": (torch.cat([inputs, outlier]), torch.cat([(sums < 0).long(), torch.tensor([0])]))})
    state = {
        "0.weight": torch.zeros(8, 3),
        "0.bias": torch.zeros(8),
        "2.weight": torch.zeros(2, 8),
        "2.bias": torch.zeros(2),
    }
    state["0.weight"][0], state["0.weight"][1] = torch.tensor([1.0, 1.0, -1.0]), torch.tensor([-1.0, -1.0, 1.0])
    state["2.weight"][0, :2] = torch.tensor([1.0, -1.0])
    state["2.weight"][1] = -state["2.weight"][0]
    weights = problem.flatten(state)
    points = torch.stack([weights, 1.01 * weights])
    exact = problem.sample_margins(points.double(), torch.zeros(2, dtype=torch.long))
    assert (exact <= 0).sum(1).tolist() == [1, 1]
    assert not certify_path(problem, points, 0, 1 / 64).holds
    assert NetworkCheck(problem).segments(points).failure is not None


class ProductProblem(NetworkProblem):
    def build_network(self) -> nn.Module:
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(2, 2), nn.Identity(), nn.Linear(2, 2))


def test_float32_is_held_against_float64_between_the_points_too():
    """Products of weights that are zero at both ends, and large in the middle."""
    problem = ProductProblem({"train": (torch.tensor([[1.0, -1.0], [1.0, -0.9], [1.0, 2.0]]), torch.zeros(3).long())})
    large = 2.0**30
    start = torch.tensor([0, 0, 0, 0, 0, 0, 1, -1, 0, 0, 1, 0.0])
    end = torch.tensor([large, 16, large, 0, 0, 0, 0, 0, 0, 0, 1, 0.0])
    points = torch.stack([start, end])
    middle = problem.sample_margins(torch.lerp(start, end, 0.5)[None].double(), torch.tensor([0]))
    assert (middle <= 0).any()
    assert not certify_path(problem, points, 0, 1 / 64).holds
    assert NetworkCheck(problem).segments(points).failure is not None


class OneLogitProblem(NetworkProblem):
    def build_network(self) -> nn.Module:
        torch.manual_seed(0)
        return nn.Linear(24, 1)


def test_margins_near_zero_are_no_sign_of_rounding():
    """With one logit the smallest margins have the smallest outputs: the scale is that of all."""
    inputs = torch.randn(10_000, 24, generator=torch.Generator().manual_seed(0))
    problem = OneLogitProblem({"train": (inputs, torch.arange(10_000) % 2)})
    weights = problem.initial_weights(torch.Generator().manual_seed(1))
    logits = problem.network(weights.double())(inputs.double()).squeeze(1).detach()
    problem = OneLogitProblem({"train": (inputs, (logits > 0).long())})
    assert certify_path(problem, torch.stack([weights, (1 + 1e-6) * weights]), 0, 1 / 16, sound=False).holds
