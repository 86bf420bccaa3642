"""Products with the Hessian of the mean loss on some inputs, and with its Gauss-Newton part, by autograd."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import torch
from torch import Tensor, nn

from ramble.problems.logits import logits_of
from ramble.problems.losses import CROSS_ENTROPY, Loss
from ramble.problems.pieces import on_the_piece_of
from ramble.problems.saturation import ExactSaturation

Product = Callable[[Tensor], Tensor]  # v (P,) -> A v (P,), for a symmetric A


def flat(parts: Sequence[Tensor]) -> Tensor:
    """Return tensors of any shapes, one per parameter, as one vector (P,)."""
    return torch.cat([part.reshape(-1) for part in parts])


class MinibatchCurvature(Protocol):
    """Products with second derivatives of a network's mean loss on inputs (B, ...) with labels (B,).

    Both methods do what does not depend on v; the product that they return keeps it, and may be asked again and again.
    """

    @property
    def most(self) -> int | None:
        """How many inputs it should be given at a time, at most; None where it does not matter."""

    def hessian_of(self, inputs: Tensor, labels: Tensor, *, lasting: bool) -> Product:
        """Return v -> H v; `lasting`: it will be asked often, so that what it keeps may cost more."""

    def gauss_newton_of(self, inputs: Tensor, labels: Tensor, *, lasting: bool) -> Product:
        """Return v -> G v."""


class AutogradCurvature:
    """The products of any network, from the graph that autograd records.

    Args:
        network: as `NetworkProblem.network` returns it; its weights are the parameters that require gradients.
        loss: of its logits.
        logits: inputs (B, ...) -> logits (B, C) as a function of these parameters, where more of the network than they
            depends on them.
        finer: makes the same network in float64, for products that last: it decides which units are active.
    """

    most = None

    def __init__(
        self,
        network: nn.Module,
        loss: Loss = CROSS_ENTROPY,
        logits: Callable[[Tensor], Tensor] | None = None,
        finer: Callable[[], nn.Module] | None = None,
    ) -> None:
        self._loss, self._logits, self._finer = loss, logits or partial(logits_of, network), finer
        self._parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]

    def hessian_of(self, inputs: Tensor, labels: Tensor, *, lasting: bool) -> Product:
        """Return v -> H v, by double backward: on a CPU half the cost of forward over reverse."""
        loss = self._loss.mean(self._logits_at(inputs, lasting=lasting), labels)
        gradient = flat(torch.autograd.grad(loss, self._parameters, create_graph=True, materialize_grads=True))
        return lambda vector: self._derivatives(gradient, vector)

    def gauss_newton_of(self, inputs: Tensor, labels: Tensor, *, lasting: bool) -> Product:
        """Return v -> G v = mean_i J_i^T C_i J_i v, C_i the second derivative of the loss in the logits."""
        logits = self._logits_at(inputs, lasting=lasting)
        # J v is the derivative in u of the vector-Jacobian product u -> J^T u, which is linear in u
        dummy = torch.zeros_like(logits, requires_grad=True)
        backward = flat(torch.autograd.grad(logits, self._parameters, dummy, create_graph=True, materialize_grads=True))

        def product(vector: Tensor) -> Tensor:
            (forward,) = torch.autograd.grad(backward, dummy, vector, retain_graph=True)
            return self._derivatives(logits, self._loss.curved(logits.detach(), forward))

        return product

    def _logits_at(self, inputs: Tensor, *, lasting: bool) -> Tensor:
        with ExactSaturation():
            if not lasting or self._finer is None or self._parameters[0].dtype == torch.float64:
                return self._logits(inputs)
            return on_the_piece_of(partial(logits_of, self._finer()), self._logits, inputs)

    def _derivatives(self, outputs: Tensor, vector: Tensor) -> Tensor:
        parts = torch.autograd.grad(outputs, self._parameters, vector, retain_graph=True, materialize_grads=True)
        return flat(parts).detach()
