"""The straight segment from W_a to W_b with its units reordered: is it free of errors once weights are matched?

Its last point is W_b with its weights in another order, to the bit; the order is stored with the path.
"""

from dataclasses import dataclass, replace

import torch

from ramble.tracking.aligned_settings import AlignedSettings
from ramble.tracking.alignment import Alignment, align
from ramble.tracking.line import LineRun
from ramble.tracking.line_settings import LineSettings
from ramble.tracking.path import Path, Setting
from ramble.tracking.tracker import Tracker


@dataclass(frozen=True)
class AlignedTracker(Tracker):
    """Points evenly spread on the straight segment to the reordered W_b."""

    settings: AlignedSettings

    def begin(self, setting: Setting) -> "AlignedRun":
        """Return the segments before their first points are looked at, with the units of every W_b reordered.

        Raises RambleError where the network's units are not known to be exchangeable.
        """
        return AlignedRun(self.settings, setting)


class AlignedRun(LineRun):
    """How far some segments to reordered networks have been looked at."""

    def __init__(self, settings: AlignedSettings, setting: Setting) -> None:
        pairs = zip(setting.starts, setting.ends, strict=True)
        self._alignments = [align(setting.problem, start, end) for start, end in pairs]
        ends = torch.stack([found.weights for found in self._alignments])
        line = LineSettings(points=settings.points, resolution=settings.resolution)
        super().__init__(line, Setting(setting.problem, setting.starts, ends, setting.datasets))

    def paths(self) -> list[Path]:
        """Return the segments, certified, each with the order of its end; one point where that is W_a itself."""
        return [self._to(path, found) for path, found in zip(super().paths(), self._alignments, strict=True)]

    def _to(self, path: Path, found: Alignment) -> Path:
        end = f"W_b with {found.moved} of its units reordered"
        if torch.equal(path.points[0], path.points[-1]):
            one = torch.ones(1, dtype=torch.float64)
            return replace(path, points=path.points[-1:], t=one, reason=f"W_a is {end}", end_order=found.order)
        return replace(path, reason=f"{path.reason}, to {end}", end_order=found.order)
