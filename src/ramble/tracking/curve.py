"""Low-loss curves: the baseline of Garipov et al. 2018.

T. Garipov, P. Izmailov, D. Podoprikhin, D. Vetrov, A. G. Wilson: Loss Surfaces, Mode Connectivity, and Fast
Ensembling of DNNs (NeurIPS 2018), section 3. A parametric curve between two trained networks has its bends trained
on the mean loss along it, E_t loss(curve(t)) with t uniform on [0, 1] (their Eq. 2). Zero error is never asked for;
whether the curve has it is looked at afterwards.
"""

from dataclasses import dataclass
from math import ceil, comb

import torch
from torch import Tensor

from ramble.problems.problem import Problem
from ramble.problems.seeds import generator
from ramble.store.progress import Progress
from ramble.tracking.curve_settings import CurveSettings, Shape
from ramble.tracking.path import Path, Setting
from ramble.tracking.polyline import Strand, certify_strands, evaluate_polylines
from ramble.tracking.tracker import Tracker
from ramble.training.divergence import refuse_divergence

MOMENTUM, SQUARES, TINY = 0.9, 0.999, 1e-8  # of Adam, as published


@dataclass(frozen=True)
class CurveTracker(Tracker):
    """A curve with trained bends; the seed is that of the draws."""

    settings: CurveSettings

    def track(self, problem: Problem, starts: Tensor, ends: Tensor, datasets: Tensor, progress: Progress) -> list[Path]:
        """Train a curve from every start to its end, all chains side by side.

        A chain's training ends when its curve is certified to lie in S, or with the budget.

        Args:
            problem: the networks.
            starts: W_a (B, P).
            ends: W_b (B, P).
            datasets: (B,), the training set of each chain.
            progress: advanced by one per round.

        Returns:
            One path per chain, with a row per round as described at `Strand.look`; a curve that makes errors is stuck,
            however low its loss.
        """
        setting = Setting(problem, starts.to(problem.device), ends.to(problem.device), datasets)
        strands = [Strand(setting.select(torch.tensor([row]))) for row in range(len(starts))]
        alive, here, training = torch.arange(len(starts)), setting, start_training(setting, self.settings.bends)
        # the draws are shared by all chains, so that no chain depends on the others
        random = generator(self.seed, "curve")
        for number in range(1, self.settings.max_rounds + 1):
            training = self._train(here, training, random)
            refuse_divergence(training.bends, "rate", self.settings.rate, f"in round {number}")
            polylines = list(self._polylines(here, training.bends))
            gradients = number * self.settings.round_steps * self.settings.draws
            looks = evaluate_polylines(problem, polylines, here.datasets)
            mine = [strands[chain] for chain in alive.tolist()]
            clean = [
                strand
                for strand, points, found in zip(mine, polylines, looks, strict=True)
                if strand.look(points, found, self.settings.rate, gradients)
            ]
            certify_strands(clean, self.settings.resolution)
            going = torch.tensor([not strands[chain].arrived for chain in alive.tolist()])
            progress.advance(1, training=int(going.sum()), joined=len(strands) - int(going.sum()))
            if not going.any():
                break
            rows = going.nonzero().squeeze(1)
            alive, here, training = alive[rows], here.select(rows), training.select(rows)
        return [strand.path() for strand in strands]

    def _train(self, here: Setting, training: "Training", random: torch.Generator) -> "Training":
        for _ in range(self.settings.round_steps):
            parts = torch.arange(self.settings.draws, dtype=torch.float64)
            times = (
                parts + torch.rand(self.settings.draws, generator=random, dtype=torch.float64)
            ) / self.settings.draws
            controls = with_ends(here, training.bends)
            weights = coefficients(self.settings.shape, self.settings.bends, times).to(controls)
            _, gradients = bend_gradients(here.problem, controls, here.datasets, weights)
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


def bend_gradients(problem: Problem, controls: Tensor, datasets: Tensor, shares: Tensor) -> tuple[Tensor, Tensor]:
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


@dataclass(frozen=True)
class Training:
    """The bends of B curves and what Adam remembers of their gradients."""

    bends: Tensor  # (B, bends, P)
    means: Tensor  # (B, bends, P)
    squares: Tensor  # (B, bends, P)
    count: int  # steps so far

    def step(self, gradients: Tensor, rate: float) -> "Training":
        """Take one step of Adam (Kingma & Ba 2015, Algorithm 1)."""
        count = self.count + 1
        means = torch.lerp(gradients, self.means, MOMENTUM)
        squares = torch.lerp(gradients**2, self.squares, SQUARES)
        scale = (squares / (1 - SQUARES**count)).sqrt() + TINY
        return Training(self.bends - rate / (1 - MOMENTUM**count) * means / scale, means, squares, count)

    def select(self, rows: Tensor) -> "Training":
        """Return the training of some of the curves only."""
        return Training(self.bends[rows], self.means[rows], self.squares[rows], self.count)


def start_training(setting: Setting, bends: int) -> Training:
    """Return bends evenly spread on the straight segment, as Garipov et al. start theirs."""
    times = torch.linspace(0, 1, bends + 2).tolist()[1:-1]
    line = torch.stack([torch.lerp(setting.starts, setting.ends, t) for t in times], 1)
    return Training(line, torch.zeros_like(line), torch.zeros_like(line), 0)
