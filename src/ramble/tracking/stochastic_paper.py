"""Algorithm 1 of the paper with stochastic gradient descent, as section 3.3 uses it on all of MNIST."""

from dataclasses import dataclass

from torch import Tensor

from ramble.problems.minibatches import epoch
from ramble.problems.network import NetworkProblem
from ramble.problems.seeds import generator
from ramble.store.progress import Progress
from ramble.tracking.paper import PaperTracker
from ramble.tracking.path import Setting
from ramble.tracking.stochastic_paper_settings import StochasticPaperSettings
from ramble.training.step import minibatch_step


@dataclass(frozen=True)
class StochasticPaperTracker(PaperTracker):
    """Algorithm 1 by minibatches; the seed is that of the order of the training samples."""

    settings: StochasticPaperSettings

    def _gradient_moves(self, here: Setting, weights: Tensor, number: int) -> Tensor:
        """Return the weights after the epochs of one step; all chains see the same batches."""
        assert isinstance(here.problem, NetworkProblem)
        random = generator(self.seed, "stochastic paper", number)
        with Progress(
            f"step {number}: training samples", self.settings.gradient_steps * here.problem.n_samples
        ) as progress:
            for passed in range((number - 1) * self.settings.gradient_steps, number * self.settings.gradient_steps):
                for samples in epoch(here.problem.n_samples, self.settings.batch, random):
                    weights = here.norm_rule(minibatch_step(here.problem, weights, samples, self.settings.eta))
                    progress.advance(len(samples), epoch=passed + 1)
        return weights
