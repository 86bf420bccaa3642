"""Which of the two ways to treat batch norm joins more pairs of given networks: `fold` or `reestimate`?

Networks of two kinds are trained by plain PyTorch (Adam, momentum, AdamW with weight decay) until they make no error in
evaluation mode on 500 digits of 14 x 14 pixels: a convolutional one, and a residual one. All pairs of a kind go to
`ramble.connect`, in turn by both ways, each from the same checkpoints.

    python benchmarks/batch_norm_ways.py DATA_ROOT [--attempts 3] [--networks 3]
"""

import argparse
import itertools
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

import ramble
from ramble.problems.batch_norm import WAYS
from ramble.studies.zoo.families import Data, digits
from ramble.studies.zoo.networks import convolutional_with_batch_norm


class Block(nn.Module):
    """Two convolutions with batch norm beside a shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = (nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(2))
        self.bn1, self.bn2 = nn.BatchNorm2d(width), nn.BatchNorm2d(width)

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps of the same shape."""
        inner = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(maps)))))
        return functional.relu(inner + maps)


def residual() -> nn.Module:
    """Return a residual network of six layers and 10,042 weights."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        Block(16), Block(16), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10),
    )  # fmt: skip


KINDS: dict[str, Callable[[], nn.Module]] = {"convolutional": convolutional_with_batch_norm, "residual": residual}
Optimiser = Callable[[list[nn.Parameter]], torch.optim.Optimizer]
OPTIMISERS: list[Optimiser] = [
    lambda weights: torch.optim.Adam(weights, 3e-3),
    lambda weights: torch.optim.SGD(weights, 0.05, momentum=0.9, weight_decay=5e-4),
    lambda weights: torch.optim.AdamW(weights, 3e-3, weight_decay=1e-2),
]


def trained(build: Callable[[], nn.Module], data: Data, seed: int, optimiser_of: Optimiser) -> nn.Module:
    """Return a network after its first epoch of batches of 50 that leaves no error in evaluation mode."""
    images, labels = data
    torch.manual_seed(seed)
    network = build()
    optimiser = optimiser_of(list(network.parameters()))
    for _ in range(200):
        for rows in torch.randperm(len(labels)).split(50):
            optimiser.zero_grad()
            functional.cross_entropy(network.train()(images[rows]), labels[rows]).backward()
            optimiser.step()
        with torch.no_grad():
            if bool((network.eval()(images).argmax(1) == labels).all()):
                return network
    raise RuntimeError(f"the network of seed {seed} does not come to zero errors")


def main() -> None:
    """Train, join, and print a row a pair and way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data_root")
    parser.add_argument("--attempts", type=int, default=3)
    parser.add_argument("--networks", type=int, default=3)
    given = parser.parse_args()
    torch.set_num_threads(1)
    data = digits(500, given.data_root)
    print("kind | pair | way | errors: line | aligned | joined | certificate | smallest margin | gradients | seconds")
    for kind, build in KINDS.items():
        recipes = itertools.islice(itertools.cycle(OPTIMISERS), given.networks)
        networks = [trained(build, data, seed, recipe) for seed, recipe in enumerate(recipes)]
        for first, second in itertools.combinations(range(len(networks)), 2):
            for way in WAYS:
                begun = time.process_time()
                ends = networks[first].state_dict(), networks[second].state_dict()
                found = ramble.connect(build, data, *ends, batch_norm=way, attempts=given.attempts, device="cpu")
                seen = found.route.line_errors, found.route.aligned_errors
                row = (kind, f"{first}-{second}", way, *seen, found.joins, found.certificate, f"{found.min_margin:.3g}",
                       found.path.gradients, f"{time.process_time() - begun:.0f}")  # fmt: skip
                print(" | ".join(map(str, row)), flush=True)
                if not found.joins:
                    print(f"    {found.path.reason}", flush=True)


if __name__ == "__main__":
    main()
