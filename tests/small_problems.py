"""Problems small enough to be computed by hand, by loops, or by dense algebra."""

import torch
from torch import Tensor, nn

from ramble.problems.lenet import LeNet5Problem
from ramble.problems.network import NetworkProblem
from ramble.problems.tree_committee import TreeCommittee
from ramble.store.progress import Progress


def random_signs(random: torch.Generator, *shape: int) -> Tensor:
    return (torch.randint(0, 2, shape, generator=random) * 2 - 1).to(torch.int8)


def pattern_sets(seed: int, datasets: int, patterns: int, inputs: int) -> list[dict[str, Tensor]]:
    random = torch.Generator().manual_seed(seed)
    return [consistent_patterns(random, patterns, inputs) for _ in range(datasets)]


def consistent_patterns(random: torch.Generator, patterns: int, inputs: int) -> dict[str, Tensor]:
    """Draw until no two patterns contradict each other, which they do where label times pattern are opposite."""
    while True:
        drawn = {"patterns": random_signs(random, patterns, inputs), "labels": random_signs(random, patterns)}
        signed = (drawn["patterns"] * drawn["labels"].unsqueeze(1)).int()
        if int((signed @ signed.T).min()) > -inputs:
            return drawn


def committee_on(sets: list[dict[str, Tensor]], hidden: int = 3, input_scale: float = 1.0) -> TreeCommittee:
    return TreeCommittee(sets, hidden=hidden, input_scale=input_scale, initial_sigma=0.1)


def plain_committee_outputs(weights: Tensor, patterns: Tensor, hidden: int, input_scale: float) -> Tensor:
    """z (M,) of one committee, differentiable: the textbook formula, without labels folded into the inputs."""
    inputs = patterns.to(weights.dtype).reshape(len(patterns), hidden, -1)
    fields = input_scale * (inputs * weights.reshape(hidden, -1)).sum(-1)
    return nn.functional.hardtanh(fields).sum(-1)


def plain_committee_loss(weights: Tensor, tensors: dict[str, Tensor], hidden: int, input_scale: float) -> Tensor:
    """Binary cross-entropy of p = (1 + tanh z) / 2, written as in the paper."""
    outputs = plain_committee_outputs(weights, tensors["patterns"], hidden, input_scale)
    targets = (1 + tensors["labels"].to(weights.dtype)) / 2
    probability = (1 + torch.tanh(outputs)) / 2
    return -(targets * probability.log() + (1 - targets) * (1 - probability).log()).mean()


def trained(problem: TreeCommittee, datasets: Tensor, seed: int, steps: int = 600) -> Tensor:
    """Weights (B, P), float64, after plain gradient descent; the caller asserts that they are solutions."""
    random = torch.Generator().manual_seed(seed)
    weights = 0.1 * torch.randn(len(datasets), problem.n_weights, generator=random, dtype=torch.float64)
    for _ in range(steps):
        weights = weights - 0.2 * problem.gradients(weights, datasets)[1]
    return weights


class SmoothNetwork(nn.Module):
    """31 weights, tanh: its Hessian exists everywhere and can be written down densely."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.second = nn.Linear(4, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        logits: Tensor = self.second(torch.tanh(self.first(inputs)))
        return logits


class SmoothProblem(NetworkProblem):
    """A small smooth network on random points of three classes."""

    def build_network(self) -> nn.Module:
        return SmoothNetwork()


def smooth_problem(seed: int = 0, samples: int = 12) -> SmoothProblem:
    random = torch.Generator().manual_seed(seed)
    splits = {
        split: (torch.randn(samples, 3, generator=random), torch.randint(0, 3, (samples,), generator=random))
        for split in ("train", "test")
    }
    return SmoothProblem(splits)


def plain_smooth_loss(weights: Tensor, problem: SmoothProblem) -> Tensor:
    """Cross-entropy of the smooth network from its formula, on flat weights (31,)."""
    inputs, labels = problem.data("train")
    first, first_bias = weights[:12].reshape(4, 3), weights[12:16]
    second, second_bias = weights[16:28].reshape(3, 4), weights[28:31]
    logits = torch.tanh(inputs.to(weights.dtype) @ first.T + first_bias) @ second.T + second_bias
    true_logits = logits[torch.arange(len(labels)), labels]
    return (logits.exp().sum(1).log() - true_logits).mean()


class WideProblem(NetworkProblem):
    """Far more hidden units than its few points need: easily solved, and its solutions easily joined."""

    def build_network(self) -> nn.Module:
        return nn.Sequential(nn.Linear(3, 40), nn.ReLU(), nn.Linear(40, 3))


def wide_problem(seed: int = 0, samples: int = 15) -> WideProblem:
    random = torch.Generator().manual_seed(seed)
    splits = {
        split: (torch.randn(samples, 3, generator=random), torch.randint(0, 3, (samples,), generator=random))
        for split in ("train", "test")
    }
    return WideProblem(splits)


class ProductNetwork(nn.Module):
    """Two weights; the logit of class 0 is their product, that of class 1 is a quarter."""

    def __init__(self) -> None:
        super().__init__()
        self.factors = nn.Parameter(torch.ones(2))

    def forward(self, inputs: Tensor) -> Tensor:
        product = inputs * self.factors.prod()
        return torch.cat([product, torch.full_like(product, 0.25)], 1)


class ProductProblem(NetworkProblem):
    """One sample of class 0, solved where the product exceeds a quarter: on both sides of a gap."""

    def build_network(self) -> nn.Module:
        return ProductNetwork()


class QuadraticNetwork(nn.Module):
    """Logits -w^T A w and 0: at w = 0 the Hessian of the loss of an input of class 0 is the symmetric matrix A."""

    def __init__(self, matrix: Tensor) -> None:
        super().__init__()
        self.point = nn.Parameter(torch.zeros(len(matrix)))
        self.register_buffer("matrix", matrix.clone(), persistent=False)

    def forward(self, inputs: Tensor) -> Tensor:
        form = -(self.point @ self.matrix @ self.point)
        return torch.cat([form.expand(len(inputs), 1), torch.zeros_like(inputs)], 1)


class QuadraticProblem(NetworkProblem):
    """A problem whose Hessian at zero weights is any symmetric matrix."""

    def __init__(self, matrix: Tensor) -> None:
        self._matrix = matrix
        super().__init__({"train": (torch.zeros(1, 1), torch.zeros(1, dtype=torch.long))})

    def build_network(self) -> nn.Module:
        return QuadraticNetwork(self._matrix)


def torn_problem() -> tuple[ProductProblem, Tensor, Tensor]:
    """A problem whose solutions fall into two parts, and one solution (1, 2) in each part: no path joins them."""
    problem = ProductProblem({"train": (torch.ones(1, 1), torch.zeros(1, dtype=torch.long))})
    return problem, torch.tensor([[1.0, 1.5]]), torch.tensor([[-1.2, -1.0]])


def random_images(seed: int, train: int = 6, test: int = 4, **others: int) -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(seed)
    sizes = {"train": train, "test": test, **others}
    images = {
        f"{split}_images": torch.randint(0, 256, (size, 28, 28), generator=random, dtype=torch.uint8)
        for split, size in sizes.items()
    }
    labels = {
        f"{split}_labels": torch.randint(0, 10, (size,), generator=random, dtype=torch.uint8)
        for split, size in sizes.items()
    }
    return images | labels


def small_lenet(seed: int = 0) -> LeNet5Problem:
    return LeNet5Problem([random_images(seed)], input_mean=0.1307, input_std=0.3081)


def silent(steps: int = 1) -> Progress:
    return Progress("test", steps)
