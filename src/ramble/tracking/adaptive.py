"""The tracker that needs no tuning: a polygon trained by Adam until all of its segments are certified.

It goes through stages, each of which may be the last. The straight line is looked at. Both ends are polished: trained
on, so that margins are wide where the path between them begins; the way from a given end to its polished one is a
segment of the path like any other. Then the bends between the polished ends are trained at random points of their
segments, at a rate that falls by a cosine, in attempts: each has twice the steps of the one before, half the rate, and
more bends. What fits one network and not another is measured at the ends, see `adaptive_scales`.

Large training sets are taken in batches. A bend far from both ends is then trained as networks are, by momentum at a
rate that rises and falls: for a ResNet20 on 2,000 images that leaves half of the loss that Adam leaves in as many
steps. It costs as much as a network, too, so that there is one bend and it stays one. Once few errors are left, a share
of every batch are the samples with the smallest margins: others have next to no gradient. A look is one of `watch`.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from ramble.certificates.segments import certify_segments, knows_segments
from ramble.problems.network import NetworkProblem
from ramble.problems.seeds import generator
from ramble.store.checkpoints import State, checked
from ramble.tracking.adam import Training, at_rest
from ramble.tracking.adaptive_scales import Scales, contraction
from ramble.tracking.adaptive_settings import AdaptiveSettings
from ramble.tracking.focus import Focus, focused_batches, focused_times
from ramble.tracking.held import HeldPolygon
from ramble.tracking.momentum import Rolling, standing
from ramble.tracking.path import Path, Setting, Step
from ramble.tracking.polyline import Strand, bend_gradients, evaluate_polylines, with_middles, with_points_between
from ramble.tracking.tracker import Run, Tracker
from ramble.tracking.watch import Watch, from_coarse_to_fine
from ramble.training.divergence import refuse_divergence
from ramble.training.step import cosine, one_cycle

# Of gradients on batches, which are noisy. Measured at a ResNet20 on 2,000 images: at the whole rate, the ends that
# were trained on made 94 and 27 errors after six rounds, and at a tenth none.
NOISY = 0.1  # share of the rate
# Of the segments in a look at large networks. One more each time that a certificate finds errors between points without
# any: training is not focused on errors that no look has seen.
HALVINGS, DEEPEST = 2, 5
STEPS, PASSES = 6, 1.5  # a round of bends takes so many times the steps, and at least so many passes over all samples


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
        self._polygon = HeldPolygon(ends)
        self._training: Training | Rolling = at_rest(ends)
        self._polished = ends
        self._batched = isinstance(self._problem, NetworkProblem) and self._problem.n_samples > settings.whole
        self._halvings, self._unseen = (HALVINGS if self._batched else 1), False
        self._scales = Scales.at(self._problem, ends, setting.datasets)
        self._watch = Watch(self._problem, setting.datasets)
        self._focus: Focus | None = None  # once few errors are left
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
        rate = settings.rate / 2**attempt * (NOISY if self._batched else 1.0)
        share = self._train(rate, number - 1, rounds)
        self._look(rate * share, settings.margin_share * share if number < rounds else 0.0)
        errors = self._strand.steps[-1].train_errors
        return {"attempt": attempt + 1, "bends": len(self._training.bends), "errors": errors}

    def _polish(self, number: int) -> None:
        """Train both ends on for a round; after the last, lay the ways to them."""
        here, settings = self._setting, self._settings
        rate = settings.rate * (NOISY if self._batched else 1.0) * cosine((number - 1) / settings.polish_rounds)
        for samples in self._samples(2, settings.round_steps):
            gradients = self._gradients(self._training.bends, 1.0, samples)
            self._training = self._training.step(gradients, rate * self._scales.sizes)
        refuse_divergence(self._training.bends, "rate", settings.rate, "when the ends were trained on")
        if number == settings.polish_rounds:
            self._polished = self._training.bends
            self._scales = Scales.at(self._problem, self._polished, here.datasets)
            points = torch.cat([here.starts, self._polished, here.ends])
            ways = torch.cat([here.starts, here.ends]), self._polished
            found = certify_segments(self._problem, *ways, here.datasets.expand(2), settings.resolution, sound=False)
            # a way to a polished end that is not certified is trained like all others
            self._polygon = HeldPolygon(points, *(int(hold) for hold in found.hold))
            before = self._watch.evaluations
            self._keep_held()
            self._strand.certificate_evaluations += int(found.tested.sum()) + self._watch.evaluations - before

    def _keep_held(self) -> None:
        """Look at what of the polygon will stay as it is."""
        if self._batched:
            points, trained = self._polygon.looked_at(self._halvings)
            self._watch.keep(torch.cat([points[: trained.start + 1], points[trained.stop - 1 :]]))

    def _begin_attempt(self, attempt: int) -> None:
        """Put bends between the polished ends, or double those that there are; Adam forgets."""
        polygon, inner = self._polygon, self._polygon.parts[1]
        if not attempt:
            first, last = self._polished
            bends = 1 if self._batched else self._settings.bends
            times = torch.linspace(0, 1, bends + 2).tolist()[1:-1]
            chord = torch.stack([torch.lerp(first, last, time) for time in times])
            factor = contraction(self._problem, first, last, self._setting.datasets)
            self._polygon = replace(polygon, points=torch.cat([polygon.points[:2], factor * chord, polygon.points[2:]]))
        elif not self._batched and 2 * len(inner) - 3 <= self._settings.max_bends:
            self._polygon = polygon.with_inner(with_middles(inner))
        inner = self._polygon.parts[1][1:-1]
        self._training = standing(inner) if self._batched else at_rest(inner)

    def _train(self, rate: float, done: int, rounds: int) -> float:
        """Train the bends for a round, after so many of an attempt; return the share of the rate that it came to."""
        inner, settings = self._polygon.parts[1], self._settings
        steps, share = settings.round_steps, cosine(done / (rounds - 1 or 1))
        if self._batched:
            assert isinstance(self._problem, NetworkProblem)
            steps = max(STEPS * steps, math.ceil(PASSES * self._problem.n_samples / settings.batch))
        for number, samples in enumerate(self._samples(len(inner) - 1, steps)):
            times = focused_times(len(inner) - 1, self._focus, self._random).to(inner)
            gradients = self._gradients(torch.lerp(inner[:-1], inner[1:], times), self._scales.gain, samples)
            moves = bend_gradients(gradients, times)
            if self._batched:
                share = one_cycle((done * steps + number + 1) / (rounds * steps))
                self._training = self._training.step(moves, rate * share * self._scales.squares)
            else:
                self._training = self._training.step(moves, rate * share * self._scales.sizes)
            inner = torch.cat([inner[:1], self._training.bends, inner[-1:]])
        refuse_divergence(inner, "rate", settings.rate, f"in round {self.steps}")
        self._polygon = self._polygon.with_inner(inner)
        return share

    def _samples(self, networks: int, steps: int) -> Iterator[Tensor | None]:
        """Go through the steps of a round; training samples (n, batch) for the networks of each, or none for all."""
        if not self._batched:
            return iter([None] * steps)
        assert isinstance(self._problem, NetworkProblem)
        return focused_batches(self._problem, self._settings.batch, (steps, networks), self._focus, self._random)

    def _gradients(self, weights: Tensor, gain: float, samples: Tensor | None) -> Tensor:
        """Return the gradients (n, P) of some networks, on samples (n, batch) or on all."""
        problem = self._problem
        self._spent += len(weights)
        if samples is not None and isinstance(problem, NetworkProblem):
            return problem.batch_gradients(weights, samples)[1]
        return problem.gradients(weights, self._setting.datasets.expand(len(weights)), gain)[1]

    def _look(self, rate: float, margin_share: float) -> None:
        """Look at the polygon and, where no point of it has an error, certify it."""
        if self._unseen:
            self._halvings, self._unseen = min(self._halvings + 1, DEEPEST), False
        points, rows = self._polygon.looked_at(self._halvings)
        trained = points[rows.start : rows.stop]  # the ways to the polished ends, where they are held, were certified
        before = self._watch.evaluations
        if self._batched:
            order = [rows.start + row for row in from_coarse_to_fine(len(trained), self._halvings)]
            order += [row for row in range(len(points)) if row not in rows]
            found, seen = self._watch.look(points, order)
            # a batch could hold all of the errors
            few = int(found.errors.max()) <= self._settings.batch
            bent = self.steps > self._settings.polish_rounds  # before that no segment is trained
            self._focus = self._watch.focus(rows, self._halvings) if few and bent else None
            looked = self._strand.look(points, found, rate, self._spent, seen, self._watch.evaluations - before)
        else:
            (found,) = evaluate_polylines(self._problem, [points], self._setting.datasets)
            looked = self._strand.look(points, found, rate, self._spent)
        if not looked:
            return
        exact = knows_segments(self._problem)
        wanted = 0.0 if exact else margin_share * float(found.min_margins[[rows.start, rows.stop - 1]].min())
        # ways to the polished ends begin at the margins of the given ones, which may be small
        smallest = float(found.min_margins[rows.start : rows.stop].min())
        if not smallest > wanted:
            self._strand.lacks(smallest, wanted)
            return
        known = self._watch.margins(rows) if self._batched else None
        segments = certify_segments(
            self._problem,
            trained[:-1],
            trained[1:],
            self._setting.datasets.expand(len(trained) - 1),
            self._settings.resolution,
            sound=False,
            known=None if known is None else (known[:-1], known[1:]),
            all_or_none=True,
        )
        self._strand.certificate_evaluations += int(segments.tested.sum())
        least = float(segments.min_margins.min())
        self._unseen = self._batched and not least > 0
        self._strand.certified(least, wanted, unsure=not least < 0 and bool(segments.unsure.any()))

    def state(self) -> State:
        """Return all that the rest of the training depends on."""
        training, strand, polygon = self._training, self._strand, self._polygon
        own = {
            "polygon": polygon.points,
            "polished": self._polished,
            "bends": training.bends,
            "random": self._random.get_state(),
        }
        if isinstance(training, Training):
            own |= {"means": training.means, "squares": training.squares}
            adam = training.count
        else:
            own["velocity"], adam = training.velocity, None
        tensors = {name: value.clone() for name, value in own.items()}  # some are one tensor before there are bends
        counts = {"steps": self.steps, "spent": self._spent, "adam": adam, "held": [polygon.first, polygon.last]}
        looks = {"looks": [asdict(look) for look in strand.steps], "certificates": strand.certificate_evaluations}
        depth = {"halvings": self._halvings, "unseen": self._unseen}
        return State(tensors, counts | looks | depth | {"arrived": strand.arrived})

    def take_up(self, state: State) -> None:
        """Go on from a state."""
        size, facts = self._problem.n_weights, state.facts
        names = ("bends", "velocity") if facts["adam"] is None else ("bends", "means", "squares")
        polygon, polished = state.tensor("polygon", -1, size), state.tensor("polished", 2, size)
        trained = {name: state.tensor(name, -1, size) for name in names}
        if len({tensor.shape for tensor in trained.values()}) > 1 or len(facts["held"]) != 2:
            raise ValueError(f"{', '.join(names)} differ in shape, or other segments are held")
        self._random.set_state(state.tensor("random", -1))
        device = self._problem.device
        first, last = (int(number) for number in facts["held"])
        self._polygon, self._polished = HeldPolygon(polygon.to(device), first, last), polished.to(device)
        trained = {name: tensor.to(device) for name, tensor in trained.items()}
        if facts["adam"] is None:
            self._training = Rolling(**trained)
        else:
            self._training = Training(trained["bends"], trained["means"], trained["squares"], int(facts["adam"]))
        self._scales = Scales.at(self._problem, self._polished, self._setting.datasets)
        self._spent, self.steps = int(facts["spent"]), int(facts["steps"])
        self._halvings, self._unseen = int(facts["halvings"]), False
        if self.steps >= self._settings.polish_rounds:
            self._keep_held()
        self._look(0.0, 0.0)
        self._strand.steps = [Step(**checked(Step, look)) for look in facts["looks"]]
        self._strand.evaluations = self._strand.steps[-1].evaluations
        self._strand.certificate_evaluations = int(facts["certificates"])
        self._unseen = bool(facts["unseen"])
        self._strand.arrived = bool(facts["arrived"])  # this look asks for no margin, as the one before may have done

    def paths(self) -> list[Path]:
        """Return the polygon with more points; where it makes errors, the reason says what may help."""
        strand = self._strand
        if not strand.looked_at_all:
            strand.reconsider(evaluate_polylines(self._problem, [strand.points], self._setting.datasets)[0])
        strand.refine(with_points_between(strand.points, self._settings.stored_points))
        path = self._strand.path()
        return [path if path.arrived else replace(path, reason=f"{path.reason}; {self._advice()}")]

    def _advice(self) -> str:
        """Say how the errors came along over the attempts, and what to change."""
        errors = [look.train_errors for look in self._strand.steps]
        seen = f"the straight line has {errors[0]} errors at its worst point, the best polygon had {min(errors)}"
        seen += " at the points looked at" if self._batched else ""
        if 2 * min(errors[1:] or errors) < errors[0]:
            return f"{seen}: raise attempts, or first_rounds"
        return f"{seen}: lower or raise rate by a factor of three, or allow some errors (max_errors)"
