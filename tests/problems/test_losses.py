"""The squared error: its value by its definition, and all derivatives against autograd of that definition."""

from functools import partial

import pytest
import torch
from small_problems import SmoothNetwork, random_images, smooth_problem
from torch import Tensor, nn
from torch.func import functional_call, grad, jacrev

from ramble.errors import RambleError
from ramble.problems.lenet import LeNet5Problem
from ramble.problems.losses import CROSS_ENTROPY, SquaredError, loss_called
from ramble.problems.network import NetworkProblem
from ramble.spectra.exact import ExactEngine
from ramble.spectra.krylov import KrylovEngine
from ramble.spectra.products import Curvature
from ramble.spectra.rounding import lost_in_signals
from ramble.spectra.settings import KrylovSettings

DATASET = torch.tensor([0])


class Smooth(NetworkProblem):
    def build_network(self) -> nn.Module:
        return SmoothNetwork()


class Single(NetworkProblem):
    """One logit for two classes."""

    def build_network(self) -> nn.Module:
        return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))


def problem_of(kind: type[NetworkProblem], loss: str = "squared-error") -> NetworkProblem:
    inputs, labels = smooth_problem(seed=3).data("train")
    return kind({"train": (inputs, labels.clamp(max=1) if kind is Single else labels)}, loss=loss)


def logits(problem: NetworkProblem, weights: Tensor) -> Tensor:
    inputs, _ = problem.data("train")
    found: Tensor = functional_call(
        problem._skeleton.called(weights.dtype), problem.unflatten(weights), (inputs.to(weights.dtype),)
    )
    return found


def plain_loss(problem: NetworkProblem, weights: Tensor) -> Tensor:
    """The definition: half of the squared distance to one-hot rows, or of a single logit to -1 or +1."""
    found, (_, labels) = logits(problem, weights), problem.data("train")
    if found.shape[1] == 1:
        targets = (2 * labels - 1).unsqueeze(1).to(found.dtype)
    else:
        targets = nn.functional.one_hot(labels, found.shape[1]).to(found.dtype)
    return 0.5 * (found - targets).square().sum(1).mean()


KINDS = pytest.mark.parametrize("kind", [Smooth, Single])


def weights_of(problem: NetworkProblem) -> Tensor:
    return problem.initial_weights(torch.Generator().manual_seed(5)).double()


@KINDS
def test_the_loss_and_its_gradient_are_those_of_the_definition(kind):
    problem = problem_of(kind)
    weights = weights_of(problem)
    losses, gradients = problem.gradients(weights[None], DATASET)
    assert float(losses[0]) == pytest.approx(float(plain_loss(problem, weights)), rel=1e-12)
    assert float(problem.evaluate(weights[None], DATASET).losses[0]) == pytest.approx(float(losses[0]), rel=1e-12)
    expected = grad(partial(plain_loss, problem))(weights)
    assert torch.allclose(gradients[0], expected, atol=1e-12)
    batched = problem._batched(weights[None], *_data(problem), 1.0, each=None)
    assert torch.allclose(batched[1][0], expected, atol=1e-12)


def _data(problem: NetworkProblem) -> tuple[Tensor, Tensor]:
    inputs, labels = problem.data("train")
    return inputs.double(), labels


@KINDS
def test_products_are_those_of_the_dense_matrices(kind):
    problem = problem_of(kind)
    weights = weights_of(problem)
    curvature = Curvature(problem, weights, "x", 5)
    units = torch.eye(len(weights), dtype=torch.float64)
    hessian = torch.stack([curvature.hessian()(unit) for unit in units])
    assert torch.allclose(hessian, jacrev(jacrev(partial(plain_loss, problem)))(weights), atol=1e-12)
    jacobian = jacrev(partial(logits, problem))(weights)  # (M, C, P)
    expected = torch.einsum("mcp,mcq->pq", jacobian, jacobian) / len(jacobian)
    gauss_newton = torch.stack([curvature.gauss_newton()(unit) for unit in units])
    assert torch.allclose(gauss_newton, expected, atol=1e-12)


def test_it_is_a_multiple_of_the_error_of_torch():
    outputs = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 1, 2, 3, 0, 1])
    theirs = nn.MSELoss()(outputs, nn.functional.one_hot(labels, 4).float())
    assert float(SquaredError(single=False).mean(outputs, labels)) == pytest.approx(2 * float(theirs), rel=1e-6)


@KINDS
def test_margins_and_errors_do_not_depend_on_the_loss(kind):
    ours, theirs = (problem_of(kind, loss) for loss in ("squared-error", "cross-entropy"))
    weights = weights_of(ours)[None].float()
    one, other = (problem.evaluate(weights, DATASET) for problem in (ours, theirs))
    assert torch.equal(one.errors, other.errors)
    assert torch.equal(one.min_margins, other.min_margins)
    assert not torch.equal(one.losses, other.losses)


class Wide(NetworkProblem):
    def build_network(self) -> nn.Module:
        return nn.Sequential(nn.Linear(3, 40), nn.Tanh(), nn.Linear(40, 3))


