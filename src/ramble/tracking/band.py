"""Nudged elastic bands: the baseline of Draxler et al. 2018.

F. Draxler, K. Veschgini, M. Salmhofer, F. A. Hamprecht: Essentially No Barriers in Neural Network Energy Landscape
(ICML 2018), AutoNEB. A chain of pivots between two trained networks slides down the loss across its own direction,
keeps its spacing along it, and gets new pivots where the loss between two of them sticks out. As in their limit of
infinitely stiff springs, pivots are put back to their shares of the band's length.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ramble.problems.problem import Evaluation, Problem
from ramble.store.progress import Progress
from ramble.tracking.band_settings import BandSettings
from ramble.tracking.path import Path, Setting
from ramble.tracking.polyline import Strand, certify_strands, evaluate_polylines
from ramble.tracking.tracker import Tracker
from ramble.training.divergence import refuse_divergence

# Without momentum no rate came as far on the Tree Committee Machine: 5 is slow, 20 diverges.
MOMENTUM = 0.9


@dataclass(frozen=True)
class BandTracker(Tracker):
    """A band of pivots that relaxes."""

    settings: BandSettings

    def track(self, problem: Problem, starts: Tensor, ends: Tensor, datasets: Tensor, progress: Progress) -> list[Path]:
        """Relax a band from every start to its end, all chains side by side.

        A band is finished when it is certified to lie in S, or with the budget.

        Args:
            problem: the networks.
            starts: W_a (B, P).
            ends: W_b (B, P).
            datasets: (B,), the training set of each chain.
            progress: advanced by one per cycle.

        Returns:
            One path per chain, with a row per cycle as described at `Strand.look`; a band that makes errors is stuck,
            however low its loss.
        """
        setting = Setting(problem, starts.to(problem.device), ends.to(problem.device), datasets)
        strands = [Strand(setting.select(torch.tensor([row])), evaluations=2) for row in range(len(starts))]
        spent = [0] * len(strands)
        alive, bands = list(range(len(strands))), self._straight(setting)
        end_losses = torch.stack(
            [problem.evaluate(each, datasets).losses for each in (setting.starts, setting.ends)], 1
        )
        for cycle in range(1, self.settings.max_cycles + 1):
            band = join(bands, datasets[alive], end_losses[alive])
            for _ in range(self.settings.cycle_steps):
                band = relax(problem, band, self.settings.rate)
                refuse_divergence(band.points, "rate", self.settings.rate, f"in cycle {cycle}")
            moved = torch.split(band.points, band.lengths)
            bands = [replace(one, points=points) for one, points in zip(bands, moved, strict=True)]
            polylines = [self._polyline(one) for one in bands]
            looks = evaluate_polylines(problem, polylines, datasets[alive])
            clean = []
            for chain, one, points, found in zip(alive, bands, polylines, looks, strict=True):
                spent[chain] += self.settings.cycle_steps * (len(one.points) - 2)
                if strands[chain].look(points, found, self.settings.rate, spent[chain]):
                    clean.append(strands[chain])
            certify_strands(clean, self.settings.resolution)
            going = [row for row, chain in enumerate(alive) if not strands[chain].arrived]
            progress.advance(1, relaxing=len(going), joined=len(strands) - len(going))
            if not going:
                break
            bands = [self._insert(bands[row], polylines[row], looks[row]) for row in going]
            alive = [alive[row] for row in going]
        return [strand.path() for strand in strands]

    def _straight(self, setting: Setting) -> list["Band"]:
        """Return pivots evenly spread on the straight segments."""
        shares = torch.linspace(0, 1, self.settings.pivots + 2, dtype=torch.float64)
        points = torch.stack([torch.lerp(setting.starts, setting.ends, t) for t in shares.tolist()], 1)
        points[:, -1] = setting.ends  # lerp may miss it by one bit
        return [Band(one, shares) for one in points]

    def _polyline(self, band: "Band") -> Tensor:
        """Return the pivots with `between` points on each segment, (T, P)."""
        steps = torch.arange(self.settings.between + 1).to(band.points) / (self.settings.between + 1)
        spread = torch.lerp(band.points[:-1].unsqueeze(1), band.points[1:].unsqueeze(1), steps.view(1, -1, 1))
        spread[:, 0] = band.points[:-1]
        return torch.cat([spread.flatten(0, 1), band.points[-1:]])

    def _insert(self, band: "Band", points: Tensor, found: Evaluation) -> "Band":
        """Return the band with a new pivot on each segment where the loss sticks out, the worst first."""
        every, losses = self.settings.between + 1, found.losses.cpu().double()
        pivots = losses[::every]
        steps = torch.arange(1, every, dtype=torch.float64) / every
        level = torch.lerp(pivots[:-1].unsqueeze(1), pivots[1:].unsqueeze(1), steps)  # (segments, between)
        excess, where = (losses[:-1].view(-1, every)[:, 1:] - level).max(1)
        order = excess.argsort(descending=True, stable=True)
        sticking = order[excess[order] > self.settings.insert_share * (losses.max() - losses.min())]
        chosen = sticking[: max(0, self.settings.max_pivots - (len(pivots) - 2))]
        shares = torch.lerp(band.shares[chosen], band.shares[chosen + 1], steps[where[chosen]])
        kept = torch.cat([torch.arange(len(pivots)) * every, chosen * every + 1 + where[chosen]])
        kept, order = kept.sort()
        return Band(points[kept.to(points.device)], torch.cat([band.shares, shares])[order])


@dataclass(frozen=True)
class Band:
    """The pivots of one chain."""

    points: Tensor  # (n, P), the fixed ends included
    shares: Tensor  # (n,) float64 on the CPU, rising from 0 to 1: where on the band's length each pivot is kept


@dataclass(frozen=True)
class Bands:
    """The pivots of B chains laid end to end, N in all: chains may have different numbers of them."""

    points: Tensor  # (N, P)
    velocities: Tensor  # (I, P), of the pivots that move
    losses: Tensor  # (N,), those of the ends never change, the others come with every step
    inner: Tensor  # (I,) rows of the pivots that move
    datasets: Tensor  # (I,), of the pivots that move
    lengths: list[int]  # (B,) pivots of each chain, its ends included
    shares: list[Tensor]  # (B,) of each chain


def join(bands: list[Band], datasets: Tensor, end_losses: Tensor) -> Bands:
    """Lay the resting bands of B chains end to end; `end_losses` (B, 2) are those of W_a and W_b."""
    points, lengths = torch.cat([band.points for band in bands]), [len(band.points) for band in bands]
    owners = datasets.cpu().repeat_interleave(torch.tensor(lengths))
    shares = torch.cat([band.shares for band in bands])
    inner = ((shares > 0) & (shares < 1)).nonzero().squeeze(1)
    losses = points.new_empty(len(points))
    losses[(shares == 0).to(points.device)], losses[(shares == 1).to(points.device)] = end_losses.unbind(1)
    return Bands(
        points=points,
        velocities=torch.zeros_like(points[inner.to(points.device)]),
        losses=losses,
        inner=inner.to(points.device),
        datasets=owners[inner],
        lengths=lengths,
        shares=[band.shares.to(points.device) for band in bands],
    )


def relax(problem: Problem, bands: Bands, rate: float) -> Bands:
    """Move all inner pivots one step down the loss, across the band, and restore their spacing."""
    inner, points, known = bands.inner, bands.points.clone(), bands.losses.clone()
    known[inner], gradients = problem.gradients(points[inner], bands.datasets)
    along = tangents(points, known, inner)
    across = gradients - (gradients * along).sum(1, keepdim=True) * along
    velocities = MOMENTUM * bands.velocities + across
    points[inner] -= rate * velocities
    chains = zip(torch.split(points, bands.lengths), bands.shares, strict=True)
    spaced = torch.cat([restore_spacing(own, shares) for own, shares in chains])
    return replace(bands, points=spaced, velocities=velocities, losses=known)


def tangents(points: Tensor, losses: Tensor, inner: Tensor) -> Tensor:
    """Return the unit vectors (I, P) from or to the neighbour with the larger loss, as in Draxler et al."""
    uphill = losses[inner + 1] > losses[inner - 1]
    steps = torch.where(uphill.unsqueeze(1), points[inner + 1] - points[inner], points[inner] - points[inner - 1])
    lengths = torch.linalg.vector_norm(steps, dim=1, keepdim=True)
    along: Tensor = steps / lengths.clamp(min=torch.finfo(steps.dtype).tiny)
    return along


def restore_spacing(points: Tensor, shares: Tensor) -> Tensor:
    """Return the pivots (n, P) of one chain put back, along the polyline, to their shares (n,) of its length."""
    hops = torch.linalg.vector_norm(points.diff(dim=0), dim=1).double()
    walked = torch.cat([hops.new_zeros(1), hops.cumsum(0)])
    places = walked / walked[-1]
    # a band without length, or one that diverged, stays as it is
    places = torch.where(places[-1] == 1, places, shares)
    after = torch.searchsorted(places, shares[1:-1], right=True)
    before = after - 1
    local = (shares[1:-1] - places[before]) / (places[after] - places[before])
    inner = torch.lerp(points[before], points[after], local.unsqueeze(1).to(points))
    return torch.cat([points[:1], inner, points[-1:]])
