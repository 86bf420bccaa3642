"""The tracker that needs no tuning: a polygon trained by Adam until all of its segments are certified.

It goes through stages, each of which may be the last. The straight line is looked at. Both ends are polished: trained
on, so that margins are wide where the path between them begins; the way from a given end to its polished one is a
segment of the path like any other. Then the bends between the polished ends are trained at random points of their
segments, at a rate that falls by a cosine, in attempts: each has twice the steps of the one before, half the rate, and
more bends.
What fits one network and not another is measured at the ends, see `adaptive_scales`.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from ramble.certificates.segments import ExactSegments, certify_segments
from ramble.problems.network import NetworkProblem
from ramble.problems.seeds import generator
from ramble.store.checkpoints import State, checked
from ramble.tracking.adam import Training, at_rest
from ramble.tracking.adaptive_scales import Scales, contraction
from ramble.tracking.adaptive_settings import AdaptiveSettings
from ramble.tracking.path import Path, Setting, Step
from ramble.tracking.polyline import Strand, bend_gradients, evaluate_polylines, with_middles, with_points_between
from ramble.tracking.tracker import Run, Tracker
from ramble.training.divergence import refuse_divergence

SLOWEST = 0.02  # share of the rate that a cosine ends at
MANY = 2  # batches: of training sets larger than so many, a gradient takes one batch


@dataclass(frozen=True)
class AdaptiveTracker(Tracker):
    """A polygon trained by Adam; the seed is that of the random points and batches."""

    settings: AdaptiveSettings

    together: ClassVar[bool] = False

    def begin(self, setting: Setting) -> "AdaptiveRun":
        """Return the run after its look at the straight line; its table has a row per look."""
        return AdaptiveRun(self.settings, setting, generator(self.seed, "adaptive"))

    def taken_up(self, setting: Setting, state: State) -> "AdaptiveRun":
        """Return the run where a checkpoint says that it stands."""
        run = self.begin(setting)
        run.take_up(state)
        return run


class AdaptiveRun(Run):
    """Where the training of one polygon stands.

    Args:
        settings: of the tracker.
        setting: of one chain.
        random: of points and batches.
    """

    def __init__(self, settings: AdaptiveSettings, setting: Setting, random: torch.Generator) -> None:
        self._settings, self._setting, self._random = settings, setting, random
        self._problem, self._strand, self._spent = setting.problem, Strand(setting), 0
        ends = torch.cat([setting.starts, setting.ends])
        self._polygon, self._held = ends, (0, 0)  # how many segments at either side stay as they are
        self._training, self._polished = at_rest(ends), ends
        self._scales = Scales.at(self._problem, ends, setting.datasets)
        self._look(0.0, 0.0)

    @property
    def over(self) -> bool:
        """Is every segment certified?"""
        return self._strand.arrived

    def step(self) -> Mapping[str, object]:
        """Train for a round, and look once there are bends."""
        settings = self._settings
        number = self.steps - settings.polish_rounds
        if number <= 0:
            self._polish(self.steps)
            return {"stage": "training the ends on"}
        attempt = int(math.log2((number - 1) // settings.first_rounds + 1))
        number -= settings.first_rounds * (2**attempt - 1)
        if number == 1:
            self._begin_attempt(attempt)
        rounds = settings.first_rounds * 2**attempt
        share = cosine((number - 1) / (rounds - 1 or 1))
        rate = settings.rate * share / 2**attempt
        self._train(rate)
        self._look(rate, settings.margin_share * share if number < rounds else 0.0)
        errors = self._strand.steps[-1].train_errors
        return {"attempt": attempt + 1, "bends": len(self._training.bends), "errors": errors}

    def _polish(self, number: int) -> None:
        """Train both ends on for a round; after the last, lay the ways to them."""
        here, settings = self._setting, self._settings
        rate = settings.rate * cosine((number - 1) / settings.polish_rounds)
        for _ in range(settings.round_steps):
            gradients = self._gradients(self._training.bends, 1.0)
            self._training = self._training.step(gradients, rate * self._scales.sizes)
        refuse_divergence(self._training.bends, "rate", settings.rate, "when the ends were trained on")
        if number == settings.polish_rounds:
            self._polished = self._training.bends
            self._scales = Scales.at(self._problem, self._polished, here.datasets)
            self._polygon = torch.cat([here.starts, self._polished, here.ends])
            ways = torch.cat([here.starts, here.ends]), self._polished
            found = certify_segments(self._problem, *ways, here.datasets.expand(2), settings.resolution, sound=False)
            # a way to a polished end that makes errors is trained like all others
            first, last = (int(hold) for hold in found.hold)
            self._held = first, last

    def _begin_attempt(self, attempt: int) -> None:
        """Put bends between the polished ends, or double those that there are; Adam forgets."""
        before, inner, after = self._parts
        if not attempt:
            first, last = self._polished
            times = torch.linspace(0, 1, self._settings.bends + 2).tolist()[1:-1]
            chord = torch.stack([torch.lerp(first, last, time) for time in times])
            bends = contraction(self._problem, first, last, self._setting.datasets) * chord
            self._polygon = torch.cat([self._polygon[:2], bends, self._polygon[2:]])
        elif 2 * len(inner) - 3 <= self._settings.max_bends:
            self._polygon = torch.cat([before, with_middles(inner), after])
        self._training = at_rest(self._parts[1][1:-1])

    @property
    def _parts(self) -> tuple[Tensor, Tensor, Tensor]:
        """The polygon's points: those before, of, and after the part that is trained, whose own ends stay."""
        first, last = self._held[0], len(self._polygon) - self._held[1]
        return self._polygon[:first], self._polygon[first:last], self._polygon[last:]

    def _train(self, rate: float) -> None:
        """Train the bends for a round."""
        before, inner, after = self._parts
        for _ in range(self._settings.round_steps):
            share = torch.rand(len(inner) - 1, 1, generator=self._random).to(inner)
            gradients = self._gradients(torch.lerp(inner[:-1], inner[1:], share), self._scales.gain)
            moves = bend_gradients(gradients, share)
            self._training = self._training.step(moves, rate * self._scales.sizes)
            inner = torch.cat([inner[:1], self._training.bends, inner[-1:]])
        refuse_divergence(inner, "rate", self._settings.rate, f"in round {self.steps}")
        self._polygon = torch.cat([before, inner, after])

    def _gradients(self, weights: Tensor, gain: float) -> Tensor:
        """Return the gradients (n, P) of some networks, on batches where there are many training samples."""
        problem, size = self._problem, self._settings.batch
        self._spent += len(weights)
        if isinstance(problem, NetworkProblem) and problem.n_samples > MANY * size:
            samples = torch.randint(problem.n_samples, (len(weights), size), generator=self._random)
            return problem.batch_gradients(weights, samples.to(problem.device))[1]
        return problem.gradients(weights, self._setting.datasets.expand(len(weights)), gain)[1]

    def _look(self, rate: float, margin_share: float) -> None:
        """Look at the polygon and, where no point of it has an error, certify it."""
        points = with_middles(self._polygon)
        (found,) = evaluate_polylines(self._problem, [points], self._setting.datasets)
        if not self._strand.look(points, found, rate, self._spent):
            return
        owners = self._setting.datasets.expand(len(points) - 1)
        segments = certify_segments(
            self._problem, points[:-1], points[1:], owners, self._settings.resolution, sound=False
        )
        self._strand.certificate_evaluations += int(segments.tested.sum())
        exact = isinstance(self._problem, ExactSegments)
        first, last = 2 * self._held[0], len(points) - 1 - 2 * self._held[1]
        wanted = 0.0 if exact else margin_share * float(found.min_margins[[first, last]].min())
        # ways to the polished ends begin at the margins of the given ones, which may be small
        self._strand.certified(float(segments.min_margins[first:last].min()), wanted)
        self._strand.arrived &= bool(segments.hold.all())

    def state(self) -> State:
        """Return all that the rest of the training depends on."""
        training, strand = self._training, self._strand
        own = {
            "polygon": self._polygon,
            "polished": self._polished.clone(),  # a file holds no two tensors in the same memory
            "bends": training.bends.clone(),
            "means": training.means,
            "squares": training.squares,
            "random": self._random.get_state(),
        }
        tensors = {name: value.clone() for name, value in own.items()}  # some are one tensor before there are bends
        counts = {"steps": self.steps, "spent": self._spent, "adam": training.count, "held": list(self._held)}
        looks = {"looks": [asdict(look) for look in strand.steps], "certificates": strand.certificate_evaluations}
        return State(tensors, counts | looks)

    def take_up(self, state: State) -> None:
        """Go on from a state."""
        size, facts = self._problem.n_weights, state.facts
        polygon, polished = state.tensor("polygon", -1, size), state.tensor("polished", 2, size)
        bends, means, squares = (state.tensor(name, -1, size) for name in ("bends", "means", "squares"))
        if not bends.shape == means.shape == squares.shape or len(facts["held"]) != 2:
            raise ValueError("bends, means and squares differ in shape, or other segments are held")
        self._random.set_state(state.tensor("random", -1))
        self._polygon, self._polished, bends, means, squares = (
            tensor.to(self._problem.device) for tensor in (polygon, polished, bends, means, squares)
        )
        self._training = Training(bends, means, squares, int(facts["adam"]))
        self._scales = Scales.at(self._problem, self._polished, self._setting.datasets)
        first, last = (int(number) for number in facts["held"])
        self._held, self._spent, self.steps = (first, last), int(facts["spent"]), int(facts["steps"])
        self._look(0.0, 0.0)
        self._strand.steps = [Step(**checked(Step, look)) for look in facts["looks"]]
        self._strand.evaluations = self._strand.steps[-1].evaluations
        self._strand.certificate_evaluations = int(facts["certificates"])

    def paths(self) -> list[Path]:
        """Return the polygon with more points; where it makes errors, the reason says what may help."""
        self._strand.refine(with_points_between(self._strand.points, self._settings.stored_points))
        path = self._strand.path()
        return [path if path.arrived else replace(path, reason=f"{path.reason}; {self._advice()}")]

    def _advice(self) -> str:
        """Say how the errors came along over the attempts, and what to change."""
        errors = [look.train_errors for look in self._strand.steps]
        seen = f"the straight line has {errors[0]} errors at its worst point, the best polygon had {min(errors)}"
        if 2 * min(errors[1:] or errors) < errors[0]:
            return f"{seen}: raise attempts, or first_rounds"
        return f"{seen}: lower or raise rate by a factor of three, or allow some errors (max_errors)"


def cosine(share: float) -> float:
    """Return the factor on a rate after a share of a stage: 1 in the beginning, `SLOWEST` in the end."""
    return SLOWEST + (1 - SLOWEST) * (1 + math.cos(math.pi * share)) / 2
