"""Weight matching: which units may change places, and into which order they are put."""

from itertools import permutations

import pytest
import torch
from small_problems import committee_on, pattern_sets, silent, smooth_problem, wide_problem
from torch import Tensor, nn

from ramble.errors import RambleError
from ramble.problems.network import NetworkProblem
from ramble.store.headers import Status
from ramble.tracking.aligned import AlignedTracker
from ramble.tracking.aligned_settings import AlignedSettings
from ramble.tracking.alignment import align, reordered
from ramble.tracking.connect import connect
from ramble.tracking.symmetries import movable_units


class Residual(nn.Module):
    """A convolution, a residual block with batch norm, and two linear layers: four groups of units."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 6, 3, padding=1)
        self.inner = nn.Sequential(
            nn.Conv2d(6, 5, 3, padding=1, bias=False), nn.BatchNorm2d(5), nn.ReLU(inplace=True),
            nn.Conv2d(5, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6),
        )  # fmt: skip
        self.head = nn.Sequential(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(24, 7), nn.Tanh(), nn.Linear(7, 3))

    def forward(self, inputs: Tensor) -> Tensor:
        stem = self.stem(inputs)
        return self.head(torch.relu(stem + self.inner(stem)))


class Attention(nn.Module):
    """A block of attention, layer norm and a perceptron over embedded tokens with positions."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.positions = nn.Embedding(7, 8), nn.Parameter(torch.randn(5, 8))
        self.query, self.key, self.value = (nn.Linear(8, 8) for _ in range(3))
        self.norm = nn.LayerNorm(8)
        self.perceptron = nn.Sequential(nn.Linear(8, 12), nn.GELU(), nn.Linear(12, 8))
        self.head = nn.Linear(8, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        tokens = self.embedding(inputs) + self.positions
        shares = torch.softmax(self.query(tokens) @ self.key(tokens).transpose(1, 2), -1)
        tokens = self.norm(tokens + shares @ self.value(tokens))
        return self.head((tokens + self.perceptron(tokens)).mean(1))


class TorchAttention(nn.Module):
    """Torch's own block, which exchanges the axes of samples and of places."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(7, 8)
        self.block = nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, batch_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.head(self.block(self.embedding(inputs)).mean(1))


class Shuffled(nn.Module):
    """A linear layer whose units are cut into two halves, which play different parts."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(3, 6), nn.Linear(3, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        left, right = self.first(inputs).relu().chunk(2, 1)
        return self.second(left * right.flip(1))


class Tied(nn.Module):
    """One square layer used twice, its units tied to those of its inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.again, self.last = nn.Linear(3, 5), nn.Linear(5, 5), nn.Linear(5, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = self.first(inputs).relu()
        return self.last(hidden + self.again(self.again(hidden).tanh()).tanh())


def problem_of(network: type[nn.Module], inputs: Tensor, **options: str) -> NetworkProblem:
    class Own(NetworkProblem):
        def build_network(self) -> nn.Module:
            return network()

    return Own({"train": (inputs, torch.arange(len(inputs)) % 3)}, **options)


def points(seed: int = 0, count: int = 20) -> Tensor:
    return torch.randn(count, 3, generator=torch.Generator().manual_seed(seed))


IMAGES = torch.randn(12, 1, 4, 4, generator=torch.Generator().manual_seed(1))
TOKENS = torch.randint(0, 7, (12, 5), generator=torch.Generator().manual_seed(2))
PROBLEMS = {
    "perceptron": lambda: wide_problem(),
    "residual": lambda: problem_of(Residual, IMAGES, batch_norm="reestimate"),
    "attention": lambda: problem_of(Attention, TOKENS),
    "shuffled": lambda: problem_of(Shuffled, points()),
    "tied": lambda: problem_of(Tied, points()),
}


def drawn(problem: NetworkProblem, seed: int) -> Tensor:
    return problem.initial_weights(torch.Generator().manual_seed(seed))


def shuffled(problem: NetworkProblem, weights: Tensor) -> Tensor:
    """The same network with all groups of units in random order."""
    groups, random = movable_units(problem), torch.Generator().manual_seed(3)
    orders = [torch.randperm(group.count, generator=random) for group in groups]
    return problem.flatten(reordered(groups, orders, problem.unflatten(weights)))


@pytest.mark.parametrize("name", ["perceptron", "residual", "attention", "tied"])
def test_any_order_of_movable_units_is_the_same_network(name):
    problem = PROBLEMS[name]()
    weights = drawn(problem, 0)
    other = shuffled(problem, weights)
    assert not torch.equal(weights, other)
    both = problem.outputs(torch.stack([weights, other]).double(), torch.zeros(2, dtype=torch.long))
    torch.testing.assert_close(both[0], both[1], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["perceptron", "residual", "attention", "tied"])
def test_finds_the_order_of_a_shuffled_network(name):
    problem = PROBLEMS[name]()
    weights = drawn(problem, 0)
    found = align(problem, weights, shuffled(problem, weights))
    assert torch.equal(found.weights, weights)
    assert found.moved > 0


def test_counts_the_groups_of_a_residual_network():
    sizes = sorted(group.count for group in movable_units(PROBLEMS["residual"]()))
    assert sizes == [5, 6, 7]


def test_leaves_units_in_place_where_an_operation_is_not_known():
    problem = PROBLEMS["shuffled"]()
    assert not movable_units(problem)
    with pytest.raises(RambleError, match="no units of the network are known to be exchangeable"):
        align(problem, drawn(problem, 0), drawn(problem, 1))


def test_refuses_a_network_that_cannot_be_read():
    problem = problem_of(TorchAttention, TOKENS)
    with pytest.raises(RambleError, match=r"units cannot be reordered \(block.self_attn"):
        align(problem, drawn(problem, 0), drawn(problem, 1))


def test_refuses_what_is_no_torch_module():
    problem = committee_on(pattern_sets(1, 1, 5, 9))
    weights = torch.ones(problem.n_weights)
    with pytest.raises(RambleError, match="only reordered where the network is a torch module"):
        align(problem, weights, weights)


def test_is_the_best_of_all_orders_of_one_layer():
    problem = smooth_problem()
    first, last = drawn(problem, 4), drawn(problem, 5)
    (group,) = movable_units(problem)
    every = [
        problem.flatten(reordered([group], [torch.tensor(order)], problem.unflatten(last)))
        for order in permutations(range(group.count))
    ]
    best = max(float(first @ other) for other in every)
    assert float(first @ align(problem, first, last).weights) == pytest.approx(best, rel=1e-6)


def test_the_order_takes_every_weight_once_and_gives_the_aligned_network():
    problem = PROBLEMS["residual"]()
    first, last = drawn(problem, 6), drawn(problem, 7)
    found = align(problem, first, last)
    assert torch.equal(found.order.sort().values, torch.arange(problem.n_weights))
    assert torch.equal(last[found.order], found.weights)
    assert float(first @ found.weights) > float(first @ last)


def solved(problem: NetworkProblem, seed: int) -> Tensor:
    weights = drawn(problem, seed)[None]
    for _ in range(400):
        weights = weights - 0.3 * problem.gradients(weights, torch.zeros(1, dtype=torch.long))[1]
    return weights


def test_one_network_in_two_orders_is_one_point():
    problem = wide_problem()
    start = solved(problem, 8)
    end = shuffled(problem, start[0])[None]
    (path,) = connect(problem, AlignedTracker(AlignedSettings()), start, end, torch.tensor([0]), silent())
    assert path.joins
    assert path.t.tolist() == [1.0]
    assert torch.equal(path.points, start)
    assert torch.equal(end[0][path.end_order], start[0])
    assert path.reason.startswith("W_a is W_b with")


def test_tracks_to_the_reordered_network():
    problem = wide_problem()
    start = solved(problem, 8)
    end = shuffled(problem, start[0])[None]
    assert not torch.equal(start, end)
    nearly = end * 1.01  # else both ends are one network
    (path,) = connect(problem, AlignedTracker(AlignedSettings()), start, nearly, torch.tensor([0]), silent())
    assert path.status is Status.ARRIVED
    assert path.joins
    assert path.end_order is not None
    assert torch.equal(path.points[-1], nearly[0][path.end_order])
    assert "of its units reordered" in path.reason
