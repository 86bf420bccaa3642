"""Networks as people train them: plain PyTorch, by recipes of their own, stopped at zero training errors."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ramble.errors import RambleError
from ramble.problems.problem import Problem
from ramble.problems.seeds import derive_seed
from ramble.studies.zoo.families import FAMILIES, ZooProblem
from ramble.training.descent import find_solutions
from ramble.training.descent_settings import Recipe, Settling

EPOCHS = 1000
LEAST_EPOCHS = 5
SHIFT, JITTER = 1, 0.1  # pixels by which images are shifted, and deviation of the noise on them


@dataclass(frozen=True)
class Plain:
    """A recipe in plain PyTorch."""

    optimiser: type[torch.optim.Optimizer]
    rate: float
    batch: int
    options: dict[str, Any]
    augments: bool = False


PLAIN = {
    "adam": Plain(torch.optim.Adam, 2e-3, 64, {}),
    "momentum": Plain(torch.optim.SGD, 0.02, 32, {"momentum": 0.9, "weight_decay": 5e-4}),
    "augmented": Plain(torch.optim.AdamW, 3e-3, 64, {"weight_decay": 0.01}, augments=True),
    "adam_again": Plain(torch.optim.Adam, 1e-3, 16, {}),
}
# of committees, by gradients of all patterns, as in the study of the paper; and of the fourth network of the others
COMMITTEES = Recipe(
    count=1,
    rate=0.2,
    output_gain=2.0,
    max_steps=4000,
    batch=24,
    rounds=8,
    settling=Settling(window=5000, tolerance=0.01, max_steps=5000),
)
FULL_BATCH = Recipe(count=1, rate=0.1, max_steps=5000, batch=1, rounds=3)


def recipes_of(problem: Problem, count: int) -> list[str]:
    """Return how each of `count` networks of a family is trained.

    Three are trained by plain PyTorch, the fourth by gradient descent of this package where that is good enough. All
    networks of a committee are found as those of the paper are.
    """
    if not isinstance(problem, ZooProblem):
        return ["descent"] * count
    return ["adam", "momentum", "augmented", "descent" if problem.descends else "adam_again"][:count]


def trained_network(name: str, problem: Problem, number: int, recipe: str, seed: int) -> Tensor:
    """Return one solution (P,) of a family's problem.

    Args:
        name: of the family.
        problem: its problem.
        number: of the network in its family; networks by one recipe differ by it.
        recipe: one of `recipes_of`.
        seed: the root seed.

    Raises:
        RambleError: the recipe does not come to zero errors.
    """
    if recipe == "descent":
        own = FULL_BATCH if isinstance(problem, ZooProblem) else COMMITTEES
        (found,) = find_solutions(problem, seed, f"{name}-{number}", own)
        return found.weights
    assert isinstance(problem, ZooProblem)
    return _trained(name, problem, recipe, seed)


def _trained(name: str, problem: ZooProblem, recipe: str, seed: int) -> Tensor:
    inputs, labels = problem.data("train")
    with torch.random.fork_rng():
        torch.manual_seed(derive_seed(seed, "zoo", name, recipe))
        network, plain = FAMILIES[name].build(), PLAIN[recipe]
        moving = [value for value in network.parameters() if value.requires_grad]
        optimiser = plain.optimiser(moving, lr=plain.rate, **plain.options)  # type: ignore[call-arg]
        for epoch in range(1, EPOCHS + 1):
            for samples in torch.split(torch.randperm(len(labels)), plain.batch):
                changes = plain.augments and inputs.dim() == 4 and epoch <= FAMILIES[name].augmented
                batch = _augmented(inputs[samples]) if changes else inputs[samples]
                optimiser.zero_grad()
                torch.autograd.backward(_loss(network.train()(batch), labels[samples]))
                optimiser.step()
            if epoch >= LEAST_EPOCHS and not _errors(network, inputs, labels):
                weights = problem.flatten(network.state_dict())
                if not int(problem.evaluate(weights[None], torch.zeros(1, dtype=torch.long)).errors):
                    return weights
    raise RambleError(f"zoo, family {name}: recipe {recipe} leaves errors after {EPOCHS} epochs; leave the family out.")


def _augmented(images: Tensor) -> Tensor:
    """Return images (M, C, H, W) shifted at random, all alike, with noise on them."""
    shifts = torch.randint(-SHIFT, SHIFT + 1, (2,)).tolist()
    return images.roll(shifts, (2, 3)) + JITTER * torch.randn_like(images)


def _loss(outputs: Tensor, labels: Tensor) -> Tensor:
    if outputs.shape[1] == 1:
        return functional.binary_cross_entropy_with_logits(outputs[:, 0], labels.to(outputs.dtype))
    return functional.cross_entropy(outputs, labels)


@torch.no_grad()
def _errors(network: nn.Module, inputs: Tensor, labels: Tensor) -> int:
    outputs = network.eval()(inputs)
    classes = outputs.argmax(1) if outputs.shape[1] > 1 else (outputs[:, 0] > 0).long()
    return int((classes != labels).sum())
