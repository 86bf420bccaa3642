"""Runs of trackers that move polylines as wholes: looked at after every step, until all segments are certified."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ramble.problems.problem import Evaluation
from ramble.tracking.path import Path, Setting
from ramble.tracking.polyline import Strand, certify_strands, evaluate_polylines
from ramble.tracking.tracker import Run


class StrandRun(Run):
    """Where the polylines of some chains stand.

    Args:
        setting: of all chains.
        rate: of the training, for the table.
        resolution: of the certificates.
        margin_share: smallest margin asked for, see `certify_strands`.
        evaluations: spent on each chain before its first look.
    """

    def __init__(
        self, setting: Setting, rate: float, resolution: float, margin_share: float = 0.0, evaluations: int = 0
    ) -> None:
        self.setting, self._rate, self._resolution, self._margin_share = setting, rate, resolution, margin_share
        rows = torch.arange(len(setting.starts))
        self.strands = [Strand(setting.select(row), evaluations) for row in torch.split(rows, 1)]
        self.alive = rows  # the chains that have not arrived

    @property
    def over(self) -> bool:
        """Have all polylines arrived?"""
        return not len(self.alive)

    def look(self, polylines: Sequence[Tensor], gradients: Sequence[int]) -> tuple[list[Evaluation], Tensor]:
        """Look at the polylines of the chains alive, and let those arrive that can.

        Args:
            polylines: (T, P) each.
            gradients: spent on each chain so far.

        Returns:
            What was found at the points of each, and the rows (of those that were alive) that go on.
        """
        own = [self.strands[chain] for chain in self.alive.tolist()]
        looks = evaluate_polylines(self.setting.problem, list(polylines), self.setting.datasets[self.alive])
        clean = [
            strand
            for strand, points, found, spent in zip(own, polylines, looks, gradients, strict=True)
            if strand.look(points, found, self._rate, spent)
        ]
        certify_strands(clean, self._resolution, self._margin_share)
        going = torch.tensor([row for row, strand in enumerate(own) if not strand.arrived], dtype=torch.long)
        self.alive = self.alive[going]
        return looks, going

    @property
    def counts(self) -> Mapping[str, object]:
        """How many go on and how many have arrived, for the progress bar."""
        return {"training": len(self.alive), "joined": len(self.strands) - len(self.alive)}

    def paths(self) -> list[Path]:
        """Return the polylines as they were last seen."""
        return [strand.path() for strand in self.strands]
