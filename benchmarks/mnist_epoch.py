"""One epoch of LeNet5 on 60,000 images: our loop against the usual DataLoader loop, on the same cores.

The rival is what most scripts do: torchvision's MNIST behind ToTensor and Normalize, a DataLoader with batches of 128
in random order, `torch.optim.SGD`. Twice: with the images prepared in the training process, and by two workers. Both
loops take the same gradient steps; each is timed on some of the 469 batches of an epoch, after a few that are not
counted, and the times are given for a whole one. As many cores are used as threads, for workers too.

    RAMBLE_DATA_ROOT=... python benchmarks/mnist_epoch.py [--threads 1] [--batches 100]
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from itertools import islice

import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from ramble.problems.lenet import LeNet5, LeNet5Problem
from ramble.problems.minibatches import epoch
from ramble.problems.mnist import mnist_images

BATCH, RATE, MEAN, STD, WARM = 128, 0.1, 0.1307, 0.3081, 5


class Images(Dataset[tuple[Tensor, int]]):
    """As torchvision.datasets.MNIST gives them to a script: an image at a time, turned into a tensor and normalised."""

    def __init__(self, images: Tensor, labels: Tensor) -> None:
        self.images, self.labels = images, labels
        self.prepare = transforms.Compose([transforms.ToTensor(), transforms.Normalize((MEAN,), (STD,))])

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, number: int) -> tuple[Tensor, int]:
        return self.prepare(Image.fromarray(self.images[number].numpy())), int(self.labels[number])


def rival(data: DataLoader[tuple[Tensor, int]], batches: int) -> float:
    """Train as most scripts do; returns seconds per batch."""
    network = LeNet5()
    optimiser = torch.optim.SGD(network.parameters(), lr=RATE)

    def step(inputs: Tensor, labels: Tensor) -> None:
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(inputs), labels).backward()
        optimiser.step()

    return timed((lambda batch=batch: step(*batch) for batch in data), batches)


def ours(problem: LeNet5Problem, batches: int) -> float:
    """Train as `ramble.training.stochastic` does; returns seconds per batch."""
    weights = problem.initial_weights(torch.Generator().manual_seed(1))

    def step(samples: Tensor) -> None:
        nonlocal weights
        _, (gradient,) = problem.batch_gradients(weights[None], samples[None])
        weights = weights - RATE * gradient

    order = epoch(problem.n_samples, BATCH, torch.Generator().manual_seed(2))
    return timed((lambda samples=samples: step(samples) for samples in order), batches)


def timed(steps: Iterator[Callable[[], None]], batches: int) -> float:
    for step in islice(steps, WARM):
        step()
    started = time.perf_counter()
    for step in islice(steps, batches):
        step()
    return (time.perf_counter() - started) / batches


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batches", type=int, default=100)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if hasattr(os, "sched_setaffinity"):  # Linux
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.threads])
    root = os.environ.get("RAMBLE_DATA_ROOT", "data")
    data = mnist_images(seed=0, name="benchmark", dataset=0, data_root=root, train=60_000, test=1)
    problem = LeNet5Problem([data], input_mean=MEAN, input_std=STD)
    images = Images(data["train_images"], data["train_labels"])
    whole = -(-problem.n_samples // BATCH)
    seconds = whole * ours(problem, options.batches)
    print(f"ours: {seconds:.1f} s an epoch, {options.threads} threads")
    for workers in (0, 2):
        loader = DataLoader(images, BATCH, shuffle=True, num_workers=workers)
        theirs = whole * rival(loader, options.batches)
        print(f"DataLoader, {workers} workers: {theirs:.1f} s an epoch; ratio {theirs / seconds:.1f}")


if __name__ == "__main__":
    main()
