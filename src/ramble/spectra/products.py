"""Products with the Hessian of a network's training loss, and the trace they estimate."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

Product = Callable[[Tensor], Tensor]  # v (P,) -> H v (P,)


def flat(parts: Sequence[Tensor]) -> Tensor:
    """Return tensors of any shapes, one per parameter, as one vector (P,)."""
    return torch.cat([part.reshape(-1) for part in parts])


def hessian_product(network: nn.Module, inputs: Tensor, labels: Tensor) -> Product:
    """Return v -> H v by double backward on one retained graph, in the network's dtype.

    On a CPU that costs half of forward-over-reverse products; the graph is built once for all of them.
    """
    parameters = list(network.parameters())
    loss = nn.functional.cross_entropy(network(inputs), labels)
    gradient = flat(torch.autograd.grad(loss, parameters, create_graph=True))

    def product(vector: Tensor) -> Tensor:
        parts = torch.autograd.grad(gradient, parameters, grad_outputs=vector, retain_graph=True)
        return flat(parts).detach()

    return product


def sampled_trace(
    product: Product, basis: Tensor, exact: float, samples: int, random: torch.Generator
) -> tuple[float, float]:
    """Return the trace and its standard error (Meyer et al. 2021, Hutch++, with a known span as the sketch).

    The trace on a span that holds the top eigenvectors is known; only the rest, whose eigenvalues are small, is
    sampled. Hutchinson's estimate alone needs hundreds of products for one tenth of the precision.

    Args:
        product: v -> H v.
        basis: (P, n), orthonormal.
        exact: the trace of basis^T H basis.
        samples: random vectors.
        random: where their signs come from.
    """
    rest = []
    for _ in range(samples):
        vector = (torch.randint(0, 2, (len(basis),), generator=random) * 2.0 - 1.0).to(basis)
        vector = vector - basis @ (basis.T @ vector)
        rest.append(float(vector @ product(vector)))
    return exact + float(np.mean(rest)), float(np.std(rest, ddof=1) / samples**0.5)
