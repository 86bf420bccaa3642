"""Has every one of 60,000 images the margin asked for? The hardest first, against all of them at every look.

A LeNet5 is trained as study `mnist` does: epochs over all images, then rounds on the hardest ones, with a look after
every round. Each look is taken twice in turn: as the trackers take it, by the margins last seen, stopping after a block
in which one is too small; and plainly, at all images. Both must tell the same.

    RAMBLE_DATA_ROOT=... python benchmarks/looks.py [--threads 1] [--epochs 3] [--rounds 10]
"""

import argparse
import os
import time
from collections.abc import Callable, Iterable
from functools import partial
from statistics import median
from typing import TypeVar

import torch
from torch import Tensor

from ramble.problems.lenet import LeNet5Problem
from ramble.problems.minibatches import Hardest, epoch
from ramble.problems.mnist import mnist_images

BATCH, RATE, DECAY, FOCUS, STEPS, MARGIN = 128, 0.1, 0.93, 3.0, 125, 2.0

T = TypeVar("T")


def trained(problem: LeNet5Problem, weights: Tensor, batches: Iterable[Tensor], rate: float) -> Tensor:
    """Take a gradient step on every batch."""
    for samples in batches:
        _, (gradient,) = problem.batch_gradients(weights[None], samples[None])
        weights = weights - rate * gradient
    return weights


def least_margin(margins_of: Callable[[Tensor], Tensor], samples: Tensor) -> float:
    """Look at all samples."""
    return float(margins_of(samples).min())


def seconds(look: Callable[[], T]) -> tuple[float, T]:
    """Return how long a look took and what it told."""
    begin = time.perf_counter()
    told = look()
    return time.perf_counter() - begin, told


def main() -> None:
    """Print both medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    root = os.environ.get("RAMBLE_DATA_ROOT", "data")
    data = mnist_images(seed=0, name="looks", dataset=0, data_root=root, train=60000, test=1)
    problem = LeNet5Problem([data], input_mean=0.1307, input_std=0.3081)
    random, every = torch.Generator().manual_seed(1), torch.arange(problem.n_samples)
    weights = problem.initial_weights(random)
    for _ in range(arguments.epochs):
        weights = trained(problem, weights, epoch(problem.n_samples, BATCH, random), RATE)
    hardest = Hardest(problem.batch_margins(weights, every))
    ours, plain, images = [], [], []
    for number in range(arguments.rounds):
        weights = trained(problem, weights, hardest.draw((STEPS, BATCH), FOCUS, random), RATE * DECAY**number)
        looked = []

        def margins_of(samples: Tensor, now: Tensor = weights, looked: list[int] = looked) -> Tensor:
            looked.append(len(samples))
            return problem.batch_margins(now, samples)

        took, wide = seconds(partial(hardest.look, margins_of, MARGIN))
        images.append(sum(looked))
        all_took, least = seconds(partial(least_margin, margins_of, every))
        assert wide == (least >= MARGIN)
        ours.append(took)
        plain.append(all_took)
    print(
        f"median of {arguments.rounds} looks: {median(images):.0f} images in {1000 * median(ours):.1f} ms, "
        f"all {problem.n_samples} in {1000 * median(plain):.0f} ms: {median(plain) / median(ours):.0f} times"
    )


if __name__ == "__main__":
    main()
