"""What rounding does to a Hessian in float64, whatever the network does inside: true values come from 50 digits."""

import mpmath
import numpy as np
import pytest
import torch
from small_problems import committee_on, pattern_sets, smooth_problem
from torch import Tensor, nn

from ramble.errors import RambleError
from ramble.problems.network import NetworkProblem
from ramble.spectra.exact import ExactEngine
from ramble.spectra.gauss_newton import GaussNewtonEngine
from ramble.spectra.krylov import KrylovEngine
from ramble.spectra.perturbed import EXACT, PARTS, SUMS, TIMES, Perturbed, changes_of, perturbed
from ramble.spectra.rounding import LOOKS, rounding_of_hessian
from ramble.spectra.settings import GaussNewtonSettings, KrylovSettings

HIDDEN, EPS = 3, 2.0**-52
KRYLOV = KrylovEngine(KrylovSettings(top=1, bottom=1, tolerance=1e-6, budget=30, trace_samples=2), seed=1)
OFFSET, LARGE_OFFSET, SURE = 1e8, 1e15, 30
# bars that are wide since hardly a digit is left
WIDE = {"a large number added and taken off": 1e-5, "a larger number before tanh": 100.0, "index_put that adds": 1e-5,
        "two large terms": 1e-5}  # fmt: skip


class TanhInPlace(nn.Module):
    def forward(self, inputs: Tensor) -> Tensor:
        return (inputs * 1).tanh_()


class SigmoidInPlace(nn.Module):
    def forward(self, inputs: Tensor) -> Tensor:
        return (inputs * 1).sigmoid_()


class Offset(nn.Module):
    def forward(self, inputs: Tensor) -> Tensor:
        return (inputs.sin() + OFFSET) - OFFSET


def softmax(fields: list) -> list:
    powers = [mpmath.exp(field) for field in fields]
    return [power / sum(powers) for power in powers]


class SureClass(nn.Module):
    """The logarithm of a probability that is nearly one: its digits are lost inside of one operation."""

    def forward(self, inputs: Tensor) -> Tensor:
        return torch.cat([inputs[:, :1] + SURE, inputs[:, 1:]], 1).log_softmax(-1)[:, :1].expand(-1, HIDDEN)


def sure_class(fields: list) -> list:
    powers = [mpmath.exp(field) for field in (fields[0] + SURE, *fields[1:])]
    return [mpmath.log(powers[0] / sum(powers))] * HIDDEN


class LargeOffset(nn.Module):
    def forward(self, inputs: Tensor) -> Tensor:
        return torch.tanh((inputs + LARGE_OFFSET) - LARGE_OFFSET)


class Accumulated(nn.Module):
    """A large number added to all places, and taken off again, by index_put."""

    def forward(self, inputs: Tensor) -> Tensor:
        places = torch.arange(HIDDEN)
        every = (torch.arange(len(inputs)).unsqueeze(1), places)
        found = inputs.sin().index_put(every, torch.full((1, 1), OFFSET, dtype=inputs.dtype), accumulate=True)
        return found.index_put(every, torch.full((1, 1), -OFFSET, dtype=inputs.dtype), accumulate=True)


class TwoAlike(nn.Module):
    """sin of a difference of two large terms, which one change of both in the same way would leave as it is."""

    def forward(self, inputs: Tensor) -> Tensor:
        difference = (inputs[:, :1] + OFFSET) - (inputs[:, 1:2] + OFFSET)
        return difference.sin().expand(-1, HIDDEN)


UNITS = {
    "a sure class": (SureClass, sure_class),
    "a larger number before tanh": (LargeOffset, lambda fields: [mpmath.tanh(field) for field in fields]),
    "index_put that adds": (Accumulated, lambda fields: [mpmath.sin(field) for field in fields]),
    "two large terms": (TwoAlike, lambda fields: [mpmath.sin(fields[0] - fields[1])] * HIDDEN),
    "softmax": (lambda: nn.Softmax(-1), softmax),
    "tanh in place": (TanhInPlace, lambda fields: [mpmath.tanh(field) for field in fields]),
    "sigmoid in place": (SigmoidInPlace, lambda fields: [1 / (1 + mpmath.exp(-field)) for field in fields]),
    "a large number added and taken off": (Offset, lambda fields: [mpmath.sin(field) for field in fields]),
}


