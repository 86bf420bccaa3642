"""Batch norm folded into the layer before: the same function in evaluation mode, or a refusal that says why not."""

from collections import OrderedDict

import pytest
import torch
from small_batch_norm import ZERO, Functional, Given, Twice, X, Y, linear_and, norms, some_weights
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations

from ramble.certificates.segments import certify_segments
from ramble.errors import RambleError


class Block(nn.Module):
    """A residual block of today's kind: both batch norms after a convolution, the second without weights."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = (nn.Conv2d(width, width, 3, padding=1, bias=bias) for bias in (False, True))
        self.after_first, self.after_second = nn.BatchNorm2d(width, momentum=None), nn.BatchNorm2d(width, affine=False)

    def forward(self, maps: Tensor) -> Tensor:
        inner = functional.relu(self.after_first(self.first(maps)))
        return functional.relu(maps + self.after_second(self.second(inner)))


def residual() -> nn.Module:
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(1, 4, 3, groups=1),
            norm=nn.BatchNorm2d(4),
            relu=nn.ReLU(inplace=True),
            block=Block(4),
            pool=nn.AvgPool2d(4),
            flatten=nn.Flatten(),
            linear=nn.Linear(4, 6, bias=False),
            norm1=nn.BatchNorm1d(6),
            last=nn.Sequential(nn.ReLU(), nn.Dropout(0.5), nn.Linear(6, 3)),
        )
    )


def folded(make, **others) -> Given:
    return Given(make, X, Y, batch_norm="fold", **others)


def trained(make=residual, steps: int = 40, rate: float = 0.05, seed: int = 1) -> nn.Module:
    """A network as others train it: minibatches, momentum, batch norm in training mode."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = make().train()
        optimizer = torch.optim.SGD(network.parameters(), rate, momentum=0.9, weight_decay=1e-3)
        for _ in range(steps):
            rows = torch.randperm(len(X))[:15]
            optimizer.zero_grad()
            functional.cross_entropy(network(X[rows]), Y[rows]).backward()
            optimizer.step()
    return network.eval()


def test_folded_networks_are_the_given_ones_in_evaluation_mode():
    problem, network = folded(lambda: residual().double()), trained().double()
    weights = problem.weights_of(network.state_dict())
    expected = network(X.double())
    assert torch.allclose(problem.outputs(weights[None], ZERO)[0], expected, rtol=1e-11, atol=1e-13)
    walked = problem.network(weights)
    assert torch.allclose(walked(X.double()), expected, rtol=1e-11, atol=1e-13)
    assert not norms(walked)
    assert torch.equal(problem.weights_of(problem.state_dict(weights)), weights)
    single = folded(residual)
    close = single.outputs(single.weights_of(network.float().state_dict())[None], ZERO)[0]
    assert torch.allclose(close.double(), expected, atol=1e-5)


def test_folded_weights_have_the_gradient_of_the_folded_network():
    problem = folded(residual)
    weights = problem.weights_of(trained().state_dict())
    network = problem.network(weights)
    functional.cross_entropy(network(X), Y).backward()
    expected = torch.cat([value.grad.flatten() for value in network.parameters()])
    assert torch.allclose(problem.gradients(weights[None], ZERO)[1][0], expected, atol=1e-5)


