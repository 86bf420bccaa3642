"""Every eigenvalue lies within its error bar: multiple, clustered, of both signs, zero, and at low loss."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_problems import QuadraticProblem, SmoothProblem, plain_smooth_loss, smooth_problem
from test_krylov import by_magnitude, ends_of, symmetric
from torch import Tensor, nn
from unhurried import unhurried

from ramble.problems.margins import curved, loss_signals, mean_loss
from ramble.problems.network import NetworkProblem
from ramble.spectra.bounds import MISSED, limits, run_ends
from ramble.spectra.ends import Ends
from ramble.spectra.exact import ExactEngine
from ramble.spectra.gauss_newton import GaussNewtonEngine
from ramble.spectra.krylov import KrylovEngine
from ramble.spectra.lanczos import Run
from ramble.spectra.products import Curvature, mathematical_attention
from ramble.spectra.pyhessian import PyHessianEngine
from ramble.spectra.settings import GaussNewtonSettings, KrylovSettings, PyHessianSettings

ENGINE = KrylovEngine(KrylovSettings(top=5, bottom=1, tolerance=1e-3, budget=200, trace_samples=2, batch=100), seed=1)

DTYPES = (torch.float32, torch.float64)


def assert_true(found: Ends, matrix: Tensor, top: int, bottom: int = 1) -> None:
    values = torch.linalg.eigvalsh(matrix.double()).numpy()
    assert (np.abs(found.top - by_magnitude(values, top)) <= found.top_errors).all()
    assert (np.abs(found.lowest - values[:bottom]) <= found.lowest_errors).all()


SPECTRA = {
    "nine times each": torch.linspace(1, 2, 12).repeat_interleave(9),
    "the largest twice": torch.cat([torch.tensor([5.0, 5.0, 4.0, 4.0, 3.0]), torch.linspace(-0.5, 0.6, 100)]),
    "a cluster across the edge": torch.cat([1 + 1e-6 * torch.arange(8), torch.linspace(-0.3, 0.4, 100)]),
    "all equal": torch.full((60,), -0.7),
    "four of two hundred are not zero": torch.cat([torch.tensor([3.0, 2.0, 2.0, -1.0]), torch.zeros(196)]),
    "geometric": torch.logspace(0, -12, 80),
    "zero": torch.zeros(50),
    "both signs": torch.cat([torch.tensor([4.0, 3.0, -3.0 + 1e-2, 2.0, -2.5, 1.0]), torch.linspace(-0.4, 0.45, 90)]),
}


@pytest.mark.parametrize("tolerance", [1e-3, 1e-5, 1e-8])
@pytest.mark.parametrize("kind", SPECTRA)
def test_no_eigenvalue_is_missed_or_counted_twice(kind, tolerance):
    for seed, top in ((1, 3), (2, 10)):
        matrix = symmetric(SPECTRA[kind].double(), seed)
        found = ends_of(matrix, top, tolerance, budget=400, seed=seed)
        assert_true(found, matrix, top)
        assert found.converged
        goal = tolerance * np.abs(found.top).min()
        assert max(found.top_errors.max(), found.lowest_errors.max()) <= max(
            goal, 1e-12 * SPECTRA[kind].abs().max(), 1e-150
        )


@pytest.mark.parametrize("budget", [12, 30, 60])
def test_error_bars_are_true_where_the_budget_runs_out(budget):
    matrix = symmetric(SPECTRA["nine times each"].double())
    found = ends_of(matrix, 12, 1e-6, budget=budget)
    assert not found.converged
    assert found.products == budget
    assert_true(found, matrix, 12)


def test_signs_that_cannot_be_told_apart_are_not_converged():
    matrix = symmetric(torch.tensor([3.0, 2.0, -2.0, 1.0, 0.5, 0.1]).double())
    found = ends_of(matrix, 2)
    assert not found.converged
    assert found.top_errors[1] >= 4.0 - 1e-9  # 2 and -2 are as large: either may be the second
    assert ends_of(matrix, 3).converged


@unhurried
@given(st.data())
def test_any_spectrum(data):
    several = st.tuples(st.floats(-10, 10), st.integers(1, 9))
    groups = data.draw(st.lists(several, min_size=1, max_size=8))
    values = torch.cat([torch.full((count,), value) for value, count in groups])
    matrix = symmetric(values.double(), data.draw(st.integers(0, 1000)))
    top = data.draw(st.integers(1, len(values)))
    found = ends_of(matrix, top, 1e-4, budget=max(top, data.draw(st.integers(1, 80))))
    exact = torch.linalg.eigvalsh(matrix).numpy()
    magnitudes = np.sort(np.abs(exact))[::-1]
    apart = top == len(exact) or magnitudes[top - 1] - magnitudes[top] > 1e-12
    if apart:  # else more than one list is right
        assert_true(found, matrix, top)


def test_the_limit_of_a_run_counts_what_its_start_may_not_hold():
    """One step from b, b A b = 0 and |A b - 0| = 1: an eigenvalue beyond c has a share of 1 / (1 + c^2) in b."""
    found = limits([Run(dimension=1000, diagonal=[0.0], beside=[1.0])], scale=100.0)
    share = 1 / (1 + found.most**2)
    assert np.sqrt(2 * 1000 / np.pi * share) == pytest.approx(MISSED, rel=0.2)
    assert found.least == pytest.approx(-found.most)


@pytest.mark.parametrize("size", [20, 200, 2000])
def test_a_limit_is_a_place_that_is_excluded(size):
    """Between the places that are looked at, the limit is never on the nearer side of what the probability allows."""
    random = np.random.default_rng(size)
    for steps in range(1, 12):
        run = Run(size, list(random.uniform(-1, 1, steps)), list(random.uniform(0.01, 1, steps)))
        found = limits([run], scale=1.0)
        for limit, sign in ((found.most, 1), (found.least, -1)):
            before, now, total, last = 0.0, 1.0, 1.0, 0.0
            for centre, step in zip(run.diagonal, run.beside, strict=True):
                before, now, last = now, ((limit - centre) * now - last * before) / step, step
                total += now**2
            assert sign * limit > sign * run_ends(run)[sign == 1]
            assert np.sqrt(2 * size / (np.pi * total)) <= MISSED * (1 + 1e-6)


def confident_logits(margin: float, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(4)
    logits = torch.randn(8, 4, generator=random, dtype=torch.float64)
    labels = torch.randint(0, 4, (8,), generator=random)
    logits.scatter_(1, labels.unsqueeze(1), logits.amax(1, keepdim=True) + margin)
    return logits.to(dtype), labels


@pytest.mark.parametrize("margin", [10.0, 17.0, 30.0, 60.0, 80.0])
def test_float32_loses_nothing_where_the_network_is_sure(margin):
    logits, labels = confident_logits(margin, torch.float32)
    exact = logits.double()
    others = (exact - exact.gather(1, labels.unsqueeze(1))).exp().scatter(1, labels.unsqueeze(1), 0.0)
    total = others.sum(1, keepdim=True)
    signals = (others / (1 + total)).scatter(1, labels.unsqueeze(1), -total / (1 + total))
    leaf = logits.clone().requires_grad_()
    loss = mean_loss(leaf, labels)
    (gradient,) = torch.autograd.grad(loss, leaf, create_graph=True)
    assert float(loss.detach()) == pytest.approx(float(total.log1p().mean()), rel=1e-5)
    assert torch.allclose(gradient.detach().double(), signals / 8, rtol=1e-5, atol=0)
    assert torch.allclose(loss_signals(logits, labels).double(), signals, rtol=1e-5, atol=0)
    tangents = torch.randn(8, 4, generator=torch.Generator().manual_seed(5))
    (second,) = torch.autograd.grad(gradient, leaf, tangents)
    moves = tangents.double() - tangents.double().gather(1, labels.unsqueeze(1))
    shares = (others / (1 + total)).scatter(1, labels.unsqueeze(1), 1 / (1 + total))
    expected = shares * (moves - (shares * moves).sum(1, keepdim=True)) / 8
    for found in (second, curved(logits.softmax(1), tangents)):
        assert (found.double() - expected).norm() <= 1e-5 * expected.norm()


def test_the_binary_loss_loses_nothing_either():
    loss = mean_loss(torch.tensor([30.0]), torch.tensor([1.0]))
    assert float(loss) == pytest.approx(np.exp(-60.0), rel=1e-5)


def test_a_network_whose_logits_overflow_has_no_loss():
    assert mean_loss(torch.tensor([[1.0, torch.inf]]), torch.tensor([1])).isnan()


def stable_smooth_loss(weights: Tensor, problem: SmoothProblem) -> Tensor:
    inputs, labels = problem.data("train")
    first, bias = weights[:12].reshape(4, 3), weights[12:16]
    logits = torch.tanh(inputs.to(weights.dtype) @ first.T + bias) @ weights[16:28].reshape(3, 4).T + weights[28:31]
    below = logits - logits.gather(1, labels.unsqueeze(1))
    others = torch.stack([row[torch.arange(3) != label] for row, label in zip(below, labels, strict=True)])
    return others.exp().sum(1).log1p().mean()


@pytest.fixture(scope="module", params=[1.0, 3.0, 8.0, 25.0], ids=lambda scale: f"weights times {scale:g}")
def solved(request):
    """A solution with larger and larger margins: losses of 0.014, 4e-5, 3e-11 and 7e-32."""
    problem = smooth_problem(seed=3)
    found = problem.initial_weights(torch.Generator().manual_seed(5)).unsqueeze(0)
    for _ in range(4000):
        found = found - 0.3 * problem.gradients(found, torch.tensor([0]))[1]
    assert problem.evaluate(found, torch.tensor([0])).errors.item() == 0
    weights = found[0].clone()
    weights[16:] *= request.param
    return problem, weights


def test_error_bars_hold_at_any_loss(solved):
    problem, weights = solved
    hessian = torch.func.jacrev(torch.func.jacrev(stable_smooth_loss))(weights.double(), problem)
    values = torch.linalg.eigvalsh(hessian).numpy()
    losses = problem.evaluate(weights[None], torch.tensor([0])).losses
    assert losses.item() == pytest.approx(float(stable_smooth_loss(weights.double(), problem)), rel=1e-4, abs=1e-44)
    for engine in (
        ENGINE,
        KrylovEngine(KrylovSettings(top=5, bottom=1, tolerance=1e-6, budget=200, trace_samples=2, batch=100), seed=1),
    ):
        found = engine.spectrum(problem, weights, 0, "x")
        assert found.converged
        assert (np.abs(found.eigenvalues - by_magnitude(values, 5)) <= found.errors).all()
        assert (
            np.abs(found.lowest[0] - values[0])
            <= found.lowest_errors[0]
            <= engine.settings.tolerance * found.eigenvalues[0]
        )
    (row,) = (
        GaussNewtonEngine(GaussNewtonSettings(top=3, tolerance=1e-3, budget=60, trace_samples=2, batch=100), seed=1)
        .rows(problem, weights, 0, "x")
        .to_dict("records")
    )
    assert row["gn_1"] == pytest.approx(values[-1], rel=0.5)
    assert row["converged"]


class LinearProblem(NetworkProblem):
    def build_network(self) -> nn.Module:
        return nn.Linear(40, 1, bias=False)


@pytest.mark.parametrize("cancelling", [0.0, 1e4], ids=["plain sums", "sums of large terms that cancel"])
@pytest.mark.parametrize("scale", [1.0, 10.0, 20.0])
def test_what_float64_loses_in_large_logits_is_in_the_error_bars(scale, cancelling):
    """One input x and one logit z: the only eigenvalue that is not zero is |x|^2 exp(-z) / (1 + exp(-z))^2."""
    random = torch.Generator().manual_seed(8)
    inputs = torch.rand(1, 40, generator=random) + 0.5
    for _ in range(5):
        weights = scale * torch.rand(40, generator=random)
        weights[::2] += cancelling
        weights[1::2] -= cancelling * inputs[0, ::2] / inputs[0, 1::2]
        exact = [[Fraction(float(value)) for value in values] for values in (weights, inputs[0])]
        logit = sum(weight * pixel for weight, pixel in zip(*exact, strict=True))
        other = (-abs(Decimal(logit.numerator) / Decimal(logit.denominator))).exp()
        square = sum(pixel * pixel for pixel in exact[1])
        expected = Decimal(square.numerator) / Decimal(square.denominator) * other / (1 + other) ** 2
        problem = LinearProblem({"train": (inputs, torch.ones(1, dtype=torch.long))})
        for engine in (
            KrylovEngine(KrylovSettings(top=1, bottom=1, tolerance=1e-3, budget=40, trace_samples=2, batch=1), seed=1),
            KrylovEngine(KrylovSettings(top=1, bottom=1, tolerance=1e-9, budget=40, trace_samples=2, batch=1), seed=1),
            ExactEngine(),
        ):
            found = engine.spectrum(problem, weights, 0, "x")
            assert abs(float(Decimal(float(found.eigenvalues[0])) - expected)) <= found.errors[0]
            assert found.errors[0] <= max(1e-2 * found.eigenvalues[0], 1e-145)


def test_whole_spaces_have_the_rounding_of_their_dtype():
    problem = smooth_problem(seed=3)
    weights = problem.initial_weights(torch.Generator().manual_seed(5))
    values = torch.linalg.eigvalsh(
        torch.func.jacrev(torch.func.jacrev(plain_smooth_loss))(weights.double(), problem)
    ).numpy()[::-1]
    whole = KrylovEngine(
        KrylovSettings(top=31, bottom=5, tolerance=1e-3, budget=31, trace_samples=2, batch=100), seed=1
    )
    for found in (whole.spectrum(problem, weights, 0, "x"), ExactEngine().spectrum(problem, weights, 0, "x")):
        assert (np.abs(found.eigenvalues - values) <= found.errors).all()
        assert min(found.errors.min(), found.residuals.min(), found.trace_error) >= 2.2e-16 * values[0]
        assert abs(found.trace - values.sum()) <= found.trace_error
        assert found.converged


@pytest.mark.parametrize("values", [torch.tensor([3.0, 3.0, 3.0, 1.0, 0.5, 0.2]), torch.linspace(1, 0.9, 40)])
def test_the_published_tool_has_true_error_bars(values):
    engine = PyHessianEngine(PyHessianSettings(top=3, iterations=30, tolerance=1e-3, trace_samples=2), seed=1)
    found = engine.spectrum(QuadraticProblem(symmetric(values)), torch.zeros(len(values)), 0, "x")
    exact = np.sort(values.double().numpy())
    assert (np.abs(found.eigenvalues - exact[::-1][:3]) <= found.errors + 1e-6).all()  # float32 matrix
    assert abs(found.lowest[0] - exact[0]) <= found.lowest_errors[0] + 1e-6


class KinkedNetwork(nn.Module):
    """One rectified unit whose input is 1 + w - 1: the first addition rounds w = 1e-9 away in float32."""

    def __init__(self, rectified: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self._rectified = rectified
        self.point = nn.Parameter(torch.zeros(4))

    def forward(self, inputs: Tensor) -> Tensor:
        unit = self._rectified((inputs + self.point[0]) - inputs) * (1 + self.point[1]) * 1e3
        form = -(self.point[1:] ** 2).sum() * inputs
        return torch.cat([form - unit, torch.zeros_like(inputs)], 1)


class KinkedProblem(NetworkProblem):
    def __init__(self, rectified: Callable[[Tensor], Tensor]) -> None:
        self._rectified = rectified
        super().__init__({"train": (torch.ones(1, 1), torch.zeros(1, dtype=torch.long))})

    def build_network(self) -> nn.Module:
        return KinkedNetwork(self._rectified)


def in_place(inputs: Tensor) -> Tensor:
    inputs = inputs.clone()
    torch.nn.functional.relu(inputs, inplace=True)
    return inputs


def clamped(inputs: Tensor) -> Tensor:
    return inputs.clamp(min=0.0)


@pytest.mark.parametrize("rectified", [torch.relu, nn.functional.relu, nn.functional.leaky_relu, in_place, clamped])
def test_a_unit_that_float32_takes_for_inactive_is_found_active(rectified):
    problem = KinkedProblem(rectified)
    weights = torch.tensor([1e-9, 0.0, 0.0, 0.0])
    unit = torch.tensor([0.0, 1.0, 0.0, 0.0])
    products = [Curvature(problem, weights.to(dtype), "x", 1).hessian() for dtype in DTYPES]
    single, double = (float(product(unit.to(dtype))[0]) for product, dtype in zip(products, DTYPES, strict=True))
    # float32 follows float64 in units that are known to have a kink, and takes the wrong piece of others
    assert single == (0.0 if rectified is clamped else pytest.approx(double, rel=1e-5))
    found = KrylovEngine(
        KrylovSettings(top=2, bottom=1, tolerance=1e-3, budget=4, trace_samples=2, batch=1), seed=1
    ).spectrum(problem, weights, 0, "x")
    assert found.eigenvalues[0] > 1e5
    assert found.converged


class AttentiveNetwork(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.out = nn.Linear(1, 4), nn.Linear(4, 2)
        self.layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)

    def forward(self, inputs: Tensor) -> Tensor:
        logits: Tensor = self.out(self.layer(self.embed(inputs.unsqueeze(-1))).mean(1))
        return logits


class AttentiveProblem(NetworkProblem):
    def build_network(self) -> nn.Module:
        return AttentiveNetwork()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_attention_has_second_derivatives(dtype):
    random = torch.Generator().manual_seed(0)
    inputs = torch.randn(12, 5, generator=random)
    problem = AttentiveProblem({"train": (inputs, (inputs[:, 0] > 0).long())})
    weights = problem.initial_weights(random)
    product, part = (
        getattr(Curvature(problem, weights.to(dtype), "x", 12), name)() for name in ("hessian", "gauss_newton")
    )
    vector = torch.randn(len(weights), generator=random, dtype=torch.float64)
    vector /= vector.norm()
    gradients = [
        problem.gradients((weights.double() + step * vector)[None], torch.tensor([0]))[1][0] for step in (1e-5, -1e-5)
    ]
    by_differences = (gradients[0] - gradients[1]) / 2e-5
    assert torch.allclose(product(vector.to(dtype)).double(), by_differences, rtol=1e-3, atol=1e-5)
    assert float(vector @ part(vector.to(dtype)).double()) > 0
    assert torch.backends.mha.get_fastpath_enabled()


def test_the_spectrum_of_a_transformer():
    """Against the dense Hessian by autograd (torch.func.hessian is not even symmetric there), and by differences."""
    random = torch.Generator().manual_seed(0)
    inputs = torch.randn(12, 5, generator=random)
    problem = AttentiveProblem({"train": (inputs, (inputs[:, 0] > 0).long())})
    labels, weights = problem.data("train")[1], problem.initial_weights(random)
    network = AttentiveNetwork().double().eval()
    sizes = [tensor.numel() for tensor in network.parameters()]

    def loss(at: Tensor) -> Tensor:
        named = zip(network.named_parameters(), at.split(sizes), strict=True)
        tensors = {name: part.view(tensor.shape) for (name, tensor), part in named}
        logits = torch.func.functional_call(network, tensors, (inputs.double(),))
        return nn.functional.cross_entropy(logits, labels)

    with mathematical_attention():
        dense = torch.autograd.functional.hessian(loss, weights.double())
    for unit, row in zip(1e-5 * torch.eye(len(weights), dtype=torch.float64), dense, strict=True):
        ahead, behind = (problem.gradients(weights[None] + step, torch.tensor([0]))[1][0] for step in (unit, -unit))
        assert torch.allclose((ahead - behind) / 2e-5, row, rtol=1e-6, atol=1e-8)
    values = torch.linalg.eigvalsh(dense).numpy()
    for tolerance in (1e-3, 1e-6):
        found = KrylovEngine(
            KrylovSettings(top=4, bottom=2, tolerance=tolerance, budget=150, trace_samples=2, batch=12), seed=1
        ).spectrum(problem, weights, 0, "x")
        assert found.converged
        assert (np.abs(found.eigenvalues - by_magnitude(values, 4)) <= found.errors).all()
        assert (np.abs(found.lowest - values[:2]) <= found.lowest_errors).all()
