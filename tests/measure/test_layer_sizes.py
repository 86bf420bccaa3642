"""Values and gradients by layer, against small networks that can be worked out by hand."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from ramble.measure.layers import layer_sizes, product_sizes

INPUTS = torch.randn(5, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
LABELS = torch.tensor([0, 1, 1, 0, 1])


def size(values: torch.Tensor) -> float:
    return float(values.detach().square().mean().sqrt())


def network(value: float | None = None) -> nn.Sequential:
    torch.manual_seed(0)
    made = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4, 2)).double()
    if value is not None:
        for weights in made.parameters():
            nn.init.constant_(weights, value)
    return made


def test_sizes_are_those_of_the_layers_and_of_differences_of_the_loss():
    made = network()
    first, last = layer_sizes(made, INPUTS, LABELS)
    assert (first.name, last.name) == ("0", "3")
    made.eval()
    hidden = made[0](INPUTS)
    logits = made[3](hidden.relu())
    assert first.output == pytest.approx(size(hidden))
    assert last.output == pytest.approx(size(logits))
    p = logits.softmax(1) - nn.functional.one_hot(LABELS, 2)
    assert last.gradient == pytest.approx(size(p))
    assert last.weight_gradient == pytest.approx(size(p.T @ hidden.relu() / 5))
    below = (p @ made[3].weight) * (hidden > 0)
    assert first.gradient == pytest.approx(size(below))
    step, slopes = 1e-6, torch.zeros(4, 3, dtype=torch.float64)
    with torch.no_grad():
        for index in ((i, j) for i in range(4) for j in range(3)):
            for sign in (1, -1):
                made[0].weight[index] += sign * step
                slopes[index] += sign * cross_entropy(made(INPUTS), LABELS) / (2 * step)
                made[0].weight[index] -= sign * step
    assert first.weight_gradient == pytest.approx(size(slopes), rel=1e-5)


def test_zeros_leave_nothing_but_the_gradient_at_the_logits():
    first, last = layer_sizes(network(0.0), INPUTS, LABELS)
    assert (first.output, first.gradient, first.weight_gradient, last.output, last.weight_gradient) == (0.0,) * 5
    assert last.gradient == pytest.approx(0.5)


def test_a_network_is_left_as_it_was():
    made = network()
    layer_sizes(made, INPUTS, LABELS)
    assert made.training
    assert not made[0]._forward_hooks


def test_sizes_that_would_overflow_when_squared_are_finite():
    made = network(1e200)
    assert layer_sizes(made, INPUTS.abs(), LABELS)[0].output > 1e200


def test_orthogonal_layers_times_c_grow_by_exactly_c():
    normal = torch.randn(6, 5, 5, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    found = product_sizes(torch.linalg.qr(normal).Q, torch.ones(5, dtype=torch.float64), {"half": 0.5, "two": 2.0})
    for name, factor in (("half", 0.5), ("two", 2.0)):
        torch.testing.assert_close(found[name], factor ** torch.arange(1, 7, dtype=torch.float64))


def test_products_are_taken_from_the_first_matrix_on():
    matrices = torch.tensor([[[0.0, 0], [3, 0]], [[0, 5], [0, 0]]], dtype=torch.float64)
    found = product_sizes(matrices, torch.tensor([1.0, 0], dtype=torch.float64), {"one": 1.0})
    assert found["one"].tolist() == [3.0, 15.0]
