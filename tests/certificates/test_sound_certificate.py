"""Lower bounds of a moving ReLU network's margins against dense samples and rational arithmetic."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_problems import small_lenet
from torch import Tensor, nn
from unhurried import unhurried

from ramble.certificates.affine import Form
from ramble.certificates.moving import MovingNetwork
from ramble.certificates.paths import certify_path, work_of
from ramble.certificates.pooling import maximum
from ramble.certificates.segments import certify_segments
from ramble.certificates.sound import obstacle, prove_segment
from ramble.problems.network import NetworkProblem

ZERO = torch.tensor([0])


class SequentialProblem(NetworkProblem):
    """Given layers on random samples; their labels are what the start's weights say."""

    def __init__(
        self, layers: list[nn.Module], shape: tuple[int, ...], seed: int, samples: int = 7, classes: int = 3
    ) -> None:
        self._given = layers
        random = torch.Generator().manual_seed(seed)
        inputs = torch.randn(samples, *shape, generator=random)
        super().__init__({"train": (inputs, torch.randint(0, classes, (samples,), generator=random))})

    def build_network(self) -> nn.Module:
        return nn.Sequential(*self._given)


def convolutional(seed: int) -> SequentialProblem:
    layers = [
        nn.Conv2d(2, 3, 3, padding=1),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Conv2d(3, 4, (3, 2), stride=(2, 1), bias=False),
        nn.ReLU(),
        nn.MaxPool2d((1, 2)),
        nn.Flatten(),
        nn.Linear(8, 6),
        nn.ReLU(),
        nn.Linear(6, 3),
    ]
    return SequentialProblem(layers, (2, 9, 10), seed)


def dense(seed: int) -> SequentialProblem:
    return SequentialProblem([nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 3)], (4,), seed)


def some_weights(problem: NetworkProblem, seed: int, sigma: float) -> Tensor:
    return sigma * torch.randn(problem.n_weights, generator=torch.Generator().manual_seed(seed))


@settings(unhurried, max_examples=25)
@given(st.integers(0, 10_000), st.booleans(), st.floats(0.001, 1.5), st.floats(0, 0.8), st.floats(0, 1))
def test_bounds_enclose_dense_samples(seed, images, distance, low, share):
    problem = convolutional(seed) if images else dense(seed)
    start = some_weights(problem, seed, 0.5)
    end = start + some_weights(problem, seed + 1, distance)
    high = low + share * (1 - low)
    bounds = MovingNetwork(problem, start, end).bounds(low, high, *problem.data("train"))
    for time in torch.linspace(low, high, 101, dtype=torch.float64).tolist():
        weights = (1 - time) * start.double() + time * end.double()
        assert (bounds <= problem.sample_margins(weights.unsqueeze(0), ZERO)[0] + 1e-12).all()


@pytest.mark.parametrize("make", [convolutional, dense])
def test_bounds_of_short_pieces_are_tight(make):
    problem = make(3)
    start, end = some_weights(problem, 4, 0.5), some_weights(problem, 5, 0.5)
    network = MovingNetwork(problem, start, end)
    weights = (0.7 * start.double() + 0.3 * end.double()).unsqueeze(0)
    margins = problem.sample_margins(weights, ZERO)[0]
    assert torch.allclose(network.bounds(0.3, 0.3, *problem.data("train")), margins, atol=1e-9)
    widths = (1e-2, 1e-3)
    gaps = [margins - network.bounds(0.3 - h, 0.3 + h, *problem.data("train")) for h in widths]
    assert (gaps[1] < 0.15 * gaps[0]).all()  # at least of first order


@settings(unhurried, max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([1.0, 1e3, 1e8]))
def test_rounding_stays_inside_the_bound(seed, size):
    problem = SequentialProblem([nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)], (3,), seed, samples=2, classes=2)
    weights = some_weights(problem, seed, size)
    bounds = MovingNetwork(problem, weights, weights).bounds(0.0, 1.0, *problem.data("train"))
    state = {name: value.double().tolist() for name, value in problem.unflatten(weights).items()}
    inputs, labels = problem.data("train")
    for sample, label, bound in zip(inputs.double().tolist(), labels.tolist(), bounds.tolist(), strict=True):
        hidden = [max(Fraction(0), value) for value in rational_layer(state, "0", [Fraction(x) for x in sample])]
        logits = rational_layer(state, "2", hidden)
        exact = logits[label] - logits[1 - label]
        assert Fraction(bound) <= exact
        assert bound == pytest.approx(float(exact), abs=1e-10 * size**2)


