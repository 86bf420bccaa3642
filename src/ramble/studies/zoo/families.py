"""The families of the zoo: a network, its training set, and how the networks of the family are trained.

Digits are the first images of MNIST, averaged to 14 x 14 pixels. All families are small enough for a laptop, but for
`resnet20`, which takes an hour of one core.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from ramble.problems.cifar import cifar10_images
from ramble.problems.lenet import LeNet5
from ramble.problems.mnist import mnist_images
from ramble.problems.network import NetworkProblem
from ramble.problems.patterns import random_patterns
from ramble.problems.problem import Problem
from ramble.problems.resnet import ResNet
from ramble.problems.tree_committee import TreeCommittee
from ramble.studies.zoo.networks import Backbone, Transformer, convolutional_with_batch_norm, perceptron
from ramble.studies.zoo.parameters import FamilyName

MEAN, DEVIATION = 0.1307, 0.3081  # of MNIST's pixels
NOISE = 0.1  # share of labels that are wrong
TOKENS, LENGTH = 8, 10

Data = tuple[Tensor, Tensor]  # inputs (M, ...) and labels (M,)


@dataclass(frozen=True)
class Family:
    """A kind of network on its training set.

    Attributes:
        build: returns a network as it is before training.
        data: data root -> inputs and labels.
        batch_norm: how the problem treats batch norm, where there is any.
        descends: does plain gradient descent on all samples come to zero errors?
        augmented: epochs in which images change, for the network that is trained so; with changing ones to the end some
            families keep errors on the images as they are.
    """

    build: Callable[[], nn.Module]
    data: Callable[[str], Data]
    batch_norm: str | None = None
    descends: bool = True
    augmented: int = 40


class ZooProblem(NetworkProblem):
    """A family's network on its data.

    Args:
        family: which.
        data: its inputs and labels.
        device: where both live.
    """

    def __init__(self, family: Family, data: Data, device: torch.device | str = "cpu") -> None:
        self._build, self.descends = family.build, family.descends
        super().__init__({"train": data}, device, batch_norm=family.batch_norm)  # type: ignore[arg-type]

    def build_network(self) -> nn.Module:
        """Return the family's network."""
        return self._build()


def digits(count: int, data_root: str) -> Data:
    """Return the first images of MNIST (M, 1, 14, 14), normalised, and their classes."""
    images, labels = full_digits(count, data_root)
    return functional.avg_pool2d(images, 2), labels


def full_digits(count: int, data_root: str) -> Data:
    """Return the first images of MNIST (M, 1, 28, 28), normalised, and their classes."""
    found = mnist_images(0, "zoo", 0, data_root, train=count, test=1)
    return (found["train_images"].float().unsqueeze(1) / 255 - MEAN) / DEVIATION, found["train_labels"].long()


def colour_images(count: int, data_root: str) -> Data:
    """Return the first images of CIFAR-10 (M, 3, 32, 32), normalised by channel, and their classes."""
    found = cifar10_images(0, "zoo", 0, data_root, train=count, test=1)
    mean, deviation = (found[name].view(3, 1, 1) for name in ("input_mean", "input_std"))
    return (found["train_images"] / 255 - mean) / deviation, found["train_labels"].long()


def parities(count: int, data_root: str) -> Data:
    """Return digits, and whether each is odd."""
    images, labels = digits(count, data_root)
    return images, labels % 2


def noisy_digits(count: int, data_root: str) -> Data:
    """Return digits, some of them with the label of another class."""
    images, labels = digits(count, data_root)
    random = torch.Generator().manual_seed(1)
    wrong = torch.randperm(count, generator=random)[: round(NOISE * count)]
    labels[wrong] = (labels[wrong] + torch.randint(1, 10, (len(wrong),), generator=random)) % 10
    return images, labels


def repetitions(count: int, data_root: str) -> Data:
    """Return random sequences of tokens (M, T), and how often the first one comes again, at most three times."""
    tokens = torch.randint(0, TOKENS, (count, LENGTH), generator=torch.Generator().manual_seed(2))
    return tokens, (tokens[:, 1:] == tokens[:, :1]).sum(1).clamp(max=3)


FAMILIES: dict[str, Family] = {
    "digits_tanh": Family(partial(perceptron, (196, 32, 10), nn.Tanh), partial(digits, 500)),
    "digits_relu": Family(partial(perceptron, (196, 32, 32, 10), nn.ReLU), partial(digits, 500)),
    "binary": Family(partial(perceptron, (196, 24, 1), nn.ReLU), partial(parities, 400)),
    "lenet5": Family(LeNet5, partial(full_digits, 100)),
    "batch_norm": Family(convolutional_with_batch_norm, partial(digits, 500), "reestimate", descends=False),
    "transformer": Family(partial(Transformer, TOKENS, LENGTH, 16, 4), partial(repetitions, 300), descends=False),
    "frozen_backbone": Family(Backbone, partial(digits, 300)),
    "resnet20": Family(partial(ResNet, 20), partial(colour_images, 2000), "reestimate", descends=False, augmented=10),
    "noisy_labels": Family(partial(perceptron, (196, 64, 10), nn.ReLU), partial(noisy_digits, 400)),
}


HIDDEN, INPUT_SCALE = 3, 1.0  # of the committee


def committee_patterns() -> dict[str, Tensor]:
    """Return the patterns (M, N) of the family `committee` and their labels (M,)."""
    return random_patterns(2019, "zoo", 0, patterns=620, inputs=300)


def committee() -> TreeCommittee:
    """Return the Tree Committee Machine of the paper on one set of patterns."""
    return TreeCommittee([committee_patterns()], hidden=HIDDEN, input_scale=INPUT_SCALE, initial_sigma=0.06)


def problem_of(name: FamilyName, data_root: str) -> Problem:
    """Return the problem of a family."""
    if name == "committee":
        return committee()
    family = FAMILIES[name]
    return ZooProblem(family, family.data(data_root))
