"""The smallest value that the (K + 1)-th smallest of M piecewise linear functions takes on [0, 1].

Where K samples may err, other ones may do so at one end of a segment than at the other: no sample has to be above zero
all along, but nowhere may more than K be below. Whether the (K + 1)-th smallest function exceeds a level everywhere is
decided by a sweep: each function is at or below the level on some intervals, which begin and end where it crosses the
level, and nowhere may more than K of these intervals overlap. The largest such level is found by bisection.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ramble.problems.margins import membership_margins

HALVINGS = 50  # of the range of levels: what is left of it is rounding


@dataclass(frozen=True)
class Functions:
    """B families of M functions that are linear between their break points, all tensors float64.

    Attributes:
        times: (B, T, M) break points of each function, rising along T from 0 to 1.
        values: (B, T, M) at the break points; what is no number counts as below every level.
        slack: (B, M) by how much the true functions may lie below these lines, twice at least: see `lowest`.
    """

    times: Tensor
    values: Tensor
    slack: Tensor

    def select(self, rows: Tensor) -> "Functions":
        """Return C functions of each family, `rows` (B, C)."""
        wide = rows.unsqueeze(1).expand(-1, self.times.shape[1], -1)
        return Functions(self.times.gather(2, wide), self.values.gather(2, wide), self.slack.gather(1, rows))


def lowest(functions: Functions, skipped: int) -> Tensor:
    """Return a lower bound (B,) of the (K + 1)-th smallest function on [0, 1], K = `skipped`; tight up to rounding.

    A time where a function crosses a level is computed with an absolute error of at most 8 u, u = 2^-53, and never
    outside of its piece. On a piece with the values v and w, each off by at most e, and the slope s of the true
    function, the line rises or falls by at most 8 u s + 2 e in that time. The slack of a function has to cover this
    beside what its line is off by.
    """
    ends = functions.values[:, [0, -1]]
    high = membership_margins(ends, skipped).amin(1)  # at one of the ends as many are at or below this level
    mins = functions.values.amin(1)
    low = (mins - 2 * functions.slack).amin(1)  # none is at or below this level anywhere
    known = torch.isfinite(low) & torch.isfinite(high)
    # functions above the level `high` everywhere decide nothing
    deciding = ~(mins - functions.slack > high.unsqueeze(1))
    order = deciding.byte().sort(dim=1, descending=True, stable=True).indices
    few = functions.select(order[:, : int(deciding.sum(1).max())])
    level = torch.zeros_like(high)  # the sign is decided first
    for _ in range(HALVINGS):
        level = torch.where((low < level) & (level < high), level, (low + high) / 2)
        above = most_at_or_below(few, level) <= skipped
        low, high = torch.where(above, level, low), torch.where(above, high, level)
    return torch.where(known, low, -torch.inf)


def most_at_or_below(functions: Functions, levels: Tensor) -> Tensor:
    """Return how many functions (B,) are at or below a level (B,) at the same time, at most, less their slack."""
    level = levels.view(-1, 1, 1) + functions.slack.unsqueeze(1)  # (B, 1, M)
    below = ~(functions.values > level)
    opens, closes = below[:, 1:] & ~below[:, :-1], below[:, :-1] & ~below[:, 1:]
    begins = _events(functions, level, opens, unknown=0.0)
    stops = _events(functions, level, closes, unknown=1.0)
    # intervals are closed: one that ends where another begins overlaps it
    begun = torch.searchsorted(begins, begins, right=True) - torch.searchsorted(stops, begins, right=False)
    at_start = below[:, 0].sum(1)
    overlapping = torch.where(begins.isfinite(), at_start.unsqueeze(1) + begun, 0)
    return torch.maximum(at_start, overlapping.amax(1))


def _events(functions: Functions, level: Tensor, happens: Tensor, unknown: float) -> Tensor:
    """Return the times (B, E), sorted, at which functions cross the level on the pieces where that happens; inf behind.

    `unknown` is the share of the piece taken where a value is no number.
    """
    first, last = functions.values[:, :-1], functions.values[:, 1:]
    begin, end = functions.times[:, :-1], functions.times[:, 1:]
    share = ((first - level) / (first - last)).nan_to_num(unknown).clamp(0.0, 1.0)
    crossings = torch.minimum(torch.maximum(begin + (end - begin) * share, begin), end)
    return torch.where(happens, crossings, torch.inf).flatten(1).sort(dim=1).values
