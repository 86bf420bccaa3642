"""A polygon of which the outer segments stay as they are, and the inner ones are trained."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ramble.tracking.polyline import with_middles
from ramble.tracking.watch import halved


@dataclass(frozen=True)
class HeldPolygon:
    """A polygon, and how many segments at either side of it stay as they are."""

    points: Tensor  # (n, P)
    first: int = 0
    last: int = 0

    @property
    def parts(self) -> tuple[Tensor, Tensor, Tensor]:
        """Its points before, of, and after the part that is trained, whose own ends stay."""
        stop = len(self.points) - self.last
        return self.points[: self.first], self.points[self.first : stop], self.points[stop:]

    def with_inner(self, inner: Tensor) -> "HeldPolygon":
        """Return it with other points (m, P) in the place of the part that is trained."""
        before, _, after = self.parts
        return replace(self, points=torch.cat([before, inner, after]))

    def looked_at(self, halvings: int) -> tuple[Tensor, range]:
        """Return the points (T, P) that a look is at, and which of them are on the part that is trained.

        They are its points, the middles of the segments that stay, and those of so many halvings of the others.
        """
        begin, end = self.first, len(self.points) - 1 - self.last
        before, after = with_middles(self.points[: begin + 1]), with_middles(self.points[end:])
        trained = halved(self.points[begin : end + 1], halvings)
        rows = range(len(before) - 1, len(before) - 1 + len(trained))
        return torch.cat([before[:-1], trained, after[1:]]), rows
