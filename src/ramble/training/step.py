"""One step of stochastic gradient descent."""

from torch import Tensor

from ramble.problems.network import NetworkProblem


def minibatch_step(problem: NetworkProblem, weights: Tensor, samples: Tensor, rate: float) -> Tensor:
    """Return weights (B, P) after a step down the loss of the same training samples (m,) for all of them."""
    batches = samples.to(weights.device).expand(len(weights), -1)
    _, gradients = problem.batch_gradients(weights, batches)
    return weights - rate * gradients
