"""How far the walked network is from the given one."""

import pytest
import torch
from given_networks import network, samples
from small_batch_norm import Given, X, Y
from test_folding import folded, residual, trained
from torch import nn
from torch.nn import functional

from ramble.errors import RambleError
from ramble.problems.as_given import departure, loaded
from ramble.problems.given import given_pair


def test_folding_changes_nothing_but_rounding():
    network = trained()
    problem, training = folded(residual), {name: module.training for name, module in network.train().named_modules()}
    found = departure(problem, problem.weights_of(network.state_dict()), network)
    assert {name: module.training for name, module in network.named_modules()} == training
    logits = network.eval()(X)
    assert found.largest_difference < 1e-5 * found.largest_logit
    assert found.largest_logit == pytest.approx(float(logits.detach().abs().max()))
    assert found.errors_given == found.errors_walked == int((logits.argmax(1) != Y).sum())


def test_reestimated_statistics_are_others_and_the_distance_says_how_far():
    network = trained()
    problem = Given(residual, X, Y)
    weights = problem.weights_of(network.state_dict())
    found = departure(problem, weights, network)
    assert found == departure(problem, weights, loaded(problem, network.state_dict()))
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
        loaded(problem, state)


class Clamped(nn.Module):
    """Clamps what the layer before batch norm gives, beyond the first samples' values."""

    def __init__(self, in_place: bool) -> None:
        super().__init__()
        self.first, self.norm, self.last = nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 2)
        self.in_place = in_place
        self.norm.running_var.fill_(4.0)

    def forward(self, inputs):
        found = self.first(inputs)
        if self.in_place:
            found.clamp_(-50, 50)
        else:  # hides that from whoever counts how often a tensor was written to
            found.data.clamp_(-50, 50)
        return self.last(self.norm(found).relu())


def test_a_folded_network_that_is_another_on_one_sample_is_refused():
    inputs, labels = torch.randn(130, 4, generator=torch.Generator().manual_seed(0)), torch.zeros(130, dtype=torch.long)
    inputs[117] *= 1000  # not among those that folding is tried on
    torch.manual_seed(0)
    given = Clamped(in_place=False)
    problem = Given(lambda: Clamped(in_place=False), inputs, labels, batch_norm="fold")
    with pytest.raises(RambleError, match=r"another network: logits differ .*; batch norm cannot be folded here"):
        departure(problem, problem.weights_of(given.state_dict()), given)
    with pytest.raises(RambleError, match="no convolution or linear layer stands straight before batch norm 'norm'"):
        Given(lambda: Clamped(in_place=True), inputs, labels, batch_norm="fold")


class Turned(nn.Sequential):
    """Loads what it saved with another sign."""

    def __init__(self) -> None:
        super().__init__(*network())
        self.register_load_state_dict_post_hook(self._turn)

    def _turn(self, *_: object) -> None:
        self[-1].weight.data.neg_()


def test_a_network_of_another_make_or_more_than_its_state_is_refused():
    torch.manual_seed(0)
    for build, ends in (
        (network, [nn.Sequential(*(nn.Tanh() if isinstance(own, nn.ReLU) else own for own in network()))]),
        (Turned, [Turned().state_dict()]),
    ):
        given = given_pair(build, samples(), *ends, network())
        (weights, _), (state, _), (own, _) = given.weights, given.states, given.networks
        with pytest.raises(
            RambleError, match=r"another network: logits differ .* of another make than the network named"
        ):
            departure(given.problem, weights, own or loaded(given.problem, state))


def test_an_end_that_fails_is_refused():
    given = given_pair(network, samples(), network(), network())
    with pytest.raises(RambleError, match=r"fails on the training inputs: .*mat1 and mat2"):
        departure(given.problem, given.weights[0], nn.Linear(4, 2))
    outputs = len(given.problem.outputs(given.weights[:1], torch.tensor([0]))[0, 0])
    other = nn.Sequential(nn.Flatten(), nn.Linear(samples()[0][0].numel(), outputs + 1))
    with pytest.raises(RambleError, match="returns logits of the shape"):
        departure(given.problem, given.weights[0], other)


class Strided(nn.Module):
    """Images in a row, as they lie in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(48, 2)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.last(inputs.as_strided((len(inputs), 48), (48, 1), inputs.storage_offset()))


def test_a_network_that_is_walked_on_images_in_another_order_in_memory_is_refused(monkeypatch):
    monkeypatch.setattr("ramble.problems.network.takes_channels_last", lambda *_: True)  # as if it had not been seen
    torch.manual_seed(0)
    given, images = Strided(), torch.randn(20, 3, 4, 4)
    problem = given_pair(Strided, (images, torch.arange(20) % 2), given, Strided(), device="cpu").problem
    with pytest.raises(RambleError, match="would be walked as another network"):
        departure(problem, problem.weights_of(given.state_dict()), given)
