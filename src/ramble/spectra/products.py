"""Products with the Hessian of a network's training loss, with its Gauss-Newton part, and traces."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from ramble.errors import RambleError
from ramble.problems.curvature import Product
from ramble.problems.logits import inputs_in, logits_of
from ramble.problems.network import NetworkProblem

CHANGE = 2.0**-26  # of the weights, relatively: half of the digits of float64
Minibatch = tuple[Tensor, Tensor, float]  # inputs (B, ...), labels (B,), share B / M of the data


class Curvature:
    """Products with second derivatives of the mean training loss at one point.

    Data that fit into one minibatch keep what their forward pass leaves for all products; of larger data every
    minibatch goes forward anew for each product, so that memory does not grow with the data. Where the network has
    kinks (ReLU, max-pooling), the second derivatives are those of the smooth piece that autograd picks: the one with
    ReLU'(0) = 0 and the first of equal maxima. The set of weights that put an input on a kink has measure zero.

    Args:
        problem: gives network and training set.
        weights: (P,), on any device; products have their dtype.
        label: names the point in errors.
        batch: inputs held at a time, at most; None: all of them.

    Raises:
        RambleError: a problem that is no NetworkProblem; weights that are not finite; a network in training mode, or
            whose loss changes from one evaluation to the next. Products raise it where they are not finite, or the
            device has no memory for a minibatch.
    """

    def __init__(self, problem: NetworkProblem, weights: Tensor, label: str, batch: int | None) -> None:
        if not isinstance(problem, NetworkProblem):
            raise RambleError(
                f"{label}: engines krylov and pyhessian differentiate a NetworkProblem, which {type(problem).__name__} "
                "is not; take engine: exact"
            )
        refuse_not_finite(weights, label)
        self._label = label
        self._network = problem.network(weights.to(problem.device))
        self._parts, self._loss = problem.curvature(self._network), problem.loss
        inputs, labels = problem.data("train")
        self._inputs, self._labels, self._batch = inputs_in(inputs, weights.dtype), labels, batch or len(inputs)
        self._refuse_randomness()

    def hessian(self, labels: Tensor | None = None) -> Product:
        """Return v -> H v, for the training labels or others (M,)."""
        return self._summed(self._parts.hessian_of, labels)

    def gauss_newton(self) -> Product:
        """Return v -> G v, the Hessian of the loss with the network linearised in its weights (Schraudolph 2002).

        G = mean_i J_i^T C_i J_i, with J_i the derivative of the logits and C_i the second derivative of the loss in
        them: diag p_i - p_i p_i^T for the cross-entropy, p_i the softmax, and the identity for the squared error.
        """
        return self._summed(self._parts.gauss_newton_of)

    def logits(self) -> Iterator[Tensor]:
        """Return the logits (B, C) of one minibatch after the other."""
        for inputs, _, _ in self._minibatches(None):
            with torch.no_grad(), self._memory():
                found = logits_of(self._network, inputs)
            yield found

    def _summed(self, of: Callable[..., Product], others: Tensor | None = None) -> Product:
        kept = []
        if len(self._inputs) <= self._batch:
            with self._memory():
                kept = [(of(inputs, own, lasting=True), share) for inputs, own, share in self._minibatches(others)]

        def product(vector: Tensor) -> Tensor:
            total = torch.zeros_like(vector)
            with self._memory():
                for part, share in kept:
                    total += share * part(vector)
                if not kept:
                    for inputs, own, share in self._minibatches(others):
                        total += share * of(inputs, own, lasting=False)(vector)
            if not total.norm().isfinite():
                raise RambleError(
                    f"{self._label}: a product with the Hessian is not finite; check the weights and the loss there"
                )
            return total

        return product

    def _minibatches(self, others: Tensor | None) -> Iterator[Minibatch]:
        size, labels = min(self._batch, self._parts.most or self._batch), self._labels if others is None else others
        parts = (torch.split(tensor, size) for tensor in (self._inputs, labels))
        for inputs, labels in zip(*parts, strict=True):
            yield inputs, labels, len(inputs) / len(self._inputs)

    @contextmanager
    def _memory(self) -> Iterator[None]:
        """Name what to lower where the device has no memory for a minibatch."""
        try:
            with mathematical_attention():
                yield
        except torch.OutOfMemoryError:
            raise RambleError(
                f"{self._label}: the device has no memory for minibatches of {self._batch} inputs; lower spectra.batch "
                "(of engine krylov)"
            ) from None

    def _refuse_randomness(self) -> None:
        training = [name or "the network" for name, module in self._network.named_modules() if module.training]
        if training:
            raise RambleError(
                f"{self._label}: {training[0]} is in training mode, where dropout is random and batch norm looks at "
                "the batch; return the network in evaluation mode (.eval())"
            )
        inputs, labels, _ = next(self._minibatches(None))
        with torch.no_grad(), self._memory():
            first, second = (self._loss.mean(logits_of(self._network, inputs), labels) for _ in range(2))
        if first.isfinite() and first != second:
            raise RambleError(
                f"{self._label}: two evaluations of the loss differ ({float(first):.9g}, {float(second):.9g}); "
                "take the randomness out of the network"
            )


@contextmanager
def mathematical_attention() -> Iterator[None]:
    """Take attention as the products and the softmax that it is: torch's fused kernels have no second derivative."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


def refuse_not_finite(weights: Tensor, label: str) -> None:
    """Raise RambleError where some of the weights (P,) are not finite."""
    if not weights.isfinite().all():
        raise RambleError(f"{label}: some weights are not finite; track the path anew")


def steepness(problem: NetworkProblem, weights: Tensor, label: str, batch: int | None) -> float:
    """Return how many units of float64 the probabilities of a network are off, at the worst of its training inputs.

    They are exponentials of the logits, and relatively as many units off as the logits are absolutely: one of 300, once
    rounded, moves the curvature by 300 units. To that comes what the layers lose before, where large terms cancel: as
    much as the logits move when every weight is changed by a unit, up or down at random.

    Raises RambleError as `Curvature` does.
    """
    double = weights.double()
    signs = random_signs(len(double), torch.Generator().manual_seed(0)).to(double)
    places = (double, double * (1 + CHANGE * signs))
    here, there = (Curvature(problem, place, label, batch).logits() for place in places)
    return max(
        1.0 + float(logits.abs().max()) + float((moved - logits).abs().max()) / CHANGE
        for logits, moved in zip(here, there, strict=True)
    )


def sampled_trace(
    product: Product, basis: Tensor, exact: float, samples: int, random: torch.Generator
) -> tuple[float, float]:
    """Return the trace and its standard error (Meyer et al. 2021, Hutch++, with a known span as the sketch).

    The trace on a span that holds the top eigenvectors is known; only the rest, whose eigenvalues are small, is
    sampled. Hutchinson's estimate alone needs hundreds of products for one tenth of the precision.

    Args:
        product: v -> A v.
        basis: (P, n), orthonormal.
        exact: the trace of basis^T A basis.
        samples: random vectors.
        random: where their signs come from.
    """
    rest = []
    for _ in range(samples):
        vector = random_signs(len(basis), random).to(basis)
        vector = vector - basis @ (basis.T @ vector)
        rest.append(float(vector @ product(vector)))
    return exact + float(np.mean(rest)), float(np.std(rest, ddof=1) / samples**0.5)


def random_signs(size: int, random: torch.Generator) -> Tensor:
    """Return a vector (P,) of independent signs, +-1 (Rademacher)."""
    return torch.randint(0, 2, (size,), generator=random) * 2.0 - 1.0
