"""A check measures statistics of batch norm by itself, and finds errors that there are."""

import pytest
import torch
from small_batch_norm import ZERO, Given, X, Y, residual, some_weights
from torch import nn

from ramble.problems import reestimation
from ramble.verification.batch_norm import network_at
from ramble.verification.network import NetworkCheck


@pytest.mark.parametrize("part", [500, 12])
def test_the_network_of_the_check_is_that_of_the_problem(part, monkeypatch):
    monkeypatch.setattr(reestimation, "PART", part)
    problem = Given(residual, X, Y)
    weights = some_weights(problem)
    network = network_at(problem, weights)
    assert next(network.parameters()).dtype == torch.float64
    assert torch.allclose(network(X.double()), problem.outputs(weights[None], ZERO)[0], atol=1e-4)
    assert torch.allclose(network_at(problem, weights.float())(X), problem.network(weights.float())(X), atol=1e-4)


def test_a_check_of_segments_finds_what_sampling_finds():
    problem = Given(lambda: nn.Sequential(nn.Flatten(), nn.Linear(36, 40), nn.BatchNorm1d(40), nn.Linear(40, 3)), X, Y)
    weights = problem.initial_weights(torch.Generator().manual_seed(1))[None]
    for _ in range(200):
        weights = weights - 0.5 * problem.gradients(weights, ZERO)[1]
    check = NetworkCheck(problem)
    found = check.segments(torch.cat([weights, 1.01 * weights]).double())
    assert found.failure is None
    assert found.min_margin == pytest.approx(float(problem.evaluate(weights, ZERO).min_margins), rel=0.05)
    broken = check.segments(torch.cat([weights, -weights]).double())
    assert broken.failure is not None
