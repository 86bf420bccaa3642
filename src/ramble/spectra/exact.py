"""All eigenvalues of the full Hessian, in float64."""

from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from ramble.errors import RambleError
from ramble.problems.network import NetworkProblem
from ramble.spectra.ends import unit_rounding
from ramble.spectra.engine import SpectrumEngine
from ramble.spectra.perturbed import TIMES, Perturbed, perturbed
from ramble.spectra.products import Curvature, refuse_not_finite
from ramble.spectra.rounding import rounding_of_hessian
from ramble.spectra.search import Rounding
from ramble.spectra.settings import ExactSettings
from ramble.spectra.spectrum import Spectrum

DRAWS = 3  # of larger roundings; what all numbers of a matrix are off by hardly differs between them
LARGEST = 5_000  # weights; 4,982 were measured to take 73 s a point on one core and 1,580 MiB


@runtime_checkable
class HasHessians(Protocol):
    """A problem that gives its Hessian in closed form."""

    def hessians(self, weights: Tensor, datasets: Tensor) -> Tensor:
        """Return (B, P, P), float64."""


@dataclass(frozen=True)
class ExactEngine(SpectrumEngine[HasHessians | NetworkProblem]):
    """Dense symmetric eigenvalue decomposition."""

    settings: ExactSettings = field(default_factory=ExactSettings)

    def spectrum(self, problem: HasHessians | NetworkProblem, weights: Tensor, dataset: int, label: str) -> Spectrum:
        """Return all P eigenvalues at `weights` (P,), with the residual of every eigenpair and the rounding of float64.

        Raises RambleError where weights are not finite, for a problem of neither kind, and as `hessian_of_network`
        does.
        """
        refuse_not_finite(weights, label)
        if isinstance(problem, HasHessians):
            (hessian,) = problem.hessians(weights.unsqueeze(0), torch.tensor([dataset]))
        elif isinstance(problem, NetworkProblem):
            hessian = hessian_of_network(problem, weights, label)
        else:
            raise RambleError(
                f"{label}: engine exact needs the method hessians or a NetworkProblem, and {type(problem).__name__} is "
                "neither; write hessians(weights, datasets)"
            )
        ascending, vectors = torch.linalg.eigh(hessian)
        misses = hessian @ vectors - vectors * ascending
        of_products: Rounding
        if isinstance(problem, HasHessians):
            of_products = partial(_rounding_in_closed_form, problem, weights, dataset, hessian)
        else:
            of_products = rounding_of_hessian(problem, weights, label, None)
        rounding = of_products(float(ascending.abs().max()))
        values, residuals = (found.flip(0).cpu().numpy() for found in (ascending, misses.norm(dim=0) + rounding))
        # the vectors are orthonormal: in order, every value is as close as the norm of all that they miss (Weyl)
        bounds = np.full(len(values), float(misses.norm()) + rounding)
        trace = float(hessian.diagonal().sum())
        return Spectrum(
            values, residuals, bounds, values[-1:], residuals[-1:], bounds[-1:],
            trace, len(values) ** 0.5 * rounding, True,
        )  # fmt: skip


def hessian_of_network(problem: NetworkProblem, weights: Tensor, label: str) -> Tensor:
    """Return the Hessian (P, P), float64, of a network's training loss at `weights` (P,), column by column.

    Raises RambleError where there are more than `LARGEST` weights, and as `Curvature` does.
    """
    if len(weights) > LARGEST:
        raise RambleError(
            f"{label}: engine exact writes out Hessians of at most {LARGEST} weights, and the network has "
            f"{len(weights)}; take engine: krylov"
        )
    product = Curvature(problem, weights.double(), label, batch=None).hessian()
    hessian = weights.new_empty((len(weights), len(weights)), dtype=torch.float64, device=problem.device)
    for number, row in enumerate(hessian):
        unit = torch.zeros_like(row)
        unit[number] = 1.0
        row.copy_(product(unit))
    return (hessian + hessian.T) / 2  # symmetric but for rounding


def _rounding_in_closed_form(
    problem: HasHessians, weights: Tensor, dataset: int, hessian: Tensor, largest: float
) -> float:
    """Return what a Hessian (P, P) in closed form may be off in float64, as `RoundingInFloat64` does of products."""
    worst = 0.0
    for seed in range(1, 1 + DRAWS):
        place = perturbed(weights.double(), seed).unsqueeze(0)
        with Perturbed(seed):
            (moved,) = problem.hessians(place, torch.tensor([dataset]))
        worst = max(worst, float((moved - hessian).norm()) / TIMES)
    return max(2 * worst, unit_rounding(torch.float64, len(weights))(largest))