def rational_layer(state: dict, name: str, inputs: list[Fraction]) -> list[Fraction]:
    return [
        Fraction(bias) + sum((Fraction(w) * x for w, x in zip(row, inputs, strict=True)), Fraction(0))
        for row, bias in zip(state[f"{name}.weight"], state[f"{name}.bias"], strict=True)
    ]


def test_samples_are_bounded_each_on_its_own(monkeypatch):
    problem = convolutional(6)
    network = MovingNetwork(problem, some_weights(problem, 7, 0.5), some_weights(problem, 8, 0.5))
    together = network.bounds(0.2, 0.3, *problem.data("train"))
    monkeypatch.setattr("ramble.certificates.moving.CHUNK", 2)
    assert torch.allclose(network.bounds(0.2, 0.3, *problem.data("train")), together, atol=1e-9)


def test_the_maximum_of_large_slopes_is_enclosed_despite_rounding():
    random = torch.Generator().manual_seed(0)
    values = torch.randn(6, 400, generator=random, dtype=torch.float64) * 10.0 ** torch.arange(-8, 8).repeat(25)
    first, second = Form(*values[:2], values[2].abs()), Form(*values[3:5], values[5].abs())
    found = maximum(first, second)
    for tau in (Fraction(-1), Fraction(1, 3), Fraction(1)):
        for sign in (-1, 1):
            for place in range(400):
                one, other, both = (rational_form(form, place, tau) for form in (first, second, found))
                exact = max(one[0] + sign * one[1], other[0] + sign * other[1])
                assert abs(exact - both[0]) <= both[1]


def rational_form(form: Form, place: int, tau: Fraction) -> tuple[Fraction, Fraction]:
    centre, slope, radius = (Fraction(float(part[place])) for part in (form.centre, form.slope, form.radius))
    return centre + tau * slope, radius


class TwoFactors(SequentialProblem):
    """One sample whose margin is the product of two weights: logits (w2 w1, 0)."""

    def __init__(self) -> None:
        super().__init__([nn.Linear(1, 1, bias=False), nn.Linear(1, 2, bias=False)], (1,), 0, samples=1)
        inputs, labels = self.data("train")
        inputs.fill_(1)
        labels.fill_(0)


def factors(first: float, second: float) -> Tensor:
    return torch.tensor([[first, second, 0.0]])


def test_a_segment_that_leaves_the_solution_space_between_good_ends_is_refused():
    problem = TwoFactors()
    start, end = factors(1.5, 0.8), factors(-0.8, -1.5)
    assert problem.evaluate(torch.cat([start, end]), torch.zeros(2, dtype=torch.long)).errors.tolist() == [0, 0]
    assert not prove_segment(problem, start[0], end[0], 1 / 64).proven
    assert not certify_segments(problem, start, end, ZERO, 1 / 64).hold


def test_a_dip_between_all_early_samples_is_not_proven_and_found():
    start, end = factors(2.0, 2.0), factors(-1.0, -1.01)  # negative from t = 2 / 3.01 to 2 / 3
    found = certify_segments(TwoFactors(), start, end, ZERO, 1 / 64)
    assert (found.kind, found.hold.tolist()) == ("sampled", [False])
    assert not prove_segment(TwoFactors(), start[0], end[0], 1 / 1024).proven


class Tents(SequentialProblem):
    """One sample with the margin 5 less some tents of w, each at a place, so wide on either side, and so high."""

    def __init__(self, *tents: tuple[float, float, float]) -> None:
        self._tents = tents
        super().__init__([nn.Linear(1, 3 * len(tents)), nn.ReLU(), nn.Linear(3 * len(tents), 2)], (1,), 0, samples=1)
        inputs, labels = self.data("train")
        inputs.fill_(1)
        labels.fill_(0)

    def at(self, w: float) -> Tensor:
        corners = torch.tensor([[place - wide, place, place + wide] for place, wide, _ in self._tents])
        slopes = torch.tensor([[high / wide * turn for turn in (-1, 2, -1)] for _, wide, high in self._tents])
        last = torch.stack([slopes.flatten(), torch.zeros(slopes.numel())])
        first = {"0.weight": torch.zeros(slopes.numel(), 1), "0.bias": w - corners.flatten()}
        return self.flatten(first | {"2.weight": last, "2.bias": torch.tensor([5.0, 0.0])})[None]


