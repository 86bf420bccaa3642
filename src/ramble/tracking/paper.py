"""Algorithm 1 of the paper, for many chains at once.

The listing prints a minus sign in the elastic move; its Eq. 2 and 3 have the plus, and only plus moves towards W_b.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from ramble.certificates.segments import certify_segments
from ramble.problems.problem import Evaluation
from ramble.store.checkpoints import State, checked
from ramble.store.headers import Status
from ramble.tracking.paper_settings import PaperSettings
from ramble.tracking.path import Path, Setting, Step, Walk, normalised_distance
from ramble.tracking.tracker import Run, Tracker
from ramble.training.divergence import refuse_divergence


@dataclass(frozen=True)
class PaperTracker(Tracker):
    """Algorithm 1, with a budget and a rule for when to give up."""

    settings: PaperSettings

    def begin(self, setting: Setting) -> "Walkers":
        """Return the chains where they start."""
        walks = [self._walk_from(start, setting) for start in setting.starts]
        return Walkers(self, setting, walks, setting.starts)

    def _walk_from(self, start: Tensor, setting: Setting) -> Walk:
        return Walk(start, self.settings.stored_points, setting.problem.max_errors)

    def taken_up(self, setting: Setting, state: State) -> "Walkers":
        """Return the chains that a checkpoint keeps."""
        chains, size = setting.starts.shape
        walks = []
        for number, facts in zip(range(chains), state.facts["walks"], strict=True):
            walk = self._walk_from(setting.starts[number], setting)
            walk.times = [float(t) for t in facts["times"]]
            walk.points = list(state.tensor(f"points {number}", len(walk.times), size))
            walk.steps = [Step(**checked(Step, row)) for row in facts["steps"]]
            walk.status = Status(facts["status"]) if facts["status"] else None
            walk.reason, walk.hop_evaluations = str(facts["reason"]), int(facts["hop_evaluations"])
            walks.append(walk)
        weights = state.tensor("weights", -1, size).to(setting.starts.device)
        walkers = Walkers(self, setting, walks, weights, int(state.facts["steps"]))
        for weights, chain in zip(walkers.weights, walkers.alive.tolist(), strict=True):
            walks[chain].last = weights
        return walkers

    def _gradient_moves(self, here: Setting, weights: Tensor, number: int) -> Tensor:
        """Return the weights after the gradient moves of one step, the number of which matters only to a subclass."""
        for _ in range(self.settings.gradient_steps):
            _, gradients = here.problem.gradients(weights, here.datasets)
            weights = here.norm_rule(weights - self.settings.eta * gradients)
        return weights

    def _elastic_move(self, here: Setting, weights: Tensor, found: Evaluation) -> tuple[Tensor, Evaluation, Tensor]:
        """Keep the candidate W_x + gamma (W_b - W_x) where it is in S."""
        candidate = torch.lerp(weights, here.ends, self.settings.gamma)
        candidate = here.norm_rule(candidate)
        there = here.problem.evaluate(candidate, here.datasets)
        # a chain that its gradient steps took out of S has ended: it shows where it left
        accepted = there.in_solution_space & found.in_solution_space
        merged = Evaluation(
            torch.where(accepted, there.losses, found.losses),
            torch.where(accepted, there.errors, found.errors),
            torch.where(accepted, there.min_margins, found.min_margins),
            found.max_errors,
        )
        return torch.where(accepted.unsqueeze(1), candidate, weights), merged, accepted

    def _goes_on(self, walk: Walk, here: Setting, row: int, weights: Tensor, *, inside: bool) -> bool:
        """End the chain if it left S, arrived, or stalls."""
        if not inside:
            walk.end(Status.LEFT_S, f"gradient steps left S at step {walk.steps[-1].step}: eta, gamma not properly set")
        elif walk.t >= self.settings.near and self._hop(walk, here.select(torch.tensor([row])), weights[row]):
            pass
        elif walk.gain(self.settings.stall_steps) < self.settings.stall_gain:
            walk.end(
                Status.STUCK,
                f"t = {walk.t:.4f} rose by less than {self.settings.stall_gain} in {self.settings.stall_steps} steps",
            )
        return walk.status is None

    def _hop(self, walk: Walk, here: Setting, weights: Tensor) -> bool:
        """Try the straight segment to W_b; arrive if it lies in S."""
        hop = certify_segments(here.problem, weights.unsqueeze(0), here.ends, here.datasets, self.settings.resolution)
        walk.hop_evaluations += int(hop.tested)
        if not bool(hop.hold):
            return False
        walk.arrive(weights, here.ends[0], hop.kind)
        return True


class Walkers(Run):
    """Where many chains stand.

    Args:
        tracker: the rules.
        setting: of all chains.
        walks: of all chains, so far.
        weights: (B', P) of those that have not ended.
        steps: taken so far.
    """

    def __init__(
        self, tracker: PaperTracker, setting: Setting, walks: list[Walk], weights: Tensor, steps: int = 0
    ) -> None:
        self._tracker, self._setting, self.walks, self.weights, self.steps = tracker, setting, walks, weights, steps
        self._here = setting.select(self.alive)

    @property
    def alive(self) -> Tensor:
        """Numbers of the chains that have not ended (B',)."""
        return torch.tensor([number for number, walk in enumerate(self.walks) if walk.status is None], dtype=torch.long)

    @property
    def over(self) -> bool:
        """Has every chain ended?"""
        return not len(self.alive)

    def step(self) -> Mapping[str, object]:
        """Take the gradient steps and try the elastic move."""
        tracker, here, alive = self._tracker, self._here, self.alive
        moved = tracker._gradient_moves(here, self.weights, self.steps)
        refuse_divergence(moved, "eta", tracker.settings.eta, f"after the gradient steps of step {self.steps}")
        found = here.problem.evaluate(moved, here.datasets)
        inside = found.in_solution_space
        weights, found, accepted = tracker._elastic_move(here, moved, found)
        t = normalised_distance(weights, here.starts, here.ends)
        self._record(t, found, accepted, weights)
        going = torch.tensor(
            [
                tracker._goes_on(self.walks[chain], here, row, weights, inside=kept)
                for row, (chain, kept) in enumerate(zip(alive.tolist(), inside.tolist(), strict=True))
            ],
            dtype=torch.bool,
        )
        if not going.all():
            rows = going.nonzero().squeeze(1).to(weights.device)
            weights, self._here = weights[rows], self._setting.select(alive[going])
        self.weights = weights
        epoch, errors = self.steps * tracker.settings.gradient_steps, int(found.errors.max())
        return {"walking": len(alive), "t": f"{float(t.median()):.3f}", "epoch": epoch, "errors": errors}

    def _record(self, t: Tensor, found: Evaluation, accepted: Tensor, weights: Tensor) -> None:
        times, losses, errors = t.tolist(), found.losses.tolist(), found.errors.tolist()
        margins, kept = found.min_margins.tolist(), accepted.tolist()
        settings = self._tracker.settings
        for row, chain in enumerate(self.alive.tolist()):
            step = Step(
                step=self.steps,
                t=times[row],
                train_loss=losses[row],
                train_errors=errors[row],
                min_margin=margins[row],
                accepted=kept[row],
                gamma=settings.gamma,
                eta=settings.eta,
                gradients=self.steps * settings.gradient_steps,
                evaluations=self.steps * 2,
            )
            self.walks[chain].add(step, weights[row])

    def state(self) -> State:
        """Return all that the rest of the walks depends on."""
        points = {f"points {number}": torch.stack(walk.points) for number, walk in enumerate(self.walks)}
        walks = [
            {
                "times": walk.times,
                "steps": [asdict(step) for step in walk.steps],
                "status": walk.status,
                "reason": walk.reason,
                "hop_evaluations": walk.hop_evaluations,
            }
            for walk in self.walks
        ]
        return State({"weights": self.weights, **points}, {"steps": self.steps, "walks": walks})

    def paths(self) -> list[Path]:
        """Return the walks."""
        for walk in self.walks:
            if walk.status is None:
                budget = self._tracker.settings.max_steps
                walk.end(Status.OUT_OF_BUDGET, f"t = {walk.t:.4f} after max_steps = {budget}")
        return [walk.path() for walk in self.walks]
