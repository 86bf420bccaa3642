"""Which training samples a minibatch holds: all in turn, or the hardest ones most often."""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from ramble.problems.margins import membership_margins

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
        margins: (M,), as they were last seen; the smallest where several networks are looked at.
        max_errors: K, samples that each network may misclassify.
        smallest: see below, where it is known; else it is taken from the margins.

    Attributes:
        smallest: the smallest margin last seen, or the (K + 1)-th smallest of a network, of the one with the lowest.
    """

    def __init__(self, margins: Tensor, max_errors: int = 0, smallest: float | None = None) -> None:
        self.margins, self._max_errors = margins, max_errors
        self.smallest = float(membership_margins(margins, max_errors)) if smallest is None else smallest

    @property
    def errors(self) -> int:
        """Samples last seen with an error; a tie is one."""
        return int((~(self.margins > 0)).sum())

    def look(self, margins_of: Callable[[Tensor], Tensor], wanted: float) -> bool:
        """Look whether every sample has the margin wanted, the hardest first, and stop after a block where one has not.

        Where K errors are allowed, K samples of every network need not have it.

        Args:
            margins_of: training samples (m,) -> their margins now, (m,) in a network or (n, m) in n of them.
            wanted: smallest margin asked for.
        """
        order, allowed = self.margins.argsort(stable=True), self._max_errors
        begin, size, lowest, holds = 0, FIRST, None, True
        while begin < len(order) and holds:
            samples = order[begin : begin + size]
            found = margins_of(samples).view(-1, len(samples))
            self.margins[samples] = found.amin(0)
            if allowed:  # of every network the lowest ones in all blocks so far
                lowest = _lowest(found if lowest is None else torch.cat([lowest, found], 1), allowed + 1)
                holds = lowest.shape[1] <= allowed or bool((lowest[:, -1] >= wanted).all())
            else:
                holds = bool((found >= wanted).all())
            begin, size = begin + size, GROWTH * size
        self.smallest = float(self.margins.min() if lowest is None else lowest[:, -1].min())
        return holds

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


def _lowest(margins: Tensor, count: int) -> Tensor:
    """Return the lowest margins of each network (n, m), at most `count`, ascending; those that are no numbers first."""
    numbers = margins.nan_to_num(-torch.inf, posinf=torch.inf, neginf=-torch.inf)
    return numbers.topk(min(count, margins.shape[1]), dim=1, largest=False).values
