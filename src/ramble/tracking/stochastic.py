"""The guarded tracker where a training set is too large for gradients of all of it: a polygon trained by minibatches.

As `guarded` does, it trains the bends of a polygon at random points of the segments, and stops as soon as every segment
is certified to lie in S. Two phases follow each other. While bends are still added, every training sample counts alike,
at the full rate. Then batches hold the hardest samples most often, by the smallest margin anywhere on the polygon, at a
falling rate. The bends start on the arc rather than the chord: independent solutions are nearly orthogonal, and
halfway between them the chord's weights have lost a third of their norm, in every layer.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor

from ramble.errors import RambleError
from ramble.problems.margins import membership_margins
from ramble.problems.minibatches import Hardest
from ramble.problems.network import NetworkProblem
from ramble.problems.seeds import generator
from ramble.store.checkpoints import State, checked
from ramble.store.headers import Status
from ramble.tracking.path import NormRule, Path, Setting, Step, normalised_distance
from ramble.tracking.polyline import bend_gradients, not_a_path, with_middles, with_points_between
from ramble.tracking.stochastic_settings import StochasticGuardedSettings
from ramble.tracking.tracker import Run, Tracker


@dataclass(frozen=True)
class StochasticGuardedTracker(Tracker):
    """A polygon trained by minibatches; the seed is that of the random points and batches."""

    settings: StochasticGuardedSettings

    together: ClassVar[bool] = False

    def begin(self, setting: Setting) -> "PolygonRun":
        """Lay the polygon on the arc: the chord with the norms of the layers that Algorithm 1 prescribes.

        The path's table has a row per look: train_loss is the mean over the round's batches, errors the training
        samples with an error anywhere on the polygon as last seen, t is not a number. Gradients are those of
        minibatches; evaluations count networks looked at, many of them at the hardest samples only.

        Raises:
            RambleError: the problem has no minibatches.
        """
        problem = _with_minibatches(setting)
        (start,), (end,) = setting.starts, setting.ends
        times = torch.linspace(0, 1, self.settings.bends + 2).tolist()[1:-1]
        chord = torch.stack([torch.lerp(start, end, t) for t in times])
        bends = NormRule(problem, start.expand_as(chord), end.expand_as(chord))(chord)
        unseen = Hardest(torch.zeros(problem.n_samples, device=problem.device), problem.max_errors)
        return PolygonRun(self, setting, Polygon(torch.stack([start, *bends, end]), unseen, self._random()))

    def taken_up(self, setting: Setting, state: State) -> "PolygonRun":
        """Return the polygon that a checkpoint keeps."""
        problem, random = _with_minibatches(setting), self._random()
        random.set_state(state.tensor("random", -1))
        points = state.tensor("polygon", -1, problem.n_weights).to(problem.device)
        margins = state.tensor("margins", problem.n_samples).to(problem.device)
        looks = [Step(**checked(Step, row)) for row in state.facts["looks"]]
        facts = {name: value for name, value in state.facts.items() if name not in ("looks", "steps")}
        hardest = Hardest(margins, problem.max_errors, float(facts.pop("smallest")))
        polygon = Polygon(points, hardest, random, **checked(Polygon, facts, FACTS), looks=looks)
        return PolygonRun(self, setting, polygon, int(state.facts["steps"]))

    def _random(self) -> torch.Generator:
        return generator(self.seed, "stochastic")

    def _train(self, problem: NetworkProblem, chain: "Polygon", number: int) -> None:
        """Train the bends for a round, the number of which counts from 1."""
        growing, rate = number <= self._growing_rounds, self._rate(chain, number - 1)
        polygon, segments = chain.points.clone(), len(chain.points) - 1
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
        chain.gradients += self.settings.round_steps * segments
        chain.loss = float(torch.stack(losses).mean())
        if _diverged(losses, problem) or not bool(torch.isfinite(polygon).all()):
            polygon, chain.slowing = chain.points, chain.slowing / 2  # the round is undone
        doubles = number % self.settings.doubling_rounds == 0 and number < self._growing_rounds
        chain.points = with_middles(polygon) if doubles else polygon

    def _rate(self, chain: "Polygon", rounds: int) -> float:
        """Rate of the round after so many: in the second phase no more than the first phase bore."""
        rate, fine_rounds = chain.slowing * self.settings.rate, rounds - self._growing_rounds
        return rate if fine_rounds < 0 else min(rate, self.settings.fine_rate) * self.settings.decay**fine_rounds

    @property
    def _growing_rounds(self) -> int:
        """Rounds of the first phase."""
        bends, stages = self.settings.bends, 1
        while 2 * bends + 1 <= self.settings.max_bends:
            bends, stages = 2 * bends + 1, stages + 1
        return stages * self.settings.doubling_rounds

    def _is_free_of_errors(self, problem: NetworkProblem, chain: "Polygon", rounds: int) -> bool:
        """Tell whether the polygon at the end of the budget lies in S where its certificate begins."""
        if rounds < self._growing_rounds:
            return False
        points = with_middles(with_points_between(chain.points, self.settings.stored_points))[1:-1]
        chain.evaluations += len(points)
        return chain.hardest.look(partial(_margins, problem, points), torch.finfo(points.dtype).tiny)

    def _look(self, problem: NetworkProblem, chain: "Polygon", rounds: int, wanted: float) -> bool:
        """Look at the grown polygon, and tell whether it has the margin wanted where its certificate begins.

        Fewer points do not do: of a path with errors within a twentieth of its ends, and there alone, 15 points saw
        none, and training turned to other samples.
        """
        if rounds < self._growing_rounds:
            return False
        if rounds == self._growing_rounds:
            every, few = torch.arange(problem.n_samples, device=problem.device), with_middles(chain.points)[1:-1]
            chain.hardest = Hardest(_margins(problem, few, every).amin(0), problem.max_errors)
            chain.evaluations += len(few)
        points = with_middles(with_points_between(chain.points, self.settings.stored_points))[1:-1]
        has = chain.hardest.look(partial(_margins, problem, points), wanted)
        chain.evaluations += len(points)
        chain.looks.append(
            Step(
                step=rounds,
                t=float("nan"),  # the polygon moves as a whole
                train_loss=chain.loss,
                train_errors=chain.hardest.errors,
                min_margin=chain.hardest.smallest,
                accepted=has,
                gamma=0.0,  # no elastic moves
                eta=self._rate(chain, rounds),
                gradients=chain.gradients,
                evaluations=chain.evaluations,
            )
        )
        return has


@dataclass
class Polygon:
    """What is known of the polygon of one chain."""

    points: Tensor  # (n, P)
    hardest: Hardest  # by the smallest margin seen anywhere on the polygon
    random: torch.Generator
    gradients: int = 0
    evaluations: int = 0
    slowing: float = 1.0  # factor on `rate`, halved whenever a round diverges
    loss: float = float("nan")  # mean over the batches of the last round
    looks: list[Step] = field(default_factory=list)

    @property
    def seen(self) -> dict[str, object]:
        """What the last look found, for the progress bar."""
        if not self.looks:
            return {}
        return {"errors": self.hardest.errors, "margin": f"{self.hardest.smallest:.2f}"}


FACTS = ("gradients", "evaluations", "slowing", "loss")  # of a polygon, in its checkpoint


class PolygonRun(Run):
    """Where the training of one polygon stands."""

    def __init__(self, tracker: StochasticGuardedTracker, setting: Setting, polygon: Polygon, steps: int = 0) -> None:
        self._tracker, self._setting, self._polygon, self.steps = tracker, setting, polygon, steps
        self._problem = _with_minibatches(setting)
        every = torch.arange(self._problem.n_samples, device=self._problem.device)
        ends = torch.cat([setting.starts, setting.ends])
        smallest = float(membership_margins(_margins(self._problem, ends, every), self._problem.max_errors).min())
        self._wanted = tracker.settings.margin_share * smallest

    @property
    def over(self) -> bool:
        """Had it the margin wanted when it was last looked at?"""
        return bool(self._polygon.looks) and self._polygon.looks[-1].accepted

    def step(self) -> Mapping[str, object]:
        """Train for a round, and look."""
        polygon = self._polygon
        self._tracker._train(self._problem, polygon, self.steps)
        self._tracker._look(self._problem, polygon, self.steps, self._wanted)
        epoch = f"{polygon.gradients * self._tracker.settings.batch / self._problem.n_samples:.1f}"
        return {"bends": len(polygon.points) - 2, "epoch": epoch, "loss": f"{polygon.loss:.2g}", **polygon.seen}

    def state(self) -> State:
        """Return all that the rest of the training depends on."""
        polygon = self._polygon
        tensors = {"polygon": polygon.points, "margins": polygon.hardest.margins, "random": polygon.random.get_state()}
        facts = {name: getattr(polygon, name) for name in FACTS}
        facts |= {"steps": self.steps, "smallest": polygon.hardest.smallest}
        return State(tensors, facts | {"looks": [asdict(look) for look in polygon.looks]})

    def paths(self) -> list[Path]:
        """Return the polygon with more points; one that only misses the margin asked for has arrived."""
        polygon, here = self._polygon, self._setting
        arrived = self.over or self._tracker._is_free_of_errors(self._problem, polygon, self.steps)
        points = with_points_between(polygon.points, self._tracker.settings.stored_points)
        t = normalised_distance(points.double(), here.starts.double(), here.ends.double())
        status = Status.ARRIVED if arrived else Status.STUCK
        reason = _reason(polygon, self.steps, arrived, self._wanted, self._problem.max_errors)
        return [Path(points.cpu(), t.cpu(), status, reason, polygon.looks)]


def _with_minibatches(setting: Setting) -> NetworkProblem:
    if not isinstance(setting.problem, NetworkProblem):
        raise RambleError("The stochastic trackers need minibatches; derive the problem from NetworkProblem.")
    return setting.problem


def _diverged(losses: list[Tensor], problem: NetworkProblem) -> bool:
    """Tell whether a round ended worse than it began, and worse than by guessing the class."""
    classes = int(problem.labels(torch.zeros(1, dtype=torch.long)).max()) + 1
    return not float(losses[-1]) <= max(float(losses[0]), math.log(classes))  # not a number is neither


def _margins(problem: NetworkProblem, points: Tensor, samples: Tensor) -> Tensor:
    """Return the margins (n, m) of training samples (m,) at some points (n, P)."""
    return torch.stack([problem.batch_margins(point, samples) for point in points])


def _reason(chain: Polygon, rounds: int, arrived: bool, wanted: float, max_errors: int) -> str:
    loss = f"mean loss {chain.loss:.3g} over the last round's batches"
    if arrived and chain.hardest.smallest < wanted:
        least = f"{chain.hardest.smallest:.3g}, less than the {wanted:.3g} asked for (margin_share)"
        free = f"at most {max_errors} errors" if max_errors else "no error"
        return f"{free} wherever it was looked at, with a margin of {least}; {loss}"
    if arrived:
        return f"margins of at least {chain.hardest.smallest:.3g} wherever it was looked at; {loss}"
    errors = f"{chain.hardest.errors} training samples with an error somewhere on it"
    return f"{not_a_path(max_errors)} after {rounds} rounds: {errors}; {loss}"
