"""One step of stochastic gradient descent, and how the rate changes over all of them."""

import math

from torch import Tensor

from ramble.problems.network import NetworkProblem

SLOWEST = 0.02  # share of the rate that a cosine ends at
RISING = 0.2  # share of the steps of one cycle in which the rate rises


def minibatch_step(problem: NetworkProblem, weights: Tensor, samples: Tensor, rate: float) -> Tensor:
    """Return weights (B, P) after a step down the loss of the same training samples (m,) for all of them."""
    return weights - rate * _gradients(problem, weights, samples)


def nesterov_step(
    problem: NetworkProblem, weights: Tensor, velocity: Tensor, samples: Tensor, rate: float, momentum: float
) -> tuple[Tensor, Tensor]:
    """Return weights and velocity (B, P) after such a step with momentum (Sutskever et al. 2013, as torch writes it).

    The velocity, none in the beginning, is a sum of gradients and does not hold the rate.
    """
    return nesterov(weights, velocity, _gradients(problem, weights, samples), rate, momentum)


def nesterov(
    weights: Tensor, velocity: Tensor, gradients: Tensor, rate: float | Tensor, momentum: float
) -> tuple[Tensor, Tensor]:
    """Return weights and velocity (B, P) after a step on given gradients; the rate is a number, or (P,)."""
    velocity = momentum * velocity + gradients
    return weights - rate * (gradients + momentum * velocity), velocity


def cosine(share: float) -> float:
    """Return the factor on a rate after a share of a stage: 1 in the beginning, `SLOWEST` in the end."""
    return SLOWEST + (1 - SLOWEST) * (1 + math.cos(math.pi * share)) / 2


def one_cycle(share: float) -> float:
    """Return the factor on a rate after a share of all steps: it rises in a line, and falls by a cosine to nothing."""
    if share < RISING:
        return share / RISING
    return (1 + math.cos(math.pi * (share - RISING) / (1 - RISING))) / 2


def _gradients(problem: NetworkProblem, weights: Tensor, samples: Tensor) -> Tensor:
    batches = samples.to(weights.device).expand(len(weights), -1)
    _, gradients = problem.batch_gradients(weights, batches)
    return gradients