NARROW = (0.0, 1.0, 10.0)  # an error within 1/2 of its place
ALMOST = (200.123, 300.0, 4.9995)  # not quite one at its place


def test_where_a_proof_stays_open_an_error_is_looked_for():
    problem = Tents(NARROW)
    start, end = problem.at(-1000.31), problem.at(1200.17)  # within 1 of zero on a thousandth of the segment
    assert float(problem.sample_margins(problem.at(0.0), ZERO)) == -5
    found = certify_segments(problem, start, end, ZERO, 1 / 64)
    assert found.kind == "sampled"
    assert found.hold.tolist() == [False]
    assert float(found.min_margins) < 0


def test_an_error_that_was_met_is_not_called_one_that_may_hide():
    almost, both = Tents(ALMOST), Tents(NARROW, ALMOST)
    assert certify_segments(almost, almost.at(-1000.31), almost.at(1200.17), ZERO, 1 / 64, sound=False).unsure.all()
    found = certify_segments(both, both.at(-1000.31), both.at(1200.17), ZERO, 1 / 64)
    assert float(found.min_margins) < 0
    assert not found.unsure.any()


def test_a_path_that_is_not_proven_names_segment_sample_and_piece():
    points = torch.cat([factors(2.1, 2.1), factors(2.0, 2.0), factors(-1.0, -1.01)])
    found = certify_path(TwoFactors(), points, 0, 1 / 64)
    assert (found.kind, found.failed) == ("sampled", 1)
    assert found.reason == (
        "segment 1: the margin of training sample 0 could not be bounded away from zero on t in [0.65625, 0.671875], "
        "the finest piece that the resolution 0.015625 allows"
    )


def test_a_segment_inside_is_proven_with_a_bound_below_the_smallest_margin():
    start, end = factors(2.0, 0.1), factors(0.1, 2.0)  # 0.2 at the ends, and more between
    found = certify_segments(TwoFactors(), start, end, ZERO, 1 / 64)
    assert (found.kind, found.hold.tolist()) == ("sound", [True])
    assert 0 < float(found.min_margins) <= 0.2 + 1e-7


def test_a_bar_moves_with_networks_and_then_with_every_proof():
    points, moves = torch.cat([factors(2.0, 0.1), factors(1.0, 1.0), factors(0.1, 2.0)]), []
    assert certify_path(TwoFactors(), points, 0, 1 / 64, advance=moves.append).kind == "sound"
    assert moves == [1, 2, 2, 1, 1]  # the first point, the others, the middles, two proofs
    assert work_of(TwoFactors(), len(points)) == sum(moves)


def test_weights_that_overflow_are_not_proven():
    start = factors(1.0, 1.0)
    for value in (float("nan"), float("inf")):
        assert not prove_segment(TwoFactors(), start[0], factors(value, 1.0)[0], 1 / 4).proven
        assert not certify_segments(TwoFactors(), start, factors(value, 1.0), ZERO, 1 / 4).hold


def test_lenet_moves_a_little_and_stays_proven():
    problem = small_lenet()
    weights = problem.initial_weights(torch.Generator().manual_seed(1))
    labels = problem.data("train")[1]
    labels.copy_(problem.outputs(weights.unsqueeze(0), ZERO)[0].argmax(1))  # whatever it says is right
    nearby = weights + 1e-4 * torch.randn(len(weights), generator=torch.Generator().manual_seed(2))
    found = certify_segments(problem, weights.unsqueeze(0), nearby.unsqueeze(0), ZERO, 1 / 64)
    assert (found.kind, found.hold.tolist()) == ("sound", [True])


@pytest.mark.parametrize(
    "layers",
    [
        [nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 3)],
        [nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect"), nn.Flatten(), nn.Linear(16, 3)],
        [nn.MaxPool2d(2, padding=1), nn.Flatten(), nn.Linear(16, 3)],
        [nn.MaxPool2d(2, ceil_mode=True), nn.Flatten(), nn.Linear(4, 3)],
    ],
)
def test_networks_that_cannot_be_bounded_are_recognised(layers):
    shape = (4,) if isinstance(layers[0], nn.Linear) else (4, 2, 2)
    assert obstacle(SequentialProblem(layers, shape, 0))


def test_supported_networks_are_recognised():
    assert not any(obstacle(problem) for problem in (convolutional(0), dense(0), small_lenet()))
