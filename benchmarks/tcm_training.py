"""640 trainings of the Tree Committee Machine: one batched product per step against one network at a time.

The rival is the usual way: an autograd loop over single networks with `torch.optim.SGD`. Both take the same full-batch
gradient steps on the same patterns; the rival is timed on a few networks and compared per network and step.

    python benchmarks/tcm_training.py [--steps 8000] [--threads 4]
"""

import argparse
import time

import torch
from torch import Tensor, nn
from torch.nn import functional

from ramble.problems.patterns import random_patterns
from ramble.problems.tree_committee import TreeCommittee
from ramble.training.descent import descend, initial_batch

DATASETS, RESTARTS, RATE = 10, 64, 0.2


def rival(patterns: Tensor, labels: Tensor, start: Tensor, steps: int) -> Tensor:
    """Train one network with autograd; returns its weights (K, n)."""
    weights = nn.Parameter(start.clone())
    optimiser = torch.optim.SGD([weights], lr=RATE)
    for _ in range(steps):
        fields = (patterns * weights).sum(-1)
        margins = labels * fields.clamp(-1, 1).sum(-1)
        loss = functional.softplus(-2 * margins).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return weights.detach()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--threads", type=int, default=4)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    data = [random_patterns(1, "benchmark", dataset, 620, 300) for dataset in range(DATASETS)]
    problem = TreeCommittee(data, hidden=3, input_scale=1.0, initial_sigma=0.06)
    labels = [(dataset, restart) for dataset in range(DATASETS) for restart in range(RESTARTS)]
    weights, datasets = initial_batch(problem, 1, "benchmark", labels)

    started = time.perf_counter()
    descend(problem, weights, datasets, RATE, options.steps)
    batched = time.perf_counter() - started

    steps, networks = 200, 5
    patterns, signs = data[0]["patterns"].float().view(-1, 3, 100), data[0]["labels"].float()
    started = time.perf_counter()
    for network in range(networks):
        trained = rival(patterns, signs, weights[network].view(3, 100), steps)
    looped = (time.perf_counter() - started) / networks / steps
    ours, _ = descend(problem, weights[networks - 1 : networks], datasets[:1], RATE, steps)
    assert torch.allclose(ours.view(3, 100), trained, atol=1e-4), "the two do not train alike"

    per_step = batched / options.steps / len(labels)
    print(f"batched: {len(labels)} trainings of {options.steps} steps in {batched:.1f} s, {options.threads} threads")
    print(f"one at a time (autograd, torch.optim.SGD): {looped * 1e6:.0f} us a step; batched {per_step * 1e6:.2f} us")
    print(f"ratio: {looped / per_step:.0f}")


if __name__ == "__main__":
    main()
