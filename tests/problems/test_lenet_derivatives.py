"""Gradients, Hessian and Gauss-Newton products of LeNet5, written out, against derivatives of its modules."""

from collections import OrderedDict

import pytest
import torch
from small_problems import random_images, small_lenet
from torch import Tensor, nn
from torch.func import functional_call, grad, vjp

from ramble.problems.lenet import LeNet5, LeNet5Problem
from ramble.problems.lenet_derivatives import LeNet5Curvature
from ramble.spectra.products import Curvature

PARTS = ("hessian", "gauss_newton")


def random_vector(seed: int, like: Tensor) -> Tensor:
    return torch.randn(len(like), generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(like)


def problem_with_blank_images() -> LeNet5Problem:
    data = random_images(7, train=9)
    data["train_images"][0] = 0
    data["train_images"][1:5, 8:] = 0
    return LeNet5Problem([data], input_mean=0.0, input_std=0.5)


def tied_weights(problem: LeNet5Problem) -> Tensor:
    """Small integers as kernels: among their outputs are equal maxima, and zeros where the ReLU has its kink."""
    random = torch.Generator().manual_seed(8)
    state = problem.unflatten(problem.initial_weights(random).double())
    for layer in ("conv1", "conv2"):
        for part in ("weight", "bias"):
            values = state[f"{layer}.{part}"]
            values.copy_(torch.randint(-1, 2, values.shape, generator=random))
    state["fc1.weight"] *= 0.01  # what comes out of integers is large
    return problem.flatten(state)


def expected(part: str, problem: LeNet5Problem, weights: Tensor, vector: Tensor) -> Tensor:
    inputs, labels = problem.data("train")
    network = problem.build_network()

    def logits(flat: Tensor) -> Tensor:
        found: Tensor = functional_call(network, problem.unflatten(flat), (inputs.double(),))
        return found

    if part == "hessian":
        return vjp(grad(lambda flat: nn.functional.cross_entropy(logits(flat), labels)), weights)[1](vector)[0]
    outputs, transposed = vjp(logits, weights)
    (tangents,) = vjp(lambda signals: transposed(signals)[0], torch.zeros_like(outputs))[1](vector)  # J v
    shares = outputs.softmax(1)
    inner = torch.diag_embed(shares) - shares.unsqueeze(2) * shares.unsqueeze(1)
    return transposed(torch.einsum("mcd,md->mc", inner, tangents) / len(labels))[0]


@pytest.mark.parametrize(
    ("tied", "dtype", "share"),
    [(False, torch.float64, 1e-10), (False, torch.float32, 1e-4), (True, torch.float64, 1e-10)],
)
@pytest.mark.parametrize("output_gain", [1.0, 3.0])
def test_gradients_are_those_of_the_modules(tied, output_gain, dtype, share):
    problem = problem_with_blank_images() if tied else small_lenet()
    weights = tied_weights(problem) if tied else problem.initial_weights(torch.Generator().manual_seed(1)).double()
    inputs, labels = problem.data("train")
    network = problem.network(weights)
    loss = nn.functional.cross_entropy(output_gain * network(inputs.double()), labels)
    exact = torch.autograd.grad(loss, list(network.parameters()))
    losses, gradients = problem.gradients(weights[None].to(dtype), torch.zeros(1, dtype=torch.long), output_gain)
    assert gradients.dtype == dtype
    assert losses.item() == pytest.approx(loss.item(), rel=share)
    for value, true in zip(problem.unflatten(gradients[0].double()).values(), exact, strict=True):
        assert (value - true).norm() <= share * true.norm()


@pytest.mark.parametrize(("dtype", "share"), [(torch.float64, 1e-10), (torch.float32, 1e-4)])
@pytest.mark.parametrize("part", PARTS)
def test_products_are_those_of_the_modules(part, dtype, share):
    problem = small_lenet()
    weights = problem.initial_weights(torch.Generator().manual_seed(1)).double()
    vector = random_vector(2, weights)
    found = getattr(Curvature(problem, weights.to(dtype), "x", 100), part)()(vector.to(dtype))
    exact = expected(part, problem, weights, vector)
    assert found.dtype == dtype
    for name, value in problem.unflatten(found.double()).items():
        assert (value - problem.unflatten(exact)[name]).norm() <= share * problem.unflatten(exact)[name].norm()


@pytest.mark.parametrize("part", PARTS)
def test_at_kinks_they_take_the_first_of_equal_maxima_and_no_slope_at_zero(part):
    problem = problem_with_blank_images()
    weights = tied_weights(problem)
    vector = random_vector(3, weights)
    found = getattr(Curvature(problem, weights, "x", 100), part)()(vector)
    exact = expected(part, problem, weights, vector)
    for name, value in problem.unflatten(found).items():
        assert (value - problem.unflatten(exact)[name]).norm() <= 1e-10 * problem.unflatten(exact)[name].norm()


@pytest.mark.parametrize("part", PARTS)
def test_they_are_symmetric(part):
    problem = small_lenet(3)
    weights = problem.initial_weights(torch.Generator().manual_seed(4)).double()
    product = getattr(Curvature(problem, weights, "x", 100), part)()
    left, right = random_vector(5, weights), random_vector(6, weights)
    assert float(left @ product(right)) == pytest.approx(float(right @ product(left)), rel=1e-10)


@pytest.mark.parametrize("part", PARTS)
def test_more_images_than_a_tape_holds_are_taken_in_parts(part):
    problem = LeNet5Problem([random_images(9, train=LeNet5Curvature.most + 3)], input_mean=0.1307, input_std=0.3081)
    weights = problem.initial_weights(torch.Generator().manual_seed(1)).double()
    vector = random_vector(2, weights)
    exact = expected(part, problem, weights, vector)
    for batch in (1000, LeNet5Curvature.most):  # kept, and anew for each product
        found = getattr(Curvature(problem, weights, "x", batch), part)()(vector)
        assert (found - exact).norm() <= 1e-10 * exact.norm()


def test_products_that_share_memory_do_not_disturb_each_other():
    problem = small_lenet(4)
    weights = problem.initial_weights(torch.Generator().manual_seed(1))
    curvature = Curvature(problem, weights, "x", 100)
    hessian, gauss_newton = curvature.hessian(), curvature.gauss_newton()
    vector, other = random_vector(2, weights), random_vector(3, weights)
    first = hessian(vector), gauss_newton(vector)
    hessian(other)
    assert torch.equal(gauss_newton(vector), first[1])
    assert torch.equal(hessian(vector), first[0])


class SmoothProblem(LeNet5Problem):
    """The same layers with another activation."""

    def build_network(self) -> nn.Module:
        network = LeNet5()
        for name in ("relu1", "relu2", "relu3", "relu4"):
            setattr(network, name, nn.Tanh())
        return nn.Sequential(OrderedDict(network.named_children()))


def test_another_network_of_a_subclass_has_its_own_derivatives():
    problem = SmoothProblem([random_images(3)], input_mean=0.1307, input_std=0.3081)
    weights = problem.initial_weights(torch.Generator().manual_seed(4)).double()
    network, (inputs, labels) = problem.network(weights), problem.data("train")
    logits = network(inputs.double())
    gradient = torch.autograd.grad(nn.functional.cross_entropy(logits, labels), list(network.parameters()))
    zero = torch.zeros(1, dtype=torch.long)
    assert torch.allclose(problem.outputs(weights[None], zero)[0], logits, rtol=1e-10)
    found = problem.unflatten(problem.gradients(weights[None], zero)[1][0]).values()
    assert all(torch.allclose(own, true, rtol=1e-8, atol=1e-12) for own, true in zip(found, gradient, strict=True))
    vector = random_vector(5, weights)
    found, exact = (
        Curvature(problem, weights, "x", 100).hessian()(vector),
        expected("hessian", problem, weights, vector),
    )
    assert (found - exact).norm() <= 1e-10 * exact.norm()