class HeadFrozen(NetworkProblem):
    """Nine trainable weights before some units, and a head that is given: all of the Hessian goes through the units."""

    def __init__(self, units, inputs: Tensor, classes: Tensor) -> None:
        self.units = units
        super().__init__({"train": (inputs, classes)})

    def build_network(self) -> nn.Module:
        torch.manual_seed(1)
        network = nn.Sequential(nn.Linear(2, HIDDEN), self.units(), nn.Linear(HIDDEN, 2)).double()
        network[2].requires_grad_(False)
        return network


def true_eigenvalues(problem: HeadFrozen, weights: Tensor, units) -> list:
    """All eigenvalues, from second differences in 50 digits."""
    inputs, classes = problem.data("train")
    head = problem.build_network()[2]
    given = [[mpmath.mpf(float(number)) for number in row] for row in inputs]
    out = [[mpmath.mpf(float(number)) for number in row] for row in head.weight]
    shift = [mpmath.mpf(float(number)) for number in head.bias]

    def loss(values: list) -> object:
        total = mpmath.mpf(0)
        for row, own in zip(given, classes.tolist(), strict=True):
            fields = [
                values[2 * i] * row[0] + values[2 * i + 1] * row[1] + values[2 * HIDDEN + i] for i in range(HIDDEN)
            ]
            hidden = units(fields)
            logits = [sum(w * h for w, h in zip(out[c], hidden, strict=True)) + shift[c] for c in range(2)]
            total += mpmath.log1p(mpmath.exp(logits[1 - own] - logits[own]))
        return total / len(given)

    with mpmath.workdps(60):
        here, step = [mpmath.mpf(float(value)) for value in weights], mpmath.mpf(10) ** -15
        hessian = mpmath.matrix(len(here), len(here))

        def moved(first: int, up: int, second: int, on: int) -> object:
            values = list(here)
            values[first] += up * step
            values[second] += on * step
            return loss(values)

        for i in range(len(here)):
            for j in range(i + 1):
                corners = moved(i, 1, j, 1) - moved(i, 1, j, -1) - moved(i, -1, j, 1) + moved(i, -1, j, -1)
                hessian[i, j] = hessian[j, i] = corners / (4 * step**2)
        return [float(value) for value in mpmath.eigsy(hessian, eigvals_only=True)]


