"""One step of stochastic gradient descent."""

from torch import Tensor

from ramble.problems.network import NetworkProblem


def minibatch_step(problem: NetworkProblem, weights: Tensor, samples: Tensor, rate: float) -> Tensor:
    """Return weights (B, P) after a step down the loss of the same training samples (m,) for all of them."""
    return weights - rate * _gradients(problem, weights, samples)


def nesterov_step(
    problem: NetworkProblem, weights: Tensor, velocity: Tensor, samples: Tensor, rate: float, momentum: float
) -> tuple[Tensor, Tensor]:
    """Return weights and velocity (B, P) after such a step with momentum (Sutskever et al. 2013, as torch writes it).

    The velocity, none in the beginning, is a sum of gradients and does not hold the rate.
    """
    gradients = _gradients(problem, weights, samples)
    velocity = momentum * velocity + gradients
    return weights - rate * (gradients + momentum * velocity), velocity


def _gradients(problem: NetworkProblem, weights: Tensor, samples: Tensor) -> Tensor:
    batches = samples.to(weights.device).expand(len(weights), -1)
    _, gradients = problem.batch_gradients(weights, batches)
    return gradients
