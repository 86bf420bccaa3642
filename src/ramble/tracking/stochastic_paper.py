"""Algorithm 1 of the paper with stochastic gradient descent, as section 3.3 uses it on all of MNIST."""

from dataclasses import dataclass

from torch import Tensor

from ramble.problems.minibatches import epoch
from ramble.problems.network import NetworkProblem
from ramble.progress import Progress
from ramble.seeds import generator
from ramble.tracking.paper import PaperTracker
from ramble.tracking.path import Setting


@dataclass(frozen=True)
class StochasticPaperTracker(PaperTracker):
    """Parameters of Algorithm 1; `gradient_steps`, and the gradients of a path's table, count epochs.

    Attributes:
        batch: training samples per gradient.
        seed: of the order of the training samples.
    """

    batch: int
    seed: int

    def _gradient_moves(self, here: Setting, weights: Tensor, number: int) -> Tensor:
        """Return the weights after the epochs of one step; all chains see the same batches."""
        assert isinstance(here.problem, NetworkProblem)
        random = generator(self.seed, "stochastic paper", number)
        with Progress(f"step {number}: training samples", self.gradient_steps * here.problem.n_samples) as progress:
            for passed in range((number - 1) * self.gradient_steps, number * self.gradient_steps):
                for samples in epoch(here.problem.n_samples, self.batch, random):
                    batches = samples.to(weights.device).expand(len(weights), -1)
                    _, gradients = here.problem.batch_gradients(weights, batches)
                    weights = here.norm_rule(weights - self.eta * gradients)
                    progress.advance(len(samples), epoch=passed + 1)
        return weights