@pytest.mark.parametrize("scale", [1.0, 10.0, 30.0, 100.0])
@pytest.mark.parametrize("name", UNITS)
def test_error_bars_hold_where_the_digits_are_lost_inside(name, scale):
    torch_units, true_units = UNITS[name]
    inputs = torch.randn(3, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    problem = HeadFrozen(torch_units, inputs, torch.tensor([0, 1, 0]))
    weights = scale * problem.initial_weights(torch.Generator().manual_seed(2))
    values = np.array(sorted(true_eigenvalues(problem, weights, true_units), key=abs))
    for engine in (ExactEngine(), KRYLOV):
        found = engine.spectrum(problem, weights, 0, "x")
        largest = np.abs(found.eigenvalues).argmax()
        assert abs(found.eigenvalues[largest] - values[-1]) <= found.errors[largest]
        assert abs(found.lowest[0] - values.min()) <= found.lowest_errors[0]
        assert found.errors[largest] <= max(1e-6 * abs(values[-1]), WIDE.get(name, 1e-13))


def test_what_is_seen_is_what_is_lost():
    """Without it the bar of this network is that of sums, six decades too small."""
    inputs = torch.randn(3, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    problem = HeadFrozen(Offset, inputs, torch.tensor([0, 1, 0]))
    weights = problem.initial_weights(torch.Generator().manual_seed(2))
    rounding = rounding_of_hessian(problem, weights, "x", None)(1.0)
    assert 1e-9 < rounding < 1e-5  # 1e8 units of 2e-16, times what makes it certain


def test_networks_that_lose_nothing_keep_the_bars_of_sums():
    problem = smooth_problem(seed=3)
    weights = problem.initial_weights(torch.Generator().manual_seed(5))
    rounding, largest = rounding_of_hessian(problem, weights, "x", None), 30.0
    assert rounding(largest) <= 1e-12 * largest
    assert len(rounding._seen) == LOOKS  # they were clear


class Long(nn.Module):
    """A recurrent network, whose kernel calls its units in place."""

    def __init__(self) -> None:
        super().__init__()
        self.memory, self.out = nn.LSTM(2, 3, batch_first=True), nn.Linear(3, 2).requires_grad_(False)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.out(self.memory(inputs.view(-1, 3, 2))[0][:, -1])


class LongProblem(NetworkProblem):
    def build_network(self) -> nn.Module:
        torch.manual_seed(1)
        return Long().double()


def test_units_inside_a_kernel_are_seen():
    random = torch.Generator().manual_seed(0)
    inputs = torch.randn(1, 6, generator=random, dtype=torch.float64)
    problem = LongProblem({"train": (inputs, torch.tensor([0]))})
    weights = 200 * problem.initial_weights(torch.Generator().manual_seed(2))
    found = ExactEngine().spectrum(problem, weights, 0, "x")
    # all gates are at their limits, so that nothing is left of the Hessian and no digit of it is true
    assert found.errors[0] >= np.abs(found.eigenvalues).max() / 10
    assert found.errors[0] >= 1e-18


class Attentive(nn.Module):
    """Two tokens that attend to those before, masked in one of the usual ways."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way, self.tokens = way, nn.Embedding(5, 4)
        self.layer, self.out = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True), nn.Linear(4, 2)

    def forward(self, inputs: Tensor) -> Tensor:
        found = self.tokens(inputs)
        later = torch.triu(torch.ones(found.shape[1], found.shape[1], dtype=torch.bool), 1)
        infinite = torch.zeros(later.shape, dtype=found.dtype).masked_fill(later, -torch.inf)
        if self.way == "causal":
            found = nn.functional.scaled_dot_product_attention(found, found, found, is_causal=True)
        elif self.way == "bool mask":
            found = nn.functional.scaled_dot_product_attention(found, found, found, attn_mask=~later)
        elif self.way == "float mask":
            found = (found @ found.mT + infinite).softmax(-1) @ found
        else:
            found = self.layer(found, src_mask=later if self.way == "bool layer" else infinite)
        return self.out(found[:, -1])


class AttentiveProblem(NetworkProblem):
    def __init__(self, way: str, inputs: Tensor, classes: Tensor) -> None:
        self.way = way
        super().__init__({"train": (inputs, classes)})

    def build_network(self) -> nn.Module:
        return Attentive(self.way).double().eval()


@pytest.mark.parametrize("way", ["causal", "bool mask", "float mask", "bool layer", "float layer"])
def test_infinite_masks_are_no_numbers_to_change(way):
    inputs = torch.randint(0, 5, (12, 4), generator=torch.Generator().manual_seed(0))
    problem = AttentiveProblem(way, inputs, (inputs[:, 0] > 1).long())
    weights = problem.initial_weights(torch.Generator().manual_seed(2))
    found = KRYLOV.spectrum(problem, weights, 0, "x")
    assert found.errors[0] <= 1e-3 * abs(found.eigenvalues[0])
    dense = ExactEngine().spectrum(problem, weights, 0, "x")
    assert abs(abs(dense.eigenvalues).max() - abs(found.eigenvalues[0])) <= found.errors[0] + dense.errors[0]


def test_the_gauss_newton_part_is_seen_too():
    inputs = torch.randn(3, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    problem = HeadFrozen(lambda: nn.Softmax(-1), inputs, torch.tensor([0, 1, 0]))
    weights = 100 * problem.initial_weights(torch.Generator().manual_seed(2))
    engine = GaussNewtonEngine(GaussNewtonSettings(top=1, tolerance=1e-3, budget=9, trace_samples=2), seed=1)
    row = engine.rows(problem, weights, 0, "x").iloc[0]
    assert row.gn_error_1 >= 1e-9 * row.gn_1  # half of the digits of every derivative of the logits are lost
    assert row.rest_error >= 1e-18


def test_closed_forms_keep_the_bars_of_sums():
    problem = committee_on(pattern_sets(1, 1, 20, 30))
    weights = 0.3 * torch.randn(30, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    found = ExactEngine().spectrum(problem, weights, 0, "x")
    assert found.errors[0] <= 1e-12 * found.eigenvalues[0]


def test_closed_forms_that_lose_digits_are_seen():
    class Lossy:
        def hessians(self, weights: Tensor, datasets: Tensor) -> Tensor:
            return torch.diag_embed((weights.double() + OFFSET) - OFFSET)

    weights = torch.linspace(0.1, 0.9, 7, dtype=torch.float64)
    found = ExactEngine().spectrum(Lossy(), weights, 0, "x")
    assert (np.abs(np.sort(found.eigenvalues) - weights.numpy()) <= found.errors).all()
    assert np.abs(np.sort(found.eigenvalues) - weights.numpy()).max() > 1e-10


def test_changes_are_of_the_size_that_is_said():
    numbers = torch.randn(10_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for dtype in (torch.float64, torch.float32):
        own = numbers.to(dtype)
        off = (perturbed(own, 3).double() / own.double() - 1) / (TIMES * torch.finfo(dtype).eps)
        assert 1.99 < off.abs().max() <= 2.001
        assert abs(float(off.mean())) <= 0.05


def test_equal_numbers_stay_equal_and_seeds_differ():
    numbers = torch.tensor([0.1, 0.3, 0.1, 0.3], dtype=torch.float64).repeat(100)
    assert len(set(perturbed(numbers, 1).tolist())) == 2
    many = torch.rand(1000, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert abs(float(torch.corrcoef(torch.stack([changes_of(many, 1), changes_of(many, 2)]))[0, 1])) < 0.2


def test_what_rounds_nothing_and_views_are_left_alone():
    numbers = torch.randn(6, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    with Perturbed(1):
        same = [numbers.clone(), numbers.view(36).view(6, 6), torch.cat([numbers]), numbers.neg().neg()]
        changed = [numbers + 0, numbers * 1, numbers.clone().add_(0)]
    for found in same:
        assert torch.equal(found, numbers)
    for found in changed:
        assert ((found - numbers).abs() <= 3 * TIMES * EPS * numbers.abs()).all()
        assert not torch.equal(found, numbers)


def test_names_are_of_operations():
    assert [name for name in EXACT | SUMS if not hasattr(torch.ops.aten, name)] == []
    assert len(PARTS) >= 13


def test_constants_and_conversions_of_whole_numbers_are_left_alone():
    mask = torch.tensor([True, False])
    with Perturbed(1):
        made = [mask.double(), torch.arange(2.0).double(), torch.eye(2).double(), torch.ones(2, 2).tril() == 1]
        narrow = torch.full((2,), 0.1, dtype=torch.float64).float()
    expected = [torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), torch.eye(2), torch.ones(2, 2).tril() == 1]
    for found, wanted in zip(made, expected, strict=True):
        assert torch.equal(found, wanted.to(found.dtype))
    assert not torch.equal(narrow, torch.full((2,), 0.1))


def test_complex_numbers_are_changed_in_both_parts():
    numbers = torch.randn(5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    exact = torch.fft.rfft(numbers)
    with Perturbed(1):
        found = torch.fft.rfft(numbers)
    assert ((found - exact).abs() > 0).any()
    assert ((found - exact).abs() <= 1e-11).all()


def test_a_network_that_computes_in_bfloat16_is_refused():
    class Half(nn.Module):
        def forward(self, inputs: Tensor) -> Tensor:
            return inputs.bfloat16().double()

    inputs = torch.randn(3, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    problem = HeadFrozen(Half, inputs, torch.tensor([0, 1, 0]))
    weights = problem.initial_weights(torch.Generator().manual_seed(2))
    with pytest.raises(RambleError, match=r"computes in torch\.bfloat16 inside"):
        KRYLOV.spectrum(problem, weights, 0, "x")
