"""What paths of large training sets are trained on: all samples and places, and those with errors more often."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor

from ramble.problems.minibatches import Hardest, epochs
from ramble.problems.network import NetworkProblem

# Of every batch, once few errors are left: all other samples have next to no gradient then. Measured at a ResNet20 on
# 2,000 images, from two errors at seven points on: with a quarter there were none from the second round on, and without
# from the seventh on, as the rate fell; the smallest margins in the end were 1.5 and 0.35.
HARD, HARDER = 0.25, 3.0
# Share of the draws near the worst place. A bend that is trained is longer than the ends of its segments, and before
# batch norm only directions count: on a segment between weights of norm 51 and 86 half of the way is made in its first
# third, and errors stayed at its first quarter.
NEAR = 0.5


@dataclass(frozen=True)
class Focus:
    """Where the few errors are that a look found."""

    hardest: Hardest  # the samples by the smallest margin at the points seen
    segment: int  # the one with the worst point
    time: float  # in [0, 1], the place of that point
    width: float  # how far it is to the next points


def focused_times(segments: int, focus: Focus | None, random: torch.Generator) -> Tensor:
    """Draw where each segment is trained (segments, 1): anywhere, and the worst one near its worst place as often."""
    times = torch.rand(segments, 1, generator=random)
    if focus and float(torch.rand((), generator=random)) < NEAR:
        near = focus.time + (2 * times[focus.segment] - 1) * focus.width
        times[focus.segment] = near.clamp(0, 1)
    return times


def focused_batches(
    problem: NetworkProblem, batch: int, shape: tuple[int, int], focus: Focus | None, random: torch.Generator
) -> Iterator[Tensor]:
    """Go through training samples (n, batch) for the steps of a round.

    Args:
        problem: whose samples these are; a batch is no larger than its training set.
        batch: samples that a network sees in a step.
        shape: steps, and networks n in each of them.
        focus: where few errors are left.
        random: on the CPU, as the streams are.
    """
    steps, networks = shape
    size = min(batch, problem.n_samples)
    # what is left of a pass is skipped
    whole = (each for each in epochs(problem.n_samples, size, random) if len(each) == size)
    hard = round(HARD * size) if focus else 0
    for _ in range(steps):
        samples = torch.stack(list(islice(whole, networks)))
        if focus and hard:
            samples[:, :hard] = focus.hardest.draw((networks, hard), HARDER, random).to(samples)
        yield samples.to(problem.device)
