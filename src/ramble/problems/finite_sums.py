"""Losses F = (1 / n) sum_i f_i whose samples are all looked at: logistic regression, least squares, a small network.

Everything is float64, and many points of weight space are taken at once. The theorems on stochastic gradient descent
are about such sums; here all of their quantities can be computed instead of estimated.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor
from torch.nn.functional import softplus

from ramble.errors import RambleError

NEWTON_STEPS = 300
ROUNDING = 1e-14  # of a loss
STATIONARY = 1e-12  # |grad F| at a minimum, relative to the largest |grad f_i| at the start or 1


class FiniteSum(ABC):
    """The mean of n functions of the weights w (P,), in float64.

    Attributes:
        samples: n.
        size: P.
        smoothness: L with |grad F(v) - grad F(w)| <= L |v - w| for all v, w; None where no such number is known.
        variance_bound: M with E|grad f_i - grad F|^2 <= M everywhere; None where no such number is known.
    """

    samples: int
    size: int
    smoothness: float | None = None
    variance_bound: float | None = None

    @abstractmethod
    def losses(self, weights: Tensor) -> Tensor:
        """Return f_i (..., n) at weights (..., P)."""

    @abstractmethod
    def gradients(self, weights: Tensor) -> Tensor:
        """Return grad f_i (..., n, P) at weights (..., P)."""

    def value(self, weights: Tensor) -> Tensor:
        """Return F (...) at weights (..., P)."""
        return self.losses(weights).mean(-1)

    def gradient(self, weights: Tensor) -> Tensor:
        """Return grad F (..., P)."""
        return self.gradients(weights).mean(-2)

    @abstractmethod
    def hessian(self, weights: Tensor) -> Tensor:
        """Return the second derivatives (..., P, P) of F at weights (..., P)."""

    @abstractmethod
    def alone(self, sample: int) -> "FiniteSum":
        """Return f_i as a sum of one sample."""

    def minimum(self, start: Tensor) -> Tensor:
        """Return a minimum (P,), alone in its neighbourhood, that damped Newton steps find from a start.

        Raises RambleError where there is none that they reach: a separable logistic regression has none.
        """
        point, damping = start.double(), 1e-3
        scale = max(1.0, float(self.gradients(point).norm(dim=-1).max()))
        for _ in range(NEWTON_STEPS):
            gradient = self.gradient(point)
            curvatures, directions = torch.linalg.eigh(self.hessian(point))
            along = directions.T @ gradient
            if float(gradient.norm()) <= STATIONARY * scale:
                # on the way to infinity the gradient fades, and the way that is left does not
                if float((along / curvatures).norm()) <= 1e-6 * (1 + float(point.norm())):
                    return point
                break
            tried = point - directions @ (along / (curvatures.abs() + damping))  # downhill where F curves downwards too
            closer = float(self.gradient(tried).norm()) < float(gradient.norm())
            before, after = float(self.value(point)), float(self.value(tried))
            # far from a minimum |grad F| may rise on the way; close to it differences of F are rounding
            taken = after < before or (closer and after <= before + ROUNDING * (1 + abs(before)))
            point, damping = (tried, damping / 10) if taken else (point, 10 * damping)
        raise RambleError(
            f"{type(self).__name__}: no minimum within {NEWTON_STEPS} Newton steps (|w| is {float(point.norm()):.3g}, "
            f"|grad F| {float(self.gradient(point).norm()):.3g}); give classes that overlap, more samples, or a ridge."
        )


class LogisticRegression(FiniteSum):
    """f_i(w) = log(1 + exp(-y_i x_i w)) + ridge |w|^2 / 2.

    L is the largest eigenvalue of X^T X / (4 n), plus the ridge: the second derivative of the logistic loss is 1 / 4 at
    most. |grad f_i - ridge w| is at most |x_i|, so the mean of |x_i|^2 bounds the variance everywhere.

    Args:
        inputs: X (n, P); a column of ones is the bias.
        labels: y (n,), +-1.
        ridge: >= 0.
    """

    def __init__(self, inputs: Tensor, labels: Tensor, ridge: float = 0.0) -> None:
        self._inputs, self._labels, self._ridge = inputs.double(), labels.double(), ridge
        self.samples, self.size = inputs.shape
        self.smoothness = float(torch.linalg.eigvalsh(self._inputs.T @ self._inputs)[-1]) / (4 * self.samples) + ridge
        self.variance_bound = float(self._inputs.square().sum(1).mean())

    def losses(self, weights: Tensor) -> Tensor:
        """Return f_i (..., n)."""
        return softplus(-self._labels * (weights @ self._inputs.T)) + self._penalty(weights)

    def gradients(self, weights: Tensor) -> Tensor:
        """Return grad f_i (..., n, P)."""
        slopes = -self._labels * torch.sigmoid(-self._labels * (weights @ self._inputs.T))
        return slopes.unsqueeze(-1) * self._inputs + self._ridge * weights.unsqueeze(-2)

    def hessian(self, weights: Tensor) -> Tensor:
        """Return X^T diag(p (1 - p)) X / n, plus the ridge."""
        chances = torch.sigmoid(weights @ self._inputs.T)
        curved = (chances * (1 - chances)).unsqueeze(-1) * self._inputs
        ridge = self._ridge * torch.eye(self.size, dtype=torch.float64)
        return self._inputs.T @ curved / self.samples + ridge

    def alone(self, sample: int) -> "LogisticRegression":
        """Return f_i."""
        own = slice(sample, sample + 1)
        return LogisticRegression(self._inputs[own], self._labels[own], self._ridge)

    def _penalty(self, weights: Tensor) -> Tensor:
        return self._ridge / 2 * weights.square().sum(-1, keepdim=True)


class LeastSquares(FiniteSum):
    """f_i(w) = (x_i w - t_i)^2 / 2. L is the largest eigenvalue of X^T X / n.

    Args:
        inputs: X (n, P).
        targets: t (n,).
    """

    def __init__(self, inputs: Tensor, targets: Tensor) -> None:
        self._inputs, self._targets = inputs.double(), targets.double()
        self.samples, self.size = inputs.shape
        self.smoothness = float(torch.linalg.eigvalsh(self._inputs.T @ self._inputs)[-1]) / self.samples

    def losses(self, weights: Tensor) -> Tensor:
        """Return f_i (..., n)."""
        return 0.5 * (weights @ self._inputs.T - self._targets).square()

    def gradients(self, weights: Tensor) -> Tensor:
        """Return grad f_i (..., n, P)."""
        return (weights @ self._inputs.T - self._targets).unsqueeze(-1) * self._inputs

    def hessian(self, weights: Tensor) -> Tensor:
        """Return X^T X / n, the same everywhere."""
        return (self._inputs.T @ self._inputs / self.samples).expand(*weights.shape, self.size)

    def alone(self, sample: int) -> "LeastSquares":
        """Return f_i."""
        own = slice(sample, sample + 1)
        return LeastSquares(self._inputs[own], self._targets[own])


class SmallNetwork(FiniteSum):
    """One hidden layer of tanh units and one output z: half of (z - t)^2, or the logistic loss of labels t = +-1.

    Weights are in the order U (hidden, inputs), b (hidden), v (hidden), c. No L holds everywhere.

    Args:
        inputs: X (n, inputs).
        targets: t (n,).
        hidden: units.
        squared: the squared error, not the logistic loss.
        ridge: >= 0; each f_i has ridge |w|^2 / 2 besides.
    """

    def __init__(self, inputs: Tensor, targets: Tensor, hidden: int, *, squared: bool, ridge: float = 0.0) -> None:
        self._inputs, self._targets = inputs.double(), targets.double()
        self._squared, self._ridge = squared, ridge
        self.samples, self._width = inputs.shape
        self._hidden, self._first = hidden, hidden * self._width
        self.size = hidden * (self._width + 2) + 1

    def outputs(self, weights: Tensor) -> Tensor:
        """Return z (..., n)."""
        units, v = self._units(weights)
        return (units * v.unsqueeze(-2)).sum(-1) + weights[..., -1:]

    def losses(self, weights: Tensor) -> Tensor:
        """Return f_i (..., n)."""
        z = self.outputs(weights)
        each = 0.5 * (z - self._targets).square() if self._squared else softplus(-self._targets * z)
        return each + self._ridge / 2 * weights.square().sum(-1, keepdim=True)

    def gradients(self, weights: Tensor) -> Tensor:
        """Return grad f_i (..., n, P), by the chain rule."""
        slopes, _ = self._slopes(self.outputs(weights))
        return slopes.unsqueeze(-1) * self._jacobian(weights) + self._ridge * weights.unsqueeze(-2)

    def hessian(self, weights: Tensor) -> Tensor:
        """Return the mean of f'' J J^T + f' times the second derivatives of z, unit by unit."""
        slopes, curves = self._slopes(self.outputs(weights))
        jacobian = self._jacobian(weights)
        found = jacobian.transpose(-1, -2) @ (curves.unsqueeze(-1) * jacobian) / self.samples
        units, v = self._units(weights)
        rises = 1 - units.square()
        bends = -2 * units * rises * v.unsqueeze(-2)  # of z in the field of a unit, twice
        inputs = torch.cat([self._inputs, torch.ones(self.samples, 1, dtype=torch.float64)], 1)
        for unit in range(self._hidden):
            own = torch.tensor([*range(unit * self._width, (unit + 1) * self._width), self._first + unit])
            out = self._first + self._hidden + unit
            mixed = (slopes * rises[..., unit]) @ inputs / self.samples
            found[..., own.unsqueeze(1), own] += (
                inputs.T @ ((slopes * bends[..., unit]).unsqueeze(-1) * inputs) / self.samples
            )
            found[..., own, out] += mixed
            found[..., out, own] += mixed
        return found + self._ridge * torch.eye(self.size, dtype=torch.float64)

    def alone(self, sample: int) -> "SmallNetwork":
        """Return f_i."""
        own = slice(sample, sample + 1)
        return SmallNetwork(
            self._inputs[own], self._targets[own], self._hidden, squared=self._squared, ridge=self._ridge
        )

    def _slopes(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return the first and second derivative (..., n) of each f_i in its output."""
        if self._squared:
            return z - self._targets, torch.ones_like(z)
        chances = torch.sigmoid(-self._targets * z)
        return -self._targets * chances, chances * (1 - chances)

    def _jacobian(self, weights: Tensor) -> Tensor:
        """Return the derivative (..., n, P) of the outputs."""
        units, v = self._units(weights)
        below = v.unsqueeze(-2) * (1 - units.square())  # of the fields of the units
        of_inputs = (below.unsqueeze(-1) * self._inputs.unsqueeze(-2)).flatten(-2)
        return torch.cat([of_inputs, below, units, torch.ones_like(units[..., :1])], -1)

    def _units(self, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Return the hidden units (..., n, hidden) and v (..., hidden)."""
        matrix = torch.unflatten(weights[..., : self._first], -1, (self._hidden, self._width))
        bias, v, _ = torch.split(weights[..., self._first :], [self._hidden, self._hidden, 1], -1)
        return torch.tanh(self._inputs @ matrix.transpose(-1, -2) + bias.unsqueeze(-2)), v
