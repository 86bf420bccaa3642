"""The published tool: PyHessian's deflated power iteration, with the error bars it does not print."""

import logging
import warnings
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from pyhessian import hessian as PyHessian  # noqa: N812
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh
from torch import Tensor

from ramble.errors import RambleError
from ramble.problems.curvature import Product, flat
from ramble.problems.logits import as_logits, inputs_in
from ramble.problems.network import NetworkProblem
from ramble.problems.seeds import derive_seed, generator
from ramble.spectra.ends import Ends, lanczos_ends
from ramble.spectra.engine import SpectrumEngine
from ramble.spectra.products import Curvature, mathematical_attention, sampled_trace
from ramble.spectra.rounding import rounding_of_hessian
from ramble.spectra.search import Rounding
from ramble.spectra.settings import PyHessianSettings
from ramble.spectra.spectrum import Spectrum

logger = logging.getLogger("ramble")

FINEST = 1e-6  # tolerance of the Lanczos run that the error bars come from
LEAST_BUDGET = 400  # of its products


@dataclass(frozen=True)
class PyHessianEngine(SpectrumEngine[NetworkProblem]):
    """One run of PyHessian; the seed is that of the random start vectors."""

    settings: PyHessianSettings

    def spectrum(self, problem: NetworkProblem, weights: Tensor, dataset: int, label: str) -> Spectrum:
        """Return the top eigenvalues at `weights` (P,), their residuals, the most negative one and the trace.

        PyHessian has the dtype of the weights; residuals and trace are from products in float64. Error bars are the
        distance to what our own Lanczos finds, and its error bars: power iteration may pass an eigenvalue over.

        Raises RambleError as `Curvature` does, and where `top` exceeds the number of weights or ARPACK fails.
        """
        product = Curvature(problem, weights.double(), label, batch=None).hessian()
        if self.settings.top > len(weights):
            raise RambleError(
                f"{label}: top = {self.settings.top} eigenvalues asked of a network with {len(weights)} weights; "
                f"ask for {len(weights)} at most"
            )
        network = problem.network(weights.to(problem.device))
        inputs, labels = problem.data("train")
        inputs = inputs_in(inputs, weights.dtype)

        def loss(outputs: Tensor, labels: Tensor) -> Tensor:
            return problem.loss.mean(as_logits(outputs), labels)

        with mathematical_attention(), torch.random.fork_rng(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Using backward.. with create_graph")  # PyHessian's way, cleaned up below
            torch.manual_seed(derive_seed(self.seed, "pyhessian", label) % 2**32)
            tool = PyHessian(network, loss, data=(inputs, labels), cuda=problem.device.type == "cuda")
            values, vectors = tool.eigenvalues(
                maxIter=self.settings.iterations, tol=self.settings.tolerance, top_n=self.settings.top
            )
        network.zero_grad(set_to_none=True)  # breaks the reference cycle that create_graph left behind
        vectors_found = torch.stack([flat(vector) for vector in vectors], 1).double()  # (P, k)
        top = _Span.of(vectors_found, product)
        misses = top.images_of(vectors_found) - vectors_found * torch.tensor(values).to(vectors_found)
        residuals = misses.norm(dim=0).cpu().numpy()
        order = np.argsort(values)[::-1]
        random = generator(self.seed, "trace", label)
        trace, trace_error = sampled_trace(product, top.basis, top.trace, self.settings.trace_samples, random)
        found = list(zip(values, residuals, strict=True))
        if self.settings.top < len(weights):
            found.append(_most_negative(product, top, label))
        lowest, lowest_residual = min(found)  # where the top is negative, that of the rest need not be the smallest
        rounding = rounding_of_hessian(problem, weights, label, None)
        sure = self._sure(product, weights.double().to(problem.device), random, rounding)
        errors = np.abs(np.array(values)[order] - sure.top) + sure.top_errors
        lowest_error = abs(lowest - float(sure.lowest[0])) + float(sure.lowest_errors[0])
        # PyHessian does not say whether it came to its tolerance
        converged = bool((errors <= self.settings.tolerance * np.abs(np.array(values)[order])).all())
        if not converged:
            logger.warning("%s: PyHessian's eigenvalues not converged to its tolerance; raise the iterations", label)
        return Spectrum(
            np.array(values)[order], residuals[order], errors, np.array([lowest]), np.array([lowest_residual]),
            np.array([lowest_error]), trace, trace_error, converged,
        )  # fmt: skip

    def _sure(self, product: Product, weights: Tensor, random: torch.Generator, rounding: Rounding) -> Ends:
        """Return both ends as Lanczos finds them: a residual says that some eigenvalue is near, not which."""
        start = torch.randn(len(weights), generator=random).to(weights)
        tolerance, budget = max(self.settings.tolerance, FINEST), 10 * self.settings.top + LEAST_BUDGET
        return lanczos_ends(product, start, self.settings.top, 1, tolerance, budget, random, rounding)


@dataclass(frozen=True)
class _Span:
    """The span of the top eigenvectors, whose products with the Hessian serve residuals, trace and deflation."""

    basis: Tensor  # (P, k) orthonormal
    images: Tensor  # (P, k), H basis

    @classmethod
    def of(cls, vectors: Tensor, product: Product) -> "_Span":
        basis, _ = torch.linalg.qr(vectors)
        return cls(basis, torch.stack([product(column) for column in basis.T], 1))

    def images_of(self, vectors: Tensor) -> Tensor:
        """Return H v for vectors (P, n) in the span."""
        return self.images @ (self.basis.T @ vectors)

    @property
    def trace(self) -> float:
        """Return the trace of H on the span."""
        return float((self.basis * self.images).sum())

    def without(self, vector: Tensor) -> Tensor:
        """Return the part of a vector (P,) outside the span."""
        return vector - self.basis @ (self.basis.T @ vector)


def _most_negative(product: Product, top: _Span, label: str) -> tuple[float, float]:
    """Return the smallest eigenvalue outside the top, to 5 %, by ARPACK, and its residual.

    PyHessian finds large magnitudes only. The top is projected out: it spreads the spectrum, and ARPACK would need four
    times as many products.

    Raises RambleError where ARPACK fails or does not converge.
    """
    size = len(top.basis)

    def matvec(vector: NDArray[np.float64]) -> NDArray[np.float64]:
        outside = top.without(torch.as_tensor(vector.ravel()).to(top.basis))
        result: NDArray[np.float64] = top.without(product(outside)).cpu().numpy()
        return result

    operator = LinearOperator((size, size), matvec=matvec, dtype=np.float64)
    start = np.random.default_rng(0).standard_normal(size).astype(np.float64)
    try:
        (value,), vectors = eigsh(operator, k=1, which="SA", tol=5e-2, v0=start)
    except ArpackError as error:
        raise RambleError(
            f"{label}: ARPACK did not find the most negative eigenvalue ({error}); take engine: krylov"
        ) from error
    vector = torch.as_tensor(vectors[:, 0]).to(top.basis)
    return float(value), float((product(vector) - value * vector).norm())