@pytest.mark.parametrize("kind", [Wide, Single])
def test_descent_on_it_comes_to_no_errors(kind):
    problem = problem_of(kind)
    weights = weights_of(problem)[None]
    for _ in range(3000):
        weights = weights - 0.2 * problem.gradients(weights, DATASET)[1]
    assert problem.evaluate(weights, DATASET).errors.item() == 0


def test_an_output_gain_multiplies_the_logits():
    outputs, labels = torch.tensor([[0.5, 2.0]]), torch.tensor([1])
    assert float(SquaredError(single=False).mean(outputs, labels, 2.0)) == pytest.approx(0.5 * (1 + 9))
    assert float(SquaredError(single=True).mean(outputs, labels, 2.0)) == pytest.approx(0.5 * (3 - 1) ** 2)


def test_an_unknown_loss():
    with pytest.raises(RambleError, match="Smooth: loss 'hinge' is unknown; there are cross-entropy and squared-error"):
        problem_of(Smooth, "hinge")
    assert loss_called("x", "cross-entropy", single=True) is CROSS_ENTROPY


class Normalised(NetworkProblem):
    def build_network(self) -> nn.Module:
        return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 3))


def test_gradients_through_statistics_are_those_of_the_loss():
    inputs, labels = smooth_problem(seed=3).data("train")
    problem = Normalised({"train": (inputs, labels)}, batch_norm="reestimate", loss="squared-error")
    weights = weights_of(problem)
    loss, gradient = problem.gradients(weights[None], DATASET)
    assert float(loss) == pytest.approx(float(problem.evaluate(weights[None], DATASET).losses), rel=1e-9)
    step = torch.randn(len(weights), generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    there, back = (problem.evaluate((weights + sign * 1e-5 * step)[None], DATASET).losses for sign in (1, -1))
    assert float(gradient[0] @ step) == pytest.approx(float(there - back) / 2e-5, rel=1e-6)


@pytest.mark.parametrize("part", ["hessian", "gauss_newton"])
def test_derivatives_of_lenet_that_are_written_out(part):
    class Plain(LeNet5Problem):
        """The same through autograd."""

        def curvature(self, network):
            return NetworkProblem.curvature(self, network)

        def _loss_and_gradient(self, *arguments, **named):
            return NetworkProblem._loss_and_gradient(self, *arguments, **named)

    ours, plain = (
        kind([random_images(7, train=9)], input_mean=0.1, input_std=0.5, loss="squared-error")
        for kind in (LeNet5Problem, Plain)
    )
    weights = weights_of(ours)
    vector = torch.randn(len(weights), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    found, expected = (getattr(Curvature(each, weights, "x", 100), part)()(vector) for each in (ours, plain))
    assert torch.allclose(found, expected, rtol=1e-9, atol=1e-12)
    assert torch.allclose(ours.gradients(weights[None], DATASET)[1], plain.gradients(weights[None], DATASET)[1])


@KINDS
@pytest.mark.parametrize("tolerance", [1e-3, 1e-7])
def test_error_bars_hold_the_true_eigenvalues(kind, tolerance):
    problem = problem_of(kind)
    weights = weights_of(problem)
    values = torch.linalg.eigvalsh(jacrev(jacrev(partial(plain_loss, problem)))(weights)).flip(0).numpy()
    settings = KrylovSettings(top=3, tolerance=tolerance, budget=31, trace_samples=2, batch=5)
    found = KrylovEngine(settings, 1).spectrum(problem, weights.float(), 0, "x")
    assert found.converged
    assert abs(found.eigenvalues[0] - values[0]) <= found.errors[0] + 1e-6  # float32 weights
    exact = ExactEngine().spectrum(problem, weights, 0, "x")
    assert (abs(exact.eigenvalues - values) <= exact.errors).all()


class Fitted(nn.Module):
    """One logit (w_0 + w_1 w_2), learned to all its digits; at w_1 = w_2 = 0 only the signal curves the loss."""

    def __init__(self) -> None:
        super().__init__()
        self.point = nn.Parameter(torch.zeros(3))

    def forward(self, inputs: Tensor) -> Tensor:
        return (1.0 / 3.0) * inputs * (self.point[:1] + self.point[1] * self.point[2])


class FittedProblem(NetworkProblem):
    def build_network(self) -> nn.Module:
        return Fitted()


def test_what_cancels_in_the_signals_is_in_the_error_bars():
    """z - y is nothing but rounding where w_0 = 3, and so is the curvature that it gives the product of the others."""
    problem = FittedProblem(
        {"train": (torch.ones(1, 1).double(), torch.ones(1, dtype=torch.long))}, loss="squared-error"
    )
    weights = torch.tensor([3.0, 0.0, 0.0], dtype=torch.float64)
    lost = lost_in_signals(problem, weights, "x", 1)
    assert lost >= 1 / 3  # the product's own curvature, for a signal of one
    found = KrylovEngine(KrylovSettings(top=3, tolerance=1e-3, budget=3, trace_samples=2), 1).spectrum(
        problem, weights, 0, "x"
    )
    assert found.errors.min() >= 2.0**-53 * lost
    assert lost_in_signals(problem_of(Smooth, "cross-entropy"), torch.zeros(31), "x", 1) == 0.0
