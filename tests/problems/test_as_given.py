"""How far the walked network is from the given one."""

import pytest
import torch
from small_batch_norm import Given, X, Y
from test_folding import folded, residual, trained
from torch.nn import functional

from ramble.errors import RambleError
from ramble.problems.as_given import departure


def test_folding_changes_nothing_but_rounding():
    network = trained()
    found = departure(folded(residual), network.state_dict())
    logits = network(X)
    assert found.largest_difference < 1e-5 * found.largest_logit
    assert found.largest_logit == pytest.approx(float(logits.detach().abs().max()))
    assert found.errors_given == found.errors_walked == int((logits.argmax(1) != Y).sum())


def test_reestimated_statistics_are_others_and_the_distance_says_how_far():
    network = trained()
    found = departure(Given(residual, X, Y), network.state_dict())
    given = network(X).detach()
    for norm in network.modules():
        if hasattr(norm, "running_mean"):
            norm.train()
    walked = network(X)
    assert found.largest_difference == pytest.approx(float((given - walked.detach()).abs().max()), rel=1e-3)
    assert found.largest_difference > 0.01
    assert found.errors_given == int((given.argmax(1) != Y).sum())
    assert found.errors_walked == int((walked.argmax(1) != Y).sum())
    true = given.gather(1, Y[:, None])
    others = given.masked_fill(functional.one_hot(Y, 3).bool(), -torch.inf).amax(1, keepdim=True)
    assert found.min_margin_given == pytest.approx(float((true - others).min()), rel=1e-4)
    assert f"training errors {found.errors_given} given and {found.errors_walked} walked" in str(found)


def test_what_was_folded_before_is_not_the_given_network():
    problem = folded(residual)
    state = problem.state_dict(problem.weights_of(trained().state_dict()))
    with pytest.raises(RambleError, match="no state_dict of the network as it is built"):
        departure(problem, state)
