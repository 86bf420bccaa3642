"""Full-batch gradients: do memory and time grow with the data? In one go against sums over chunks of inputs.

Each case runs in a process of its own, which says how much memory the gradient took at its peak beyond what lay there
before, and the median processor time of several; the two gradients must agree to rounding.

    python benchmarks/full_batch_gradient.py [--network resnet20] [--inputs 500 2000] [--repeats 3] [--threads 1]
"""

import argparse
import multiprocessing
import resource
import time
from statistics import median

import torch
from torch import Tensor, nn

from ramble.problems.lenet import LeNet5
from ramble.problems.network import NetworkProblem

WHOLE = 10**9  # inputs at a time: all


class Block(nn.Module):
    """Two 3 x 3 convolutions with a shortcut, which leaves out pixels and pads channels where the size changes."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(before, after, 3, stride, 1), nn.Conv2d(after, after, 3, 1, 1)
        self.norms = nn.ModuleList(nn.GroupNorm(4, after) for _ in range(2))
        self.stride, self.more = stride, after - before

    def forward(self, inputs: Tensor) -> Tensor:
        """Return maps (M, C, H, W)."""
        maps = self.norms[1](self.second(self.norms[0](self.first(inputs)).relu()))
        short = nn.functional.pad(inputs[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.more))
        return torch.relu(maps + short)


def resnet20() -> nn.Module:
    """Return a ResNet20 for images (M, 3, 32, 32), with GroupNorm."""
    widths = [(16, 16, 1)] * 3 + [(16, 32, 2)] + [(32, 32, 1)] * 2 + [(32, 64, 2)] + [(64, 64, 1)] * 2
    blocks = [Block(*width) for width in widths]
    ends = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)
    return nn.Sequential(nn.Conv2d(3, 16, 3, 1, 1), nn.GroupNorm(4, 16), nn.ReLU(), *blocks, *ends)


NETWORKS = {"resnet20": (resnet20, (3, 32, 32)), "lenet5": (LeNet5, (1, 28, 28))}


class Case(NetworkProblem):
    """One of the networks on random images."""

    def __init__(self, network: str, count: int) -> None:
        self._make, shape = NETWORKS[network]
        random = torch.Generator().manual_seed(1)
        inputs = torch.randn(count, *shape, generator=random)
        super().__init__({"train": (inputs, torch.randint(0, 10, (count,), generator=random))})

    def build_network(self) -> nn.Module:
        """Return the network."""
        return self._make()


def measure(network: str, count: int, chunk: int, repeats: int, threads: int) -> tuple[float, float, Tensor]:
    """Return the peak memory in MB, the median processor time in s, and the gradient."""
    torch.set_num_threads(threads)
    problem = Case(network, count)
    problem._gradient_chunk = min(chunk, problem._gradient_chunk) if chunk < WHOLE else WHOLE
    weights = problem.initial_weights(torch.Generator().manual_seed(1))[None]
    before, seconds = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, []
    for _ in range(repeats):
        begin = time.process_time()
        _, gradient = problem.gradients(weights, torch.tensor([0]))
        seconds.append(time.process_time() - begin)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, median(seconds), gradient


def main() -> None:
    """Print a row for each number of inputs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=NETWORKS, default="resnet20")
    parser.add_argument("--inputs", type=int, nargs="+", default=[500, 2000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    processes = multiprocessing.get_context("spawn")
    print(f"{arguments.network}: memory and time of a gradient, in one go and by chunks")
    for count in arguments.inputs:
        found = []
        for chunk in (WHOLE, count):
            with processes.Pool(1) as pool:
                found.append(
                    pool.apply(measure, (arguments.network, count, chunk, arguments.repeats, arguments.threads))
                )
        (memory, seconds, whole), (less, slower, parts) = found
        off = float((whole - parts).norm() / whole.norm())
        print(
            f"{count:6d} inputs: {memory:6.0f} MB {seconds:7.3f} s -> {less:6.0f} MB {slower:7.3f} s "
            f"(memory x {less / max(memory, 1):.2f}, time x {slower / seconds:.2f}); difference {off:.1e}"
        )


if __name__ == "__main__":
    main()
