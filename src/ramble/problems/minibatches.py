"""Which training samples a minibatch holds: all in turn, or the hardest ones most often."""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

# Samples looked at first, the hardest ones: nearly all rejections come from them. Each next block is larger by GROWTH.
FIRST, GROWTH = 500, 4


def epoch(samples: int, size: int, random: torch.Generator) -> Sequence[Tensor]:
    """Return all training samples in random order, shared out to batches (<= size,)."""
    return torch.split(torch.randperm(samples, generator=random), size)


def epochs(samples: int, size: int, random: torch.Generator) -> Iterator[Tensor]:
    """Go through all samples in random order, again and again; batches of so many, see `epoch`."""
    while True:
        yield from epoch(samples, size, random)


class Hardest:
    """The training samples in the order of the margins last seen.

    Args:
        margins: (M,), as they were last seen.
    """

    def __init__(self, margins: Tensor) -> None:
        self.margins = margins

    @property
    def errors(self) -> int:
        """Samples last seen with an error; a tie is one."""
        return int((~(self.margins > 0)).sum())

    @property
    def smallest(self) -> float:
        """The smallest margin."""
        return float(self.margins.min())

    def look(self, margins_of: Callable[[Tensor], Tensor], wanted: float) -> bool:
        """Look whether every sample has the margin wanted, the hardest first, and stop after a block where one has not.

        Args:
            margins_of: training samples (m,) -> their margins (m,) now.
            wanted: smallest margin asked for.
        """
        order = self.margins.argsort(stable=True)
        begin, size = 0, FIRST
        while begin < len(order):
            samples = order[begin : begin + size]
            self.margins[samples] = margins_of(samples)
            if not bool((self.margins[samples] >= wanted).all()):
                return False
            begin, size = begin + size, GROWTH * size
        return True

    def draw(self, shape: tuple[int, ...], focus: float, random: torch.Generator) -> Tensor:
        """Draw samples, the hardest ones most often.

        Of M samples, one of the first M u^focus in order is drawn, for u uniform on [0, 1): with focus 3 a tenth of the
        draws goes to the first thousandth and nearly half to the first tenth; with 1 all samples are alike. No size or
        share of a set of hard samples has to be chosen.

        Args:
            shape: of the draws.
            focus: see above.
            random: on the CPU, as the streams are.
        """
        order = self.margins.argsort(stable=True)
        ranks = (len(order) * torch.rand(shape, generator=random, dtype=torch.float64) ** focus).long()
        return order[ranks.to(order.device)]
