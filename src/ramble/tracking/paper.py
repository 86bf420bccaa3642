"""Algorithm 1 of the paper, for many chains at once.

The listing prints a minus sign in the elastic move; its Eq. 2 and 3 have the plus, and only plus moves towards W_b.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ramble.certificates.segments import certify_segments
from ramble.problems.problem import Evaluation, Problem
from ramble.store.progress import Progress
from ramble.tracking.paper_settings import PaperSettings
from ramble.tracking.path import Path, Setting, Status, Step, Walk, normalised_distance
from ramble.tracking.tracker import Tracker
from ramble.training.divergence import refuse_divergence


@dataclass
class Walkers:
    """Where many chains stand."""

    walks: list[Walk]
    weights: Tensor  # (B', P) of those that have not ended
    steps: int = 0

    @property
    def alive(self) -> Tensor:
        """Numbers of the chains that have not ended (B',)."""
        return torch.tensor([number for number, walk in enumerate(self.walks) if walk.status is None], dtype=torch.long)


@dataclass(frozen=True)
class PaperTracker(Tracker):
    """Algorithm 1, with a budget and a rule for when to give up."""

    settings: PaperSettings

    def track(self, problem: Problem, starts: Tensor, ends: Tensor, datasets: Tensor, progress: Progress) -> list[Path]:
        """Walk from every start to its end, all chains side by side.

        Args:
            problem: the networks.
            starts: W_a (B, P).
            ends: W_b (B, P).
            datasets: (B,), the training set of each chain.
            progress: advanced by one per step.

        Returns:
            One path per chain; not arriving is a result with its status and reason.
        """
        setting = Setting(problem, starts.to(problem.device), ends.to(problem.device), datasets)
        walkers = self._begin(setting)
        progress.resume(walkers.steps)
        here, alive = setting.select(walkers.alive), walkers.alive
        while len(alive) and walkers.steps < self.settings.max_steps:
            walkers.steps += 1
            moved = self._gradient_moves(here, walkers.weights, walkers.steps)
            refuse_divergence(moved, "eta", self.settings.eta, f"after the gradient steps of step {walkers.steps}")
            found = problem.evaluate(moved, here.datasets)
            inside = found.in_solution_space
            weights, found, accepted = self._elastic_move(here, moved, found)
            t = normalised_distance(weights, here.starts, here.ends)
            self._record(walkers, t, found, accepted, weights)
            epoch, errors = walkers.steps * self.settings.gradient_steps, int(found.errors.max())
            progress.advance(1, walking=len(alive), t=f"{float(t.median()):.3f}", epoch=epoch, errors=errors)
            going = torch.tensor(
                [
                    self._goes_on(walkers.walks[chain], here, row, weights, inside=kept)
                    for row, (chain, kept) in enumerate(zip(alive.tolist(), inside.tolist(), strict=True))
                ],
                dtype=torch.bool,
            )
            if not going.all():
                alive, rows = alive[going], going.nonzero().squeeze(1).to(weights.device)
                weights, here = weights[rows], setting.select(alive)
            walkers.weights = weights
            self._pause(walkers)
        for chain in alive.tolist():
            walk = walkers.walks[chain]
            walk.end(Status.OUT_OF_BUDGET, f"t = {walk.t:.4f} after max_steps = {self.settings.max_steps}")
        return [walk.path() for walk in walkers.walks]

    def _begin(self, setting: Setting) -> "Walkers":
        """Return the chains where they start."""
        return Walkers([Walk(start, self.settings.stored_points) for start in setting.starts], setting.starts)

    def _pause(self, walkers: "Walkers") -> None:
        """Be called after every step."""

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
        )
        return torch.where(accepted.unsqueeze(1), candidate, weights), merged, accepted

    def _record(
        self,
        walkers: "Walkers",
        t: Tensor,
        found: Evaluation,
        accepted: Tensor,
        weights: Tensor,
    ) -> None:
        times, losses, errors = t.tolist(), found.losses.tolist(), found.errors.tolist()
        margins, kept = found.min_margins.tolist(), accepted.tolist()
        for row, chain in enumerate(walkers.alive.tolist()):
            step = Step(
                step=walkers.steps,
                t=times[row],
                train_loss=losses[row],
                train_errors=errors[row],
                min_margin=margins[row],
                accepted=kept[row],
                gamma=self.settings.gamma,
                eta=self.settings.eta,
                gradients=walkers.steps * self.settings.gradient_steps,
                evaluations=walkers.steps * 2,
            )
            walkers.walks[chain].add(step, weights[row])

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
