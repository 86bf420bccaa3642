"""All eigenvalues of the full Hessian, in float64."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ramble.spectra.lanczos import error_bounds
from ramble.spectra.spectrum import Spectrum


class HasHessians(Protocol):
    """A problem that gives its Hessian in closed form."""

    def hessians(self, weights: Tensor, datasets: Tensor) -> Tensor:
        """Return (B, P, P), float64."""


@dataclass(frozen=True)
class ExactEngine:
    """Dense symmetric eigenvalue decomposition."""

    def spectrum(self, problem: HasHessians, weights: Tensor, dataset: int, label: str) -> Spectrum:
        """Return all P eigenvalues at `weights` (P,), with the residual of every eigenpair."""
        (hessian,) = problem.hessians(weights.unsqueeze(0), torch.tensor([dataset]))
        ascending, vectors = torch.linalg.eigh(hessian)
        misses = (hessian @ vectors - vectors * ascending).norm(dim=0)
        values, residuals = ascending.flip(0).cpu().numpy(), misses.flip(0).cpu().numpy()
        trace = float(hessian.diagonal().sum())
        bounds = error_bounds(values, residuals)
        return Spectrum(values, residuals, bounds, values[-1:], residuals[-1:], trace, 0.0, True)
