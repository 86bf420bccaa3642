"""An epoch of the Carlini net on CIFAR-10: our runs against the usual DataLoader loop, on the same cores.

The rival is what most scripts do: torchvision's CIFAR10 behind ToTensor and Normalize, a DataLoader in random order,
`torch.optim.Adam`, the loss added up by `item`. Twice: with the images prepared in the training process, and by two
workers. All take the same number of steps of the same size. They take turns, and the best of the rounds counts. Seconds
of the wall say what a user waits, on as many cores as --threads and no more, which workers share; processor seconds, of
workers too, say what is spent, and can be trusted on a busy machine as well.

    RAMBLE_DATA_ROOT=... python benchmarks/training_epoch.py [--width 64] [--images 1280] [--batch 128] [--threads 1]
        [--rounds 3]
"""

import argparse
import os
import time
from collections.abc import Callable

import torch
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision import transforms
from torchvision.datasets import CIFAR10

from ramble.problems.carlini import CarliniNet, CarliniProblem
from ramble.problems.cifar import MEAN, STD, cifar10_images
from ramble.training.run_settings import Optimiser, RunSettings
from ramble.training.runs import Task, built, train_epoch

ROOT, RATE = os.environ.get("RAMBLE_DATA_ROOT", "data"), 1e-4


def usual(width: int, images: int, batch: int, workers: int) -> Callable[[], None]:
    """Return an epoch as most scripts train it."""
    prepare = transforms.Compose([transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
    data = Subset(CIFAR10(ROOT, transform=prepare), range(images))
    loader = DataLoader(data, batch_size=batch, shuffle=True, num_workers=workers)
    network = CarliniNet(width)
    optimiser = torch.optim.Adam(network.parameters(), lr=RATE)

    def epoch() -> None:
        total = 0.0
        for inputs, labels in loader:
            optimiser.zero_grad()
            loss = nn.functional.cross_entropy(network(inputs), labels)
            loss.backward()
            optimiser.step()
            total += loss.item()

    return epoch


def ours(width: int, images: int, batch: int) -> Callable[[], None]:
    """Return an epoch of a run of this package."""
    problem = CarliniProblem([cifar10_images(0, "epoch", 0, ROOT, train=images, test=1)], width=width)
    settings = RunSettings(optimiser=Optimiser(name="Adam", arguments={"lr": RATE}), batch=batch)
    task = Task(problem, settings, "test", 1, "epoch", "carlini", 0)
    run = built(task)
    return lambda: train_epoch(task, run, lambda: None)


def timed(epoch: Callable[[], None]) -> tuple[float, float]:
    """Return seconds on the wall, and of all processors: those of workers are counted once they have ended."""
    wall, before = time.perf_counter(), os.times()
    epoch()
    spent = sum(now - then for now, then in zip(os.times()[:4], before[:4], strict=True))
    return time.perf_counter() - wall, spent


def main() -> None:
    """Print seconds of an epoch, and how many times as long the rivals take."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in {"width": 64, "images": 1280, "batch": 128, "threads": 1, "rounds": 3}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: asked.threads])
    ways = {
        "ours": ours(asked.width, asked.images, asked.batch),
        "DataLoader": usual(asked.width, asked.images, asked.batch, 0),
        "DataLoader, two workers": usual(asked.width, asked.images, asked.batch, 2),
    }
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(asked.rounds):
        for name, epoch in ways.items():
            seconds[name].append(timed(epoch))
    print(", ".join(f"{name} {value}" for name, value in vars(asked).items()))
    best = {name: tuple(min(column) for column in zip(*found, strict=True)) for name, found in seconds.items()}
    for name, (wall, spent) in best.items():
        ratio = f"{wall / best['ours'][0]:.2f} and {spent / best['ours'][1]:.2f} times ours"
        print(f"{name:26} {wall:7.2f} s on the wall, {spent:7.2f} s of processors; {ratio}")


if __name__ == "__main__":
    main()
