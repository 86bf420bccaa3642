"""The project's own tracker: a polygon trained until every one of its segments is certified.

The bends of a polygonal chain between W_a and W_b are trained by gradient descent at random points of its segments,
as Garipov et al. 2018 train theirs, with four differences. The goal is a certificate, not a low loss: training stops
as soon as every segment is certified to lie in S. The loss is sharpened by a gain on the outputs, so that it counts the
samples near the wrong side and forgets the others. Bends are doubled while segments still fail. And the bends start
*contracted* towards the origin: units that saturate (Tree Committee Machine) have no gradient where weights are large,
and solutions that are far apart there are close where weights are small.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ramble.problems.problem import Problem
from ramble.problems.seeds import generator
from ramble.tracking.guarded_settings import GuardedSettings
from ramble.tracking.path import Path, Setting
from ramble.tracking.polyline import bend_gradients, with_middles, with_points_between
from ramble.tracking.strands import StrandRun
from ramble.tracking.tracker import Tracker
from ramble.training.divergence import refuse_divergence


@dataclass(frozen=True)
class GuardedTracker(Tracker):
    """A polygon trained until it is certified; the seed is that of the random points."""

    settings: GuardedSettings

    def begin(self, setting: Setting) -> "GuardedRun":
        """Return the run after its first look, at the straight lines; its tables have a row per look."""
        return GuardedRun(self, setting)

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


class GuardedRun(StrandRun):
    """Where the training of some polygons stands; all have equally many bends."""

    def __init__(self, tracker: GuardedTracker, setting: Setting) -> None:
        settings = tracker.settings
        super().__init__(setting, settings.rate, settings.resolution, settings.margin_share)
        self._tracker, self._spent = tracker, 0  # gradients on each chain
        lines = torch.stack([setting.starts, setting.ends], 1)
        self.look(list(lines), [0] * len(lines))
        self._polygons = tracker._first_polygons(setting.select(self.alive))
        # the random points are shared by all chains, so that no chain depends on the others
        self._random = generator(tracker.seed, "guarded")

    def step(self) -> Mapping[str, object]:
        """Train for a round."""
        settings, owners = self._tracker.settings, self.setting.datasets[self.alive]
        polygons = self._tracker._train(self.setting.problem, self._polygons, owners, self._random)
        refuse_divergence(polygons, "rate", settings.rate, f"in round {self.steps}")
        self._spent += settings.round_steps * (polygons.shape[1] - 1)
        _, rows = self.look(list(polygons), [self._spent] * len(polygons))
        polygons, bends = polygons[rows.to(polygons.device)], polygons.shape[1] - 2
        doubles = self.steps % settings.doubling_rounds == 0 and 2 * bends + 1 <= settings.max_bends
        self._polygons = with_middles(polygons) if doubles else polygons
        return {**self.counts, "bends": bends}

    def paths(self) -> list[Path]:
        """Return the polygons with more points; one that only misses the margin asked for has arrived."""
        for strand in self.strands:
            strand.fall_back()
            strand.refine(with_points_between(strand.points, self._tracker.settings.stored_points))
        return super().paths()
