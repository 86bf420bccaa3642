"""Both ends of the Hessian's spectrum, with error bars, by Lanczos."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ramble.problems.curvature import Product
from ramble.problems.network import NetworkProblem
from ramble.problems.seeds import generator
from ramble.spectra.eigenvectors import Eigenvectors, eigenvectors_of
from ramble.spectra.ends import Ends
from ramble.spectra.engine import SpectrumEngine
from ramble.spectra.groups import group_of
from ramble.spectra.products import Curvature, sampled_trace
from ramble.spectra.rounding import precise_ends, rounding_of_hessian
from ramble.spectra.search import Rounding
from ramble.spectra.settings import KrylovSettings
from ramble.spectra.spectrum import Spectrum

logger = logging.getLogger("ramble")


@dataclass(frozen=True)
class KrylovEngine(SpectrumEngine[NetworkProblem]):
    """One run of Lanczos, in float32 where its rounding leaves room for the tolerance, else in float64."""

    settings: KrylovSettings

    def spectrum(self, problem: NetworkProblem, weights: Tensor, dataset: int, label: str) -> Spectrum:
        """Return both ends of the spectrum at `weights` (P,), their residuals and error bounds, and the trace.

        The network is in evaluation mode, as `problem.network` returns it. Every point starts from a random vector:
        starting from the neighbour's top eigenvectors saved a tenth to a fifth of the products or cost as many more.
        How far products in float32 are from those in float64 is measured, and part of every bound. Where that is more
        than half of the tolerance (a unit so close to its kink that float32 takes the other side, a margin so large
        that exp(-margin) underflows), the point is done in float64.

        Of a `group` of weights it is the spectrum of the diagonal block of the Hessian that belongs to them.

        Raises RambleError as `Curvature` does, where `top` exceeds the number of weights or the budget, and where the
        network has no such group.
        """
        return self._search(problem, weights, label).spectrum

    def eigenvectors(self, problem: NetworkProblem, weights: Tensor, label: str) -> tuple[Spectrum, Eigenvectors]:
        """Return the spectrum, and the eigenvectors of its top with bounds of their angles, from `top` more products.

        Vectors (p, k) are in the dtype of the weights, p those of the group. Raises RambleError as `spectrum` does.
        """
        found = self._search(problem, weights, label)
        rounding = found.rounding(float(np.abs(found.ends.top).max()))
        vectors = eigenvectors_of(found.ends, found.product_in(torch.float64), rounding, weights.dtype)
        return found.spectrum, vectors

    def _search(self, problem: NetworkProblem, weights: Tensor, label: str) -> "_Found":
        settings, random = self.settings, generator(self.seed, "krylov", label)
        group = group_of(problem, settings.group, label)

        def product_in(dtype: torch.dtype) -> Product:
            return group.block(Curvature(problem, weights.to(dtype), label, settings.batch).hessian())

        rounding = rounding_of_hessian(problem, weights, label, settings.batch)
        ends, product = precise_ends(
            product_in, group.of(weights), problem.device, top=settings.top, bottom=settings.bottom,
            tolerance=settings.tolerance, budget=settings.budget, random=random, rounding=rounding,
        )  # fmt: skip
        if not ends.converged:
            logger.warning("%s: eigenvalues not converged after %d products; raise the budget", label, ends.products)
        trace, trace_error = sampled_trace(product, ends.basis, ends.trace, settings.trace_samples, random)
        trace_error += ends.basis.shape[1] ** 0.5 * ends.rounding
        return _Found(ends, Spectrum.of(ends, trace, trace_error), product_in, rounding)


@dataclass(frozen=True, eq=False)
class _Found:
    """What the search at one point leaves."""

    ends: Ends
    spectrum: Spectrum
    product_in: Callable[[torch.dtype], Product]
    rounding: Rounding  # of the product in float64
