"""Low-loss curves: the baseline of Garipov et al. 2018.

T. Garipov, P. Izmailov, D. Podoprikhin, D. Vetrov, A. G. Wilson: Loss Surfaces, Mode Connectivity, and Fast
Ensembling of DNNs (NeurIPS 2018), section 3. A parametric curve between two trained networks has its bends trained
on the mean loss along it, E_t loss(curve(t)) with t uniform on [0, 1] (their Eq. 2). Zero error is never asked for;
whether the curve has it is looked at afterwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, comb

import torch
from torch import Tensor

from ramble.problems.problem import Problem
from ramble.problems.seeds import generator
from ramble.tracking.adam import Training, at_rest
from ramble.tracking.curve_settings import CurveSettings, Shape
from ramble.tracking.path import Setting
from ramble.tracking.strands import StrandRun
from ramble.tracking.tracker import Tracker
from ramble.training.divergence import refuse_divergence


@dataclass(frozen=True)
class CurveTracker(Tracker):
    """A curve with trained bends; the seed is that of the draws."""

    settings: CurveSettings

    def begin(self, setting: Setting) -> "CurveRun":
        """Return straight curves; training ends when a curve is certified to lie in S.

        A curve that makes errors is stuck, however low its loss; its table has a row per round (`Strand.look`).
        """
        return CurveRun(self, setting)

    def _train(self, here: Setting, training: Training, random: torch.Generator) -> Training:
        for _ in range(self.settings.round_steps):
            parts = torch.arange(self.settings.draws, dtype=torch.float64)
            times = (
                parts + torch.rand(self.settings.draws, generator=random, dtype=torch.float64)
            ) / self.settings.draws
            controls = with_ends(here, training.bends)
            weights = coefficients(self.settings.shape, self.settings.bends, times).to(controls)
            _, gradients = curve_gradients(here.problem, controls, here.datasets, weights)
            training = training.step(gradients, self.settings.rate)
        return training

    def _polylines(self, here: Setting, bends: Tensor) -> Tensor:
        """Return the points (B, T, P) that are looked at and stored."""
        sides = self.settings.bends + 1
        count = sides * ceil((self.settings.stored_points - 1) / sides) + 1
        weights = coefficients(
            self.settings.shape, self.settings.bends, torch.linspace(0, 1, count, dtype=torch.float64)
        )
        points = weights.to(bends) @ with_ends(here, bends)
        points[:, 0], points[:, -1] = here.starts, here.ends  # a sum with zeros may lose the sign of a zero
        return points


class CurveRun(StrandRun):
    """Where the training of some curves stands."""

    def __init__(self, tracker: CurveTracker, setting: Setting) -> None:
        super().__init__(setting, tracker.settings.rate, tracker.settings.resolution)
        self._tracker, self._here = tracker, setting
        self._training = start_training(setting, tracker.settings.bends)
        # the draws are shared by all chains, so that no chain depends on the others
        self._random = generator(tracker.seed, "curve")

    def step(self) -> Mapping[str, object]:
        """Train for a round."""
        settings = self._tracker.settings
        training = self._tracker._train(self._here, self._training, self._random)
        refuse_divergence(training.bends, "rate", settings.rate, f"in round {self.steps}")
        polylines = list(self._tracker._polylines(self._here, training.bends))
        spent = self.steps * settings.round_steps * settings.draws
        _, rows = self.look(polylines, [spent] * len(polylines))
        self._here, self._training = self._here.select(rows), training.select(rows)
        return self.counts


def coefficients(shape: Shape, bends: int, times: Tensor) -> Tensor:
    """Return the share (T, bends + 2) that each control point has in the curve at the times (T,) in [0, 1].

    Bezier: the Bernstein polynomials; for one bend (1 - t)^2, 2 t (1 - t), t^2 as in Garipov et al. Polygon: linear
    between neighbours, all segments taking equal time.
    """
    degree = bends + 1
    numbers, t = torch.arange(degree + 1, dtype=times.dtype), times.unsqueeze(1)
    if shape == "polygon":
        return (1 - (t * degree - numbers).abs()).clamp(min=0)
    ways = torch.tensor([comb(degree, number) for number in range(degree + 1)], dtype=times.dtype)
    return ways * t**numbers * (1 - t) ** (degree - numbers)


def curve_gradients(problem: Problem, controls: Tensor, datasets: Tensor, shares: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean losses (B,) over T points of B curves, and their gradients (B, bends, P) in the bends.

    The points depend linearly on the control points, so the chain rule is one product with the shares.

    Args:
        problem: the networks.
        controls: (B, bends + 2, P), the fixed ends included.
        datasets: (B,).
        shares: (T, bends + 2), as `coefficients` returns them.
    """
    points = shares @ controls  # (B, T, P)
    losses, gradients = problem.gradients(points.flatten(0, 1), datasets.repeat_interleave(len(shares)))
    by_bend = shares[:, 1:-1].T @ gradients.view_as(points) / len(shares)
    return losses.view(points.shape[:2]).mean(1), by_bend


def with_ends(here: Setting, bends: Tensor) -> Tensor:
    """Return the control points (B, bends + 2, P): start, bends, end."""
    return torch.cat([here.starts.unsqueeze(1), bends, here.ends.unsqueeze(1)], 1)


def start_training(setting: Setting, bends: int) -> Training:
    """Return bends evenly spread on the straight segment, as Garipov et al. start theirs."""
    times = torch.linspace(0, 1, bends + 2).tolist()[1:-1]
    line = torch.stack([torch.lerp(setting.starts, setting.ends, t) for t in times], 1)
    return at_rest(line)
