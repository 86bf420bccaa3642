"""Statistics of batch norm that follow the weights: the same function as torch's training mode, and its derivative."""

import copy
from itertools import pairwise

import pytest
import torch
from small_batch_norm import ZERO, Functional, Given, Twice, X, Y, images, linear_and, norms, residual, some_weights
from torch import Tensor, nn
from torch.nn import functional

from ramble.certificates.segments import certify_segments
from ramble.certificates.sound import obstacle
from ramble.errors import RambleError
from ramble.problems import reestimation
from ramble.problems.logits import as_logits
from ramble.problems.network import NetworkProblem
from ramble.problems.reestimation import part_of
from ramble.spectra.products import Curvature


def as_torch_trains(problem: NetworkProblem, weights: Tensor, part: Tensor) -> nn.Module:
    """The network with torch's own batch norm layers in training mode, run on the part; statistics divided by n."""
    network = problem.network(weights)
    for norm in norms(network):
        norm.train()
        norm.momentum = 1.0
    sizes = []
    hooks = [
        norm.register_forward_hook(lambda own, given, _: sizes.append(given[0].numel() // given[0].shape[1]))
        for norm in norms(network)
    ]
    with torch.no_grad():
        network(part)
    for norm, size, hook in zip(norms(network), sizes, hooks, strict=True):
        norm.running_var *= (size - 1) / size
        hook.remove()
    return network


@pytest.mark.parametrize("part", [500, 12])
@pytest.mark.parametrize("momentum", [0.1, None])
def test_the_network_is_the_one_that_training_mode_is_on_the_part(part, momentum, monkeypatch):
    monkeypatch.setattr(reestimation, "PART", part)
    problem = Given(lambda: residual(momentum), X, Y, test=images(7, 5))
    weights = some_weights(problem)
    inputs = X.double()
    network = as_torch_trains(problem, weights, inputs[part_of(X)])
    expected = network.eval()(inputs)
    state = network.state_dict()
    for name, value in problem.state_dict(weights).items():
        if "num_batches" not in name:
            assert torch.allclose(value, state[name], rtol=1e-11, atol=1e-13), name
    assert torch.allclose(problem.outputs(weights[None], ZERO)[0], expected, atol=1e-11)
    assert torch.allclose(problem.network(weights)(inputs), expected, atol=1e-11)
    tested = network(problem.data("test")[0].double())
    assert torch.allclose(problem.outputs(weights[None], ZERO, "test")[0], tested, atol=1e-11)
    single = problem.outputs(weights[None].float(), ZERO)[0]
    assert torch.allclose(single, expected.float(), atol=1e-4)


def test_the_part_is_drawn_once_and_holds_no_sample_twice():
    part = part_of(torch.zeros(2000, 1000))
    assert len(part) == len(part.unique()) == 500
    assert torch.equal(part, part_of(torch.ones(2000, 2)))
    assert torch.equal(part_of(torch.zeros(500, 2)), torch.arange(500))
    assert len(part_of(torch.zeros(300, 3, 32, 32))) == 250
    # of a training set in the order of its classes it has all of them, about equally
    assert (torch.bincount(part // 200, minlength=10) > 30).all()


@pytest.mark.parametrize("part", [500, 12])
@pytest.mark.parametrize("gain", [1.0, 1.7])
def test_the_gradient_goes_through_the_statistics(part, gain, monkeypatch):
    monkeypatch.setattr(reestimation, "PART", part)
    problem = Given(residual, X, Y)
    problem._gradient_chunk = 9
    weights = some_weights(problem)

    def loss(row: Tensor) -> Tensor:
        return functional.cross_entropy(gain * problem.outputs(row[None], ZERO)[0], Y)

    losses, gradients = problem.gradients(weights[None], ZERO, gain)
    assert torch.allclose(losses[0], loss(weights), rtol=1e-12)
    random = torch.Generator().manual_seed(3)
    for _ in range(8):
        direction = torch.randn(len(weights), generator=random, dtype=torch.float64)
        step = 1e-6 * direction
        slope = (loss(weights + step) - loss(weights - step)) / 2e-6
        assert torch.allclose(gradients[0] @ direction, slope, rtol=1e-5, atol=1e-8)
    frozen = problem.network(weights)
    functional.cross_entropy(gain * frozen(X.double()), Y).backward()
    held = torch.cat([value.grad.flatten() for value in frozen.parameters()])
    assert not torch.allclose(held, gradients[0], rtol=1e-2)  # statistics do move


@pytest.mark.parametrize("part", [500, 12])
def test_the_gradient_is_that_of_the_loss_of_the_problem(part, monkeypatch):
    monkeypatch.setattr(reestimation, "PART", part)
    problem = Given(residual, X, Y, loss="squared-error")
    weights = some_weights(problem)
    losses, gradients = problem.gradients(weights[None], ZERO)
    assert torch.allclose(losses, problem.evaluate(weights[None], ZERO).losses)
    direction = torch.randn(len(weights), generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    there, back = (problem.evaluate((weights + step * direction)[None], ZERO).losses for step in (1e-6, -1e-6))
    assert torch.allclose(gradients[0] @ direction, (there - back)[0] / 2e-6, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("first", [12, 20])
def test_spectra_of_some_samples_keep_the_statistics_of_the_part(first, monkeypatch):
    monkeypatch.setattr(reestimation, "PART", 12)  # as many as the first samples, and others
    problem = Given(residual, X, Y)
    weights, some = some_weights(problem), problem.on_first(first)
    assert torch.equal(some.outputs(weights[None], ZERO), problem.outputs(weights[None], ZERO)[:, :first])
    state, own = (each.network(weights).state_dict() for each in (problem, some))
    assert all(torch.equal(value, own[name]) for name, value in state.items())


def test_logits_have_the_derivative_that_gradcheck_asks_for(monkeypatch):
    monkeypatch.setattr(reestimation, "PART", 5)
    problem = Given(lambda: nn.Sequential(nn.Flatten(), nn.Linear(36, 2), nn.BatchNorm1d(2), nn.Linear(2, 3)), X, Y)
    weights = some_weights(problem).requires_grad_()
    assert torch.autograd.gradcheck(lambda row: problem._logits(row, X[:7].double()), weights)
    assert torch.autograd.gradgradcheck(lambda row: problem._logits(row, X[:3].double()).square().sum(), weights)


@pytest.mark.parametrize(("part", "batch"), [(500, None), (12, 9)])
def test_the_hessian_is_the_derivative_of_the_gradient(part, batch, monkeypatch):
    monkeypatch.setattr(reestimation, "PART", part)
    problem = Given(residual, X, Y)
    weights = some_weights(problem)
    vector = torch.randn(len(weights), generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    step = 1e-7 * vector
    ahead, behind = problem.gradients(torch.stack([weights + step, weights - step]), ZERO.repeat(2))[1]
    curvature = Curvature(problem, weights, "here", batch)
    expected = (ahead - behind) / 2e-7
    found = curvature.hessian()(vector)
    assert torch.allclose(found, expected, rtol=1e-4, atol=1e-5 * float(expected.abs().max()))
    turned = torch.randn(len(weights), generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    gauss_newton = curvature.gauss_newton()
    assert torch.allclose(gauss_newton(vector) @ turned, gauss_newton(turned) @ vector, rtol=1e-9)
    assert gauss_newton(vector) @ vector >= 0


def test_gradients_in_one_batch_are_those_of_torch_in_training_mode():
    problem = Given(residual, X, Y)
    weights = some_weights(problem, dtype=torch.float32)
    network = problem.network(weights)
    for norm in norms(network):
        norm.train()
    samples = torch.arange(20)
    for found, rows in (
        (problem.gradients(weights[None], ZERO), torch.arange(30)),
        (problem.batch_gradients(weights[None], samples[None]), samples),
    ):
        network.zero_grad()
        loss = functional.cross_entropy(network(X[rows]), Y[rows])
        loss.backward()
        expected = torch.cat([value.grad.flatten() for value in network.parameters()])
        assert torch.allclose(found[0][0], loss, atol=1e-5)
        assert torch.allclose(found[1][0], expected, atol=1e-4 * float(expected.abs().max()))
    with pytest.raises(RambleError, match="a minibatch of one sample has no batch norm statistics of its own"):
        problem.batch_gradients(weights[None], samples[None, :1])


def test_what_is_remembered_is_a_function_of_the_weights_alone():
    problem, fresh = Given(residual, X, Y), Given(residual, X, Y)
    rows = torch.stack([some_weights(problem, seed, torch.float32) for seed in range(8)])
    first = problem.outputs(rows, ZERO.expand(8))
    problem.gradients(rows, ZERO.expand(8))
    assert torch.allclose(problem.outputs(rows.flip(0), ZERO.expand(8)).flip(0), first, atol=1e-6)
    for row in reversed(range(8)):
        assert torch.equal(fresh.outputs(rows[row : row + 1], ZERO)[0], first[row])
    moved = rows[:1].clone()
    moved[0, 0] += 0.5
    assert not torch.allclose(problem.outputs(moved, ZERO)[0], first[0])


def test_margins_in_doubt_are_those_of_the_stored_network_in_float64(monkeypatch):
    monkeypatch.setattr("ramble.problems.decided_margins.DOUBTFUL", 10.0)  # all of them
    problem = Given(residual, X, Y)
    weights = some_weights(problem, dtype=torch.float32)
    logits = problem.network(weights).double()(X.double())
    true = logits.gather(1, Y[:, None])
    others = logits.scatter(1, Y[:, None], -torch.inf).amax(1, keepdim=True)
    assert torch.allclose(problem.sample_margins(weights[None], ZERO)[0], (true - others)[:, 0], atol=1e-13)


def test_checkpoints_of_training_are_taken_whatever_their_statistics():
    problem = Given(residual, X, Y)
    trained = residual()
    for _ in range(3):
        trained.train()(X)
    weights = problem.weights_of(trained.state_dict())
    assert torch.equal(weights, torch.cat([value.detach().flatten() for value in trained.parameters()]))
    state = problem.state_dict(weights)
    assert state.keys() == trained.state_dict().keys()
    assert torch.equal(problem.weights_of(state), weights)
    with pytest.raises(RambleError, match="the network of this study has"):
        problem.weights_of({name: value for name, value in state.items() if "running_mean" not in name})


def test_segments_are_sampled_and_the_reason_says_why():
    problem = Given(lambda: nn.Sequential(nn.Flatten(), nn.Linear(36, 40), nn.BatchNorm1d(40), nn.Linear(40, 3)), X, Y)
    weights = problem.initial_weights(torch.Generator().manual_seed(1))[None]
    for _ in range(200):
        weights = weights - 0.5 * problem.gradients(weights, ZERO)[1]
    assert problem.evaluate(weights, ZERO).in_solution_space.all()
    found = certify_segments(problem, weights, 1.01 * weights, ZERO, 1 / 8)
    assert found.hold.all()
    assert found.kind == "sampled"
    assert found.reason == obstacle(problem)
    assert "statistics of batch norm are measured anew at every point" in found.reason


class OwnForward(nn.BatchNorm1d):
    def forward(self, inputs: Tensor) -> Tensor:
        return 2 * super().forward(inputs)


class Company(Twice):
    """Looks at the others beside batch norm too."""

    def forward(self, inputs: Tensor) -> Tensor:
        maps = self.norm(self.linear(inputs.flatten(1)))
        return maps - 1e-3 * maps.mean(0)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (Twice, "batch norm 'norm' is used 2 times in a forward pass"),
        (lambda: linear_and(nn.BatchNorm1d(3, track_running_stats=False)), "'2' has no running statistics, so that"),
        (lambda: linear_and(OwnForward(3)), "'2' is an OwnForward, a batch norm with a forward pass of its own"),
        (Functional, "batch norm 'norm' is not called by the forward pass"),
        (Company, "logits change with the other inputs of the batch"),
        (lambda: linear_and(nn.LayerNorm(3)), "has no batch norm to re-estimate; leave batch_norm out"),
    ],
)
def test_what_cannot_follow_the_weights_is_refused(make, sentence):
    with pytest.raises(RambleError, match=rf"Given\.build_network: .*{sentence}"):
        Given(make, X, Y)


def test_without_a_way_the_refusal_names_both():
    with pytest.raises(RambleError, match=r"give batch_norm='reestimate' .* or batch_norm='fold'"):
        Given(residual, X, Y, batch_norm=None)
    with pytest.raises(RambleError, match=r"Given: batch_norm = 'refold' is no way to treat batch norm"):
        Given(residual, X, Y, batch_norm="refold")


class Held(nn.Sequential):
    """A backbone that stays in evaluation mode: its statistics are constants."""

    def train(self, mode: bool = True) -> nn.Module:
        super().train(mode)
        self[2].eval()
        return self


def test_layers_held_in_evaluation_mode_keep_their_statistics():
    norm = nn.BatchNorm1d(5)
    norm.running_mean += 3.0

    def make() -> nn.Module:
        own = (nn.BatchNorm1d(4), nn.Linear(4, 3))
        return Held(nn.Flatten(), nn.Linear(36, 5), copy.deepcopy(norm), nn.Linear(5, 4), *own)

    problem = Given(make, X, Y)
    weights = some_weights(problem, dtype=torch.float32)
    state = problem.state_dict(weights)
    assert torch.equal(state["2.running_mean"], norm.running_mean)
    assert not torch.equal(state["4.running_mean"], torch.zeros(4))
    with pytest.raises(RambleError, match=r"holds another '2\.running_mean'"):
        problem.weights_of(state | {"2.running_mean": torch.zeros(5)})


def test_solutions_are_walked_along_points_that_are_plain_weights():
    problem = Given(residual, X, Y)
    points = torch.stack([some_weights(problem, seed, torch.float32) for seed in (1, 5)])
    for start, end in pairwise(points):
        middle = torch.lerp(start, end, 0.5)
        assert torch.equal(problem.flatten(problem.state_dict(middle)), middle)


class Reader(nn.Module):
    """Attention over tokens, batch norm over their mean."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.attention = nn.Embedding(7, 8), nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm, self.last = nn.BatchNorm1d(8), nn.Linear(8, 3)

    def forward(self, tokens: Tensor) -> Tensor:
        words = self.embedding(tokens)
        return self.last(self.norm(self.attention(words, words, words)[0].mean(1)))


class TiedNorms(nn.Module):
    """Two batch norms with one scale, a constant, layer and group norm beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.first, self.second = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.BatchNorm2d(4)
        self.second.weight = self.first.weight
        self.group, self.layer, self.last = nn.GroupNorm(2, 4), nn.LayerNorm(4), nn.Linear(4, 3)
        self.register_buffer("slope", torch.tensor(0.5))

    def forward(self, images: Tensor) -> Tensor:
        maps = torch.tanh(self.first(self.convolution(images)))
        maps = self.group(self.second(maps) * self.slope)
        return self.last(functional.dropout(self.layer(maps.mean((2, 3))), 0.5, self.training))


def frozen_backbone() -> nn.Module:
    """Its statistics follow its weights, which stay."""
    backbone = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU()).requires_grad_(False)
    return nn.Sequential(backbone, nn.Flatten(), nn.Linear(64, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 3))


KINDS = {
    "tokens": (Reader, torch.randint(0, 7, (30, 5), generator=torch.Generator().manual_seed(2))),
    "tied": (TiedNorms, X),
    "frozen": (frozen_backbone, X),
    "one logit": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(36, 4), nn.BatchNorm1d(4), nn.Linear(4, 1)), X),
    "sequences": (lambda: nn.Sequential(nn.Flatten(2), nn.BatchNorm1d(1), nn.Flatten(), nn.Linear(36, 3)), X),
}


@pytest.mark.parametrize("part", [500, 12])
@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_networks_with_batch_norm(kind, part, monkeypatch):
    monkeypatch.setattr(reestimation, "PART", part)
    make, inputs = KINDS[kind]
    labels = Y % 2 if kind == "one logit" else Y
    problem = Given(make, inputs, labels)
    weights = some_weights(problem)
    state = problem.state_dict(weights)
    rebuilt = make().double()
    rebuilt.load_state_dict(state)
    given = inputs.double() if inputs.is_floating_point() else inputs
    expected = as_logits(rebuilt.eval()(given))
    if kind != "frozen":  # whose backbone another draw made
        assert torch.allclose(problem.outputs(weights[None], ZERO)[0], expected, atol=1e-10)
    assert torch.equal(problem.weights_of({name: value.float() for name, value in state.items()}), weights.float())
    losses, gradients = problem.gradients(weights[None], ZERO)
    assert torch.allclose(losses, problem.evaluate(weights[None], ZERO).losses, rtol=1e-10)
    direction = torch.randn(len(weights), generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    ahead, behind = (problem.gradients((weights + step * direction)[None], ZERO)[0] for step in (1e-6, -1e-6))
    assert torch.allclose(gradients[0] @ direction, (ahead - behind)[0] / 2e-6, rtol=1e-4, atol=1e-8)
