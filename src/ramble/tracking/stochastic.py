"""The guarded tracker where a training set is too large for gradients of all of it: a polygon trained by minibatches.

As `guarded` does, it trains the bends of a polygon at random points of the segments, and stops as soon as every segment
is certified to lie in S. Two phases follow each other. While bends are still added, every training sample counts alike,
at the full rate. Then batches hold the hardest samples most often, by the smallest margin anywhere on the polygon, at a
falling rate. The bends start on the arc rather than the chord: independent solutions are nearly orthogonal, and
halfway between them the chord's weights have lost a third of their norm, in every layer.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial

import torch
from torch import Tensor

from ramble.errors import RambleError
from ramble.problems.minibatches import Hardest
from ramble.problems.network import NetworkProblem
from ramble.problems.problem import Problem
from ramble.problems.seeds import generator
from ramble.store.checkpoints import Checkpoint, State, checked
from ramble.store.progress import Progress
from ramble.tracking.path import NormRule, Path, Status, Step, normalised_distance
from ramble.tracking.polyline import bend_gradients, with_middles, with_points_between
from ramble.tracking.stochastic_settings import StochasticGuardedSettings
from ramble.tracking.tracker import Tracker


@dataclass(frozen=True)
class StochasticGuardedTracker(Tracker):
    """A polygon trained by minibatches; the seed is that of the random points and batches."""

    settings: StochasticGuardedSettings

    def track(self, problem: Problem, starts: Tensor, ends: Tensor, datasets: Tensor, progress: Progress) -> list[Path]:
        """Train a polygon from every start to its end, one chain after the other.

        Args:
            problem: a network with one training set.
            starts: W_a (B, P).
            ends: W_b (B, P).
            datasets: (B,), zeros.
            progress: advanced by one per round.

        Returns:
            One path per chain, with a row per look: train_loss is the mean over the round's batches, errors the
            training samples with an error anywhere on the polygon as last seen, t is not a number. Gradients are those
            of minibatches; evaluations count networks looked at, many of them at the hardest samples only.

        Raises:
            RambleError: the problem has no minibatches, or a checkpoint is of other settings.
        """
        if not isinstance(problem, NetworkProblem):
            raise RambleError("The stochastic trackers need minibatches; derive the problem from NetworkProblem.")
        kept: Sequence[Checkpoint | None] = self.checkpoints or [None] * len(starts)
        return [
            self._path(problem, start, end, checkpoint, progress)
            for start, end, checkpoint in zip(starts.to(problem.device), ends.to(problem.device), kept, strict=True)
        ]

    def _path(
        self, problem: NetworkProblem, start: Tensor, end: Tensor, checkpoint: Checkpoint | None, progress: Progress
    ) -> Path:
        chain = checkpoint.resume(partial(_taken_up, problem)) if checkpoint else None
        chain = chain or self._begin(problem, start, end)
        every = torch.arange(problem.n_samples, device=problem.device)
        wanted = self.settings.margin_share * float(_smallest_margins(problem, torch.stack([start, end]), every).min())
        progress.resume(chain.rounds)
        while not (wide := self._look(problem, chain, wanted)) and chain.rounds < self.settings.max_rounds:
            self._train(problem, chain)
            epoch = f"{chain.gradients * self.settings.batch / problem.n_samples:.1f}"
            progress.advance(1, bends=len(chain.polygon) - 2, epoch=epoch, loss=f"{chain.loss:.2g}", **chain.seen)
            if checkpoint and checkpoint.due:
                checkpoint.save(*_state(chain))
        arrived = wide or self._is_free_of_errors(problem, chain)
        points = with_points_between(chain.polygon, self.settings.stored_points)
        t = normalised_distance(points.double(), start[None].double(), end[None].double())
        status = Status.ARRIVED if arrived else Status.STUCK
        return Path(points.cpu(), t.cpu(), status, _reason(chain, arrived, wanted), chain.steps)

    def _begin(self, problem: NetworkProblem, start: Tensor, end: Tensor) -> "_Chain":
        """Lay the polygon on the arc: the chord with the norms of the layers that Algorithm 1 prescribes."""
        times = torch.linspace(0, 1, self.settings.bends + 2).tolist()[1:-1]
        chord = torch.stack([torch.lerp(start, end, t) for t in times])
        bends = NormRule(problem, start.expand_as(chord), end.expand_as(chord))(chord)
        unseen = Hardest(torch.zeros(problem.n_samples, device=problem.device))
        return _Chain(torch.stack([start, *bends, end]), unseen, generator(self.seed, "stochastic"))

    def _train(self, problem: NetworkProblem, chain: "_Chain") -> None:
        """Train the bends for a round."""
        growing, rate = chain.rounds < self._growing_rounds, self._rate(chain)
        polygon, segments = chain.polygon.clone(), len(chain.polygon) - 1
        shape = (self.settings.round_steps, segments, self.settings.batch)
        losses = []
        for samples in chain.hardest.draw(shape, 1.0 if growing else self.settings.focus, chain.random):
            share = torch.rand(segments, 1, generator=chain.random).to(polygon)
            found, gradients = problem.batch_gradients(torch.lerp(polygon[:-1], polygon[1:], share), samples)
            moves = bend_gradients(gradients, share)
            polygon[1:-1] -= (
                rate * moves * (self.settings.max_gradient / moves.norm(dim=1, keepdim=True)).clamp(max=1.0)
            )
            losses.append(found.mean())
        chain.rounds += 1
        chain.gradients += self.settings.round_steps * segments
        chain.loss = float(torch.stack(losses).mean())
        if _diverged(losses, problem) or not bool(torch.isfinite(polygon).all()):
            polygon, chain.slowing = chain.polygon, chain.slowing / 2  # the round is undone
        doubles = chain.rounds % self.settings.doubling_rounds == 0 and chain.rounds < self._growing_rounds
        chain.polygon = with_middles(polygon) if doubles else polygon

    def _rate(self, chain: "_Chain") -> float:
        """Rate of the next round: in the second phase no more than the first phase bore."""
        rate, fine_rounds = chain.slowing * self.settings.rate, chain.rounds - self._growing_rounds
        return rate if fine_rounds < 0 else min(rate, self.settings.fine_rate) * self.settings.decay**fine_rounds

    @property
    def _growing_rounds(self) -> int:
        """Rounds of the first phase."""
        bends, stages = self.settings.bends, 1
        while 2 * bends + 1 <= self.settings.max_bends:
            bends, stages = 2 * bends + 1, stages + 1
        return stages * self.settings.doubling_rounds

    def _is_free_of_errors(self, problem: NetworkProblem, chain: "_Chain") -> bool:
        """Tell whether the polygon at the end of the budget has no error wherever its certificate will look."""
        if chain.rounds < self._growing_rounds:
            return False
        points = with_middles(with_points_between(chain.polygon, self.settings.stored_points))[1:-1]
        chain.evaluations += len(points)
        return chain.hardest.look(partial(_smallest_margins, problem, points), torch.finfo(points.dtype).tiny)

    def _look(self, problem: NetworkProblem, chain: "_Chain", wanted: float) -> bool:
        """Look at the grown polygon, and tell whether it has the margin wanted wherever its certificate will look.

        Fewer points do not do: of a path with errors within a twentieth of its ends, and there alone, 15 points saw
        none, and training turned to other samples.
        """
        if chain.rounds < self._growing_rounds:
            return False
        if chain.rounds == self._growing_rounds:
            every, few = torch.arange(problem.n_samples, device=problem.device), with_middles(chain.polygon)[1:-1]
            chain.hardest = Hardest(_smallest_margins(problem, few, every))
            chain.evaluations += len(few)
        points = with_middles(with_points_between(chain.polygon, self.settings.stored_points))[1:-1]
        has = chain.hardest.look(partial(_smallest_margins, problem, points), wanted)
        chain.evaluations += len(points)
        chain.steps.append(
            Step(
                step=chain.rounds,
                t=float("nan"),  # the polygon moves as a whole
                train_loss=chain.loss,
                train_errors=chain.hardest.errors,
                min_margin=chain.hardest.smallest,
                accepted=has,
                gamma=0.0,  # no elastic moves
                eta=self._rate(chain),
                gradients=chain.gradients,
                evaluations=chain.evaluations,
            )
        )
        return has


@dataclass
class _Chain:
    """Where the training of one polygon stands."""

    polygon: Tensor  # (n, P)
    hardest: Hardest  # by the smallest margin seen anywhere on the polygon
    random: torch.Generator
    rounds: int = 0
    gradients: int = 0
    evaluations: int = 0
    slowing: float = 1.0  # factor on `rate`, halved whenever a round diverges
    loss: float = float("nan")  # mean over the batches of the last round
    steps: list[Step] = field(default_factory=list)

    @property
    def seen(self) -> dict[str, object]:
        """What the last look found, for the progress bar."""
        if not self.steps:
            return {}
        return {"errors": self.hardest.errors, "margin": f"{self.hardest.smallest:.2f}"}


FACTS = ("rounds", "gradients", "evaluations", "slowing", "loss")  # of a chain, in its checkpoint


def _state(chain: _Chain) -> tuple[dict[str, Tensor], dict[str, object]]:
    """Return what a checkpoint keeps of a chain."""
    tensors = {"polygon": chain.polygon, "margins": chain.hardest.margins, "random": chain.random.get_state()}
    facts = {name: getattr(chain, name) for name in FACTS}
    return tensors, facts | {"steps": [asdict(step) for step in chain.steps]}


def _taken_up(problem: NetworkProblem, state: State) -> _Chain:
    """Return the chain that a checkpoint keeps."""
    random = torch.Generator()
    random.set_state(state.tensor("random", -1))
    polygon = state.tensor("polygon", -1, problem.n_weights).to(problem.device)
    margins = state.tensor("margins", problem.n_samples).to(problem.device)
    steps = [Step(**checked(Step, row)) for row in state.facts["steps"]]
    facts = {name: value for name, value in state.facts.items() if name != "steps"}
    return _Chain(polygon, Hardest(margins), random, **checked(_Chain, facts, FACTS), steps=steps)


def _diverged(losses: list[Tensor], problem: NetworkProblem) -> bool:
    """Tell whether a round ended worse than it began, and worse than by guessing the class."""
    classes = int(problem.labels(torch.zeros(1, dtype=torch.long)).max()) + 1
    return not float(losses[-1]) <= max(float(losses[0]), math.log(classes))  # not a number is neither


def _smallest_margins(problem: NetworkProblem, points: Tensor, samples: Tensor) -> Tensor:
    """Return the smallest margin (m,) of each training sample (m,) at some points (K, P)."""
    return torch.stack([problem.batch_margins(point, samples) for point in points]).amin(0)


def _reason(chain: _Chain, arrived: bool, wanted: float) -> str:
    loss = f"mean loss {chain.loss:.3g} over the last round's batches"
    if arrived and chain.hardest.smallest < wanted:
        least = f"{chain.hardest.smallest:.3g}, less than the {wanted:.3g} asked for (margin_share)"
        return f"no error wherever it was looked at, with a margin of {least}; {loss}"
    if arrived:
        return f"margins of at least {chain.hardest.smallest:.3g} wherever it was looked at; {loss}"
    errors = f"{chain.hardest.errors} training samples with an error somewhere on it"
    return f"not a zero-error path after {chain.rounds} rounds: {errors}; {loss}"
