"""Algorithm 1 of the paper with stochastic gradient descent, as section 3.3 uses it on all of MNIST."""

from dataclasses import asdict, dataclass
from functools import partial

import torch
from torch import Tensor

from ramble.problems.minibatches import epoch
from ramble.problems.network import NetworkProblem
from ramble.problems.seeds import generator
from ramble.store.checkpoints import State, checked
from ramble.store.progress import Progress
from ramble.tracking.paper import PaperTracker, Walkers
from ramble.tracking.path import Setting, Status, Step, Walk
from ramble.tracking.stochastic_paper_settings import StochasticPaperSettings


@dataclass(frozen=True)
class StochasticPaperTracker(PaperTracker):
    """Algorithm 1 by minibatches; the seed is that of the order of the training samples.

    All chains walk side by side, and have one checkpoint: the first.
    """

    settings: StochasticPaperSettings

    def _begin(self, setting: Setting) -> Walkers:
        """Return the chains where they start, or where the checkpoint says they are."""
        walkers = (
            self.checkpoints[0].resume(partial(_taken_up, setting, self.settings.stored_points))
            if self.checkpoints
            else None
        )
        return walkers or super()._begin(setting)

    def _pause(self, walkers: Walkers) -> None:
        """Write the checkpoint when it is due."""
        if self.checkpoints and self.checkpoints[0].due:
            self.checkpoints[0].save(*_state(walkers))

    def _gradient_moves(self, here: Setting, weights: Tensor, number: int) -> Tensor:
        """Return the weights after the epochs of one step; all chains see the same batches."""
        assert isinstance(here.problem, NetworkProblem)
        random = generator(self.seed, "stochastic paper", number)
        with Progress(
            f"step {number}: training samples", self.settings.gradient_steps * here.problem.n_samples
        ) as progress:
            for passed in range((number - 1) * self.settings.gradient_steps, number * self.settings.gradient_steps):
                for samples in epoch(here.problem.n_samples, self.settings.batch, random):
                    batches = samples.to(weights.device).expand(len(weights), -1)
                    _, gradients = here.problem.batch_gradients(weights, batches)
                    weights = here.norm_rule(weights - self.settings.eta * gradients)
                    progress.advance(len(samples), epoch=passed + 1)
        return weights


def _state(walkers: Walkers) -> tuple[dict[str, Tensor], dict[str, object]]:
    """Return what a checkpoint keeps of the chains."""
    points = {f"points {number}": torch.stack(walk.points) for number, walk in enumerate(walkers.walks)}
    walks = [
        {
            "times": walk.times,
            "steps": [asdict(step) for step in walk.steps],
            "status": walk.status,
            "reason": walk.reason,
            "hop_evaluations": walk.hop_evaluations,
        }
        for walk in walkers.walks
    ]
    return {"weights": walkers.weights, **points}, {"steps": walkers.steps, "walks": walks}


def _taken_up(setting: Setting, stored_points: int, state: State) -> Walkers:
    """Return the chains that a checkpoint keeps."""
    chains, size = setting.starts.shape
    walks = []
    for number, facts in zip(range(chains), state.facts["walks"], strict=True):
        walk = Walk(setting.starts[number], stored_points)
        walk.times = [float(t) for t in facts["times"]]
        walk.points = list(state.tensor(f"points {number}", len(walk.times), size))
        walk.steps = [Step(**checked(Step, row)) for row in facts["steps"]]
        walk.status = Status(facts["status"]) if facts["status"] else None
        walk.reason, walk.hop_evaluations = str(facts["reason"]), int(facts["hop_evaluations"])
        walks.append(walk)
    walkers = Walkers(walks, state.tensor("weights", -1, size).to(setting.starts.device), int(state.facts["steps"]))
    for weights, chain in zip(walkers.weights, walkers.alive.tolist(), strict=True):
        walks[chain].last = weights
    return walkers
