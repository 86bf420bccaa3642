"""Losses whose samples are all looked at, against automatic differentiation and finite differences."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ramble.errors import RambleError
from ramble.problems.finite_sums import FiniteSum, LeastSquares, LogisticRegression, SmallNetwork

STREAM = torch.Generator().manual_seed(4)
INPUTS = torch.randn(7, 3, generator=STREAM, dtype=torch.float64)
LABELS = torch.tensor([1.0, -1, 1, 1, -1, -1, 1])
TARGETS = torch.randn(7, generator=STREAM, dtype=torch.float64)
SUMS: dict[str, FiniteSum] = {
    "logistic": LogisticRegression(INPUTS, LABELS),
    "ridge": LogisticRegression(INPUTS, LABELS, ridge=0.3),
    "squares": LeastSquares(INPUTS, TARGETS),
    "network": SmallNetwork(INPUTS, LABELS, 2, squared=False),
    "squared network": SmallNetwork(INPUTS, TARGETS, 2, squared=True, ridge=0.2),
}


def somewhere(objective: FiniteSum, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, objective.size, generator=torch.Generator().manual_seed(8), dtype=torch.float64)


@pytest.mark.parametrize("name", SUMS)
def test_gradients_are_those_of_automatic_differentiation(name):
    objective = SUMS[name]
    points = somewhere(objective, 2, 3)
    for index in np.ndindex(2, 3):
        point = points[index].clone().requires_grad_()
        losses = objective.losses(point)
        expected = torch.stack([torch.autograd.grad(loss, point, retain_graph=True)[0] for loss in losses])
        torch.testing.assert_close(objective.gradients(points)[index], expected)


@pytest.mark.parametrize("name", SUMS)
def test_second_derivatives_are_differences_of_gradients(name):
    objective, step = SUMS[name], 1e-6
    points = somewhere(objective, 2)
    for point, found in zip(points, objective.hessian(points), strict=True):
        moves = step * torch.eye(objective.size, dtype=torch.float64)
        expected = (objective.gradient(point + moves) - objective.gradient(point - moves)) / (2 * step)
        torch.testing.assert_close(found, expected, atol=1e-8, rtol=1e-6)


def test_logistic_outputs_are_those_of_the_formula():
    point = somewhere(SUMS["ridge"])
    for row, (x, y) in enumerate(zip(INPUTS.numpy(), LABELS.numpy(), strict=True)):
        expected = np.log(1 + np.exp(-y * (x @ point.numpy()))) + 0.15 * (point.numpy() ** 2).sum()
        assert float(SUMS["ridge"].losses(point)[row]) == pytest.approx(expected)


def test_network_is_what_its_layers_say():
    objective = SUMS["network"]
    assert isinstance(objective, SmallNetwork)
    u, b, v, c = somewhere(objective).split([6, 2, 2, 1])
    expected = torch.tanh(INPUTS @ u.reshape(2, 3).T + b) @ v + c
    torch.testing.assert_close(objective.outputs(somewhere(objective)), expected)


@pytest.mark.parametrize("name", ["logistic", "ridge", "squares"])
def test_smoothness_is_the_largest_curvature_anywhere(name):
    objective, step = SUMS[name], 1e-5
    moves = step * torch.eye(objective.size, dtype=torch.float64)
    origin = torch.zeros(objective.size, dtype=torch.float64)  # where the logistic loss curves most
    differences = (objective.gradient(origin + moves) - objective.gradient(origin - moves)) / (2 * step)
    assert objective.smoothness == pytest.approx(np.linalg.eigvalsh(differences.numpy())[-1], rel=1e-6)
    elsewhere = torch.linalg.eigvalsh(objective.hessian(3 * somewhere(objective, 20)))[:, -1]
    assert float(elsewhere.max()) <= objective.smoothness * (1 + 1e-12)


@given(st.integers(0, 10**6), st.floats(0.01, 100))
@settings(max_examples=25, deadline=None)
def test_variance_never_exceeds_its_bound(seed, scale):
    stream = torch.Generator().manual_seed(seed)
    point = scale * torch.randn(3, generator=stream, dtype=torch.float64)
    gradients = SUMS["ridge"].gradients(point)
    variance = (gradients - gradients.mean(0)).square().sum(1).mean()
    assert float(variance) <= SUMS["ridge"].variance_bound


@pytest.mark.parametrize("name", SUMS)
def test_samples_alone_make_the_sum(name):
    objective = SUMS[name]
    point = somewhere(objective)
    alone = torch.stack([objective.alone(sample).losses(point)[0] for sample in range(7)])
    torch.testing.assert_close(alone, objective.losses(point))


def test_minimum_has_no_gradient_and_no_lower_neighbour():
    objective = SUMS["ridge"]
    minimum = objective.minimum(torch.zeros(3))
    assert float(objective.gradient(minimum).norm()) < 1e-11
    assert (objective.value(minimum + 1e-3 * somewhere(objective, 10)) > objective.value(minimum)).all()


def test_separable_classes_have_no_minimum():
    separable = LogisticRegression(INPUTS, torch.sign(INPUTS[:, 0]))
    with pytest.raises(RambleError, match=r"no minimum within 300 Newton steps .* more samples"):
        separable.minimum(torch.zeros(3))
