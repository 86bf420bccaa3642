"""The project's own tracker: a polygon trained until every one of its segments is certified.

The bends of a polygonal chain between W_a and W_b are trained by gradient descent at random points of its segments,
as Garipov et al. 2018 train theirs, with four differences. The goal is a certificate, not a low loss: training stops
as soon as every segment is certified to lie in S. The loss is sharpened by a gain on the outputs, so that it counts the
samples near the wrong side and forgets the others. Bends are doubled while segments still fail. And the bends start
*contracted* towards the origin: units that saturate (Tree Committee Machine) have no gradient where weights are large,
and solutions that are far apart there are close where weights are small.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ramble.problems.problem import Problem
from ramble.problems.seeds import generator
from ramble.store.progress import Progress
from ramble.tracking.guarded_settings import GuardedSettings
from ramble.tracking.path import Path, Setting
from ramble.tracking.polyline import (
    Strand,
    bend_gradients,
    certify_strands,
    evaluate_polylines,
    with_middles,
    with_points_between,
)
from ramble.tracking.tracker import Tracker
from ramble.training.divergence import refuse_divergence


@dataclass(frozen=True)
class GuardedTracker(Tracker):
    """A polygon trained until it is certified; the seed is that of the random points."""

    settings: GuardedSettings

    def track(self, problem: Problem, starts: Tensor, ends: Tensor, datasets: Tensor, progress: Progress) -> list[Path]:
        """Train a polygon from every start to its end, all chains side by side.

        Args:
            problem: the networks.
            starts: W_a (B, P).
            ends: W_b (B, P).
            datasets: (B,), the training set of each chain.
            progress: advanced by one per round.

        Returns:
            One path per chain, with a row per round as described at `Strand.look`; the first row is the straight line.
        """
        setting = Setting(problem, starts.to(problem.device), ends.to(problem.device), datasets)
        strands = [Strand(setting.select(torch.tensor([row]))) for row in range(len(starts))]
        spent = 0  # gradients on each chain: all have equally many bends
        rows = self._look(strands, torch.stack([setting.starts, setting.ends], 1), datasets, spent)
        alive, polygons = rows, self._first_polygons(setting.select(rows))
        # the random points are shared by all chains, so that no chain depends on the others
        random = generator(self.seed, "guarded")
        for number in range(1, self.settings.max_rounds + 1):
            if not len(alive):
                break
            polygons = self._train(problem, polygons, datasets[alive], random)
            refuse_divergence(polygons, "rate", self.settings.rate, f"in round {number}")
            spent += self.settings.round_steps * (polygons.shape[1] - 1)
            rows = self._look([strands[chain] for chain in alive.tolist()], polygons, datasets[alive], spent)
            alive, polygons = alive[rows], polygons[rows.to(polygons.device)]
            progress.advance(1, training=len(alive), joined=len(strands) - len(alive), bends=polygons.shape[1] - 2)
            if number % self.settings.doubling_rounds == 0 and 2 * polygons.shape[1] - 3 <= self.settings.max_bends:
                polygons = with_middles(polygons)
        for strand in strands:
            strand.fall_back()
            strand.refine(with_points_between(strand.points, self.settings.stored_points))
        return [strand.path() for strand in strands]

    def _first_polygons(self, setting: Setting) -> Tensor:
        """Return (B, bends + 2, P): contracted straight lines between the ends themselves."""
        times = torch.linspace(0, 1, self.settings.bends + 2).tolist()[1:-1]
        bends = [self.settings.contraction * torch.lerp(setting.starts, setting.ends, t) for t in times]
        return torch.stack([setting.starts, *bends, setting.ends], 1)

    def _train(self, problem: Problem, polygons: Tensor, datasets: Tensor, random: torch.Generator) -> Tensor:
        """Return the polygons (B, n, P) after a round; their ends stay."""
        polygons, segments = polygons.clone(), polygons.shape[1] - 1
        owners = datasets.repeat_interleave(segments)
        for _ in range(self.settings.round_steps):
            share = torch.rand(segments, 1, generator=random).to(polygons)
            points = torch.lerp(polygons[:, :-1], polygons[:, 1:], share)
            _, gradients = problem.gradients(points.flatten(0, 1), owners, self.settings.gain)
            gradients = gradients.view_as(points)
            bends = polygons[:, 1:-1]
            tension = polygons[:, :-2] / 2 + polygons[:, 2:] / 2 - bends
            polygons[:, 1:-1] = (
                bends - self.settings.rate * bend_gradients(gradients, share) + self.settings.spring * tension
            )
        return polygons

    def _look(self, strands: list[Strand], polygons: Tensor, datasets: Tensor, spent: int) -> Tensor:
        """Let strands arrive where they can; returns the rows that go on."""
        looks = evaluate_polylines(strands[0].setting.problem, list(polygons), datasets) if strands else []
        clean = [
            strand
            for strand, points, found in zip(strands, polygons, looks, strict=True)
            if strand.look(points, found, self.settings.rate, spent)
        ]
        certify_strands(clean, self.settings.resolution, self.settings.margin_share)
        return torch.tensor([row for row, strand in enumerate(strands) if not strand.arrived], dtype=torch.long)
