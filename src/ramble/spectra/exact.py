"""All eigenvalues of the full Hessian, in float64."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

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
        values, vectors = torch.linalg.eigh(hessian)
        residuals = (hessian @ vectors - vectors * values).norm(dim=0)
        trace = float(hessian.diagonal().sum())
        lowest, lowest_residual = float(values[0]), float(residuals[0])
        descending = values.flip(0).cpu().numpy()
        return Spectrum(descending, residuals.flip(0).cpu().numpy(), lowest, trace, 0.0, lowest_residual, True)