def test_initial_weights_are_those_of_the_folded_network():
    problem = folded(residual)
    first, again = (problem.initial_weights(torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, again)
    assert problem.n_weights == len(first) == sum(value.numel() for value in problem.network(first).parameters())
    assert problem.metadata == {"batch_norm": "fold"}


def test_certificates_of_folded_networks_are_proofs():
    problem = folded(residual)
    weights = problem.weights_of(trained(steps=400).state_dict())[None]
    for _ in range(200):
        weights = weights - 0.2 * problem.gradients(weights, ZERO)[1]
    assert problem.evaluate(weights, ZERO).in_solution_space.all()
    found = certify_segments(problem, weights, weights + 1e-4 * weights.roll(1, 1), ZERO, 1 / 256)
    assert (found.kind, found.reason) == ("sound", "")
    assert found.hold.all()


class Before(nn.Module):
    """Batch norm before the layer, as in pre-activation networks."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.linear = nn.BatchNorm1d(36), nn.Linear(36, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.linear(self.norm(inputs.flatten(1)))


class Used(nn.Module):
    """Uses what comes before batch norm elsewhere too, and begins with a last layer that hides it."""

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.norm, self.last = nn.Linear(36, 8), nn.BatchNorm1d(8), nn.Linear(8, 3)
        nn.init.zeros_(self.last.weight)

    def forward(self, inputs: Tensor) -> Tensor:
        maps = self.linear(inputs.flatten(1))
        return self.last(self.norm(maps) + 1e-3 * maps)


class InPlace(Used):
    """Changes the output of the layer before batch norm, which stays the same tensor."""

    def forward(self, inputs: Tensor) -> Tensor:
        return self.last(self.norm(functional.relu_(self.linear(inputs.flatten(1)))))


class Training(Used):
    """Looks at the batch in evaluation mode too."""

    def forward(self, inputs: Tensor) -> Tensor:
        self.norm.train()
        return self.last(self.norm(self.linear(inputs.flatten(1))))


class Looking(Used):
    """Reads the weights of batch norm itself."""

    def forward(self, inputs: Tensor) -> Tensor:
        return self.last(self.norm(self.linear(inputs.flatten(1))) * self.norm.weight)


class Again(Used):
    """Uses the layer before batch norm twice."""

    def forward(self, inputs: Tensor) -> Tensor:
        return self.last(self.norm(self.linear(inputs.flatten(1))) + self.linear(-inputs.flatten(1)))


class Both(Used):
    """Two batch norms on one output."""

    def __init__(self) -> None:
        super().__init__()
        self.other = nn.BatchNorm1d(8)

    def forward(self, inputs: Tensor) -> Tensor:
        maps = self.linear(inputs.flatten(1))
        return self.last(self.norm(maps) + self.other(maps).tanh())


class Tied(Used):
    """The layer before batch norm shares its weights with another."""

    def __init__(self) -> None:
        super().__init__()
        self.other = nn.Linear(36, 8)
        self.other.weight = self.linear.weight

    def forward(self, inputs: Tensor) -> Tensor:
        return self.last(self.norm(self.linear(inputs.flatten(1))) + self.other(inputs.flatten(1)))


def weight_normed() -> nn.Module:
    return nn.Sequential(nn.Flatten(), parametrizations.weight_norm(nn.Linear(36, 3)), nn.BatchNorm1d(3))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (Before, "no convolution or linear layer stands straight before batch norm 'norm'"),
        (Used, "folding batch norm changes the outputs, by .* used elsewhere too"),
        (InPlace, "no convolution or linear layer stands straight before batch norm 'norm'"),
        (Training, "folding batch norm changes the outputs, by .* looks at the batch in evaluation mode"),
        (Looking, r"the network fails once batch norm is folded \(AttributeError"),
        (Twice, "batch norm 'norm' is used 2 times in a forward pass and cannot be folded"),
        (Functional, "batch norm 'norm' is not called as a layer in evaluation mode and cannot be folded"),
        (Again, "'linear', before batch norm 'norm', is used 2 times in a forward pass"),
        (Both, "batch norms 'norm' and 'other' come after one layer, 'linear'"),
        (Tied, "'other.weight' is tied to 'linear', before batch norm 'norm'"),
        (weight_normed, "the weights of '1', before batch norm '2', are computed by a parametrisation"),
        (lambda: linear_and(nn.Tanh()), "has no batch norm to fold; leave batch_norm out"),
        (lambda: linear_and(nn.BatchNorm1d(3, track_running_stats=False)), "'2' has no running statistics"),
    ],
)
def test_what_cannot_be_folded_says_why(make, sentence):
    with pytest.raises(RambleError, match=rf"Given\.build_network: .*{sentence}"):
        folded(make)


def test_what_cannot_be_folded_is_told_the_other_way():
    with pytest.raises(RambleError, match="give batch_norm='reestimate' instead"):
        folded(Before)
    Given(Before, X, Y)


def test_checkpoints_of_other_networks_are_refused():
    problem, state = folded(residual), trained().state_dict()
    with pytest.raises(RambleError, match=r"the network of this study has .* before batch norm is folded"):
        problem.weights_of({name: value for name, value in state.items() if name != "norm.running_var"})
    with pytest.raises(RambleError, match="before batch norm is folded"):
        problem.weights_of(state | {"conv.weight": torch.zeros(4, 1, 5, 5)})
    with pytest.raises(RambleError, match=r"holds weights in torch\.float64"):
        problem.weights_of({name: value.double() for name, value in problem.state_dict(some_weights(problem)).items()})
    with pytest.raises(RambleError, match=r"holds weights in torch\.float64"):
        problem.weights_of(trained().double().state_dict())


def frozen_backbone() -> nn.Module:
    backbone = nn.Sequential(nn.Flatten(), nn.Linear(36, 8), nn.BatchNorm1d(8)).requires_grad_(False)
    return nn.Sequential(backbone, nn.ReLU(), nn.Linear(8, 3))


def test_a_frozen_layer_and_its_frozen_norm_stay_frozen():
    problem = folded(frozen_backbone)
    assert list(problem.shapes) == ["2.weight", "2.bias"]
    torch.manual_seed(0)  # as the problem draws
    own, other = frozen_backbone().state_dict(), frozen_backbone().state_dict()
    assert len(problem.weights_of(own)) == 27
    with pytest.raises(RambleError, match=r"holds another '0\.1\.weight' .* keeps it constant"):
        problem.weights_of(other)
