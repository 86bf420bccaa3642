"""The Hessian at any point as an operator with curvlinops' interface, and the spectrum of any operator that has it.

What curvlinops offers for its own operators (traces, norms, diagonals, spectral densities, inverses, export to SciPy)
runs on ours; its operators of a network (KFAC, EKFAC, Fisher) are built on `problem.network(weights)`. The other way
round, `spectrum_of` finds both ends of the spectrum of an operator, curvlinops' own or anybody's, with error bars.

This module alone needs curvlinops, an optional dependency: pip install 'curvlinops-for-pytorch>=3'.
"""

from abc import abstractmethod

import torch
from torch import Tensor

from ramble.errors import RambleError
from ramble.problems.curvature import Product
from ramble.problems.network import NetworkProblem
from ramble.problems.seeds import generator
from ramble.spectra.ends import lanczos_ends, unit_rounding
from ramble.spectra.groups import group_of
from ramble.spectra.products import Curvature, sampled_trace
from ramble.spectra.rounding import MeasuredRounding
from ramble.spectra.search import Rounding
from ramble.spectra.settings import KrylovSettings
from ramble.spectra.spectrum import Spectrum

try:
    from curvlinops._torch_base import PyTorchLinearOperator
except ImportError as error:
    raise RambleError(
        f"Operators with curvlinops' interface need curvlinops ({error}); run pip install 'curvlinops-for-pytorch>=3'."
    ) from error

LABEL = "operator"


class _PointOperator(PyTorchLinearOperator):  # type: ignore[misc]
    """A symmetric matrix (p, p) of second derivatives at one point.

    It multiplies vectors (p,), matrices (p, K), and lists of tensors in the shapes of the trainable tensors, in
    state_dict order, with or without a last dimension K.

    Args:
        problem: gives network, training set and loss.
        weights: (P,), finite; products are in their dtype.
        group: a layer or a tensor: the diagonal block of its p weights; None: all P.
        batch: inputs held at a time; None: all of them.

    Raises:
        RambleError: as `Curvature` does, and where the network has no such group.
    """

    SELF_ADJOINT = True

    def __init__(
        self, problem: NetworkProblem, weights: Tensor, *, group: str | None = None, batch: int | None = 1000
    ) -> None:
        chosen = group_of(problem, group, LABEL)
        shapes = list(chosen.shapes.values())
        super().__init__(shapes, shapes)
        self._dtype, self._device = weights.dtype, problem.device
        self._product = chosen.block(self._product_of(Curvature(problem, weights, LABEL, batch)))

    @property
    def dtype(self) -> torch.dtype:
        """That of the weights."""
        return self._dtype

    @property
    def device(self) -> torch.device:
        """That of the problem."""
        return self._device

    @abstractmethod
    def _product_of(self, curvature: Curvature) -> Product:
        """Return v -> A v, all weights taken together."""

    def _matmat(self, X: list[Tensor]) -> list[Tensor]:  # noqa: N803
        """Return A times tensors (*shape, K), in the same shapes; one product a column."""
        columns = torch.cat([part.reshape(-1, part.shape[-1]) for part in X])  # (p, K)
        images = torch.stack([self._product(column.contiguous()) for column in columns.T], 1)
        parts = torch.split(images, [size.numel() for size in self._in_shape])
        return [part.reshape(*size, -1) for part, size in zip(parts, self._in_shape, strict=True)]


class HessianOperator(_PointOperator):
    """H, the second derivative of the mean training loss in the weights."""

    def _product_of(self, curvature: Curvature) -> Product:
        return curvature.hessian()


class GaussNewtonOperator(_PointOperator):
    """G = mean_i J_i^T C_i J_i, the generalised Gauss-Newton matrix; for the cross-entropy it is the Fisher matrix."""

    def _product_of(self, curvature: Curvature) -> Product:
        return curvature.gauss_newton()


def spectrum_of(
    operator: PyTorchLinearOperator,
    *,
    top: int = 20,
    bottom: int = 1,
    tolerance: float = 1e-3,
    budget: int = 200,
    trace_samples: int = 10,
    seed: int = 0,
    exact: PyTorchLinearOperator | None = None,
) -> Spectrum:
    """Return both ends of the spectrum of a symmetric operator (p, p), with error bars, and its trace.

    The bars are those of `Spectrum`, for the operator that the products are of. What a product is off by in its own
    arithmetic only whoever wrote it can know: without `exact` the bars hold the rounding of sums of p terms in its
    dtype and no more, and in float32, where second derivatives may be off by 1e-3, they may be too small. With `exact`,
    the same operator in float64, the difference of the two is measured and is part of the bars.

    Args:
        operator: deterministic and symmetric; on its device and in its dtype.
        top: how many, by magnitude.
        bottom: how many of the most negative ones.
        tolerance: of all eigenvalues, relative to the smallest of the top.
        budget: products, at most; those for symmetry, rounding and trace aside.
        trace_samples: random vectors for what the Krylov space leaves of the trace.
        seed: of the random vectors.
        exact: see above.

    Raises:
        RambleError: the operator is not square, not symmetric, not deterministic, or not finite; `top` exceeds its size
            or the budget.
    """
    settings = KrylovSettings(top=top, bottom=bottom, tolerance=tolerance, budget=budget, trace_samples=trace_samples)
    rows, columns = operator.shape
    if rows != columns:
        raise RambleError(f"{LABEL}: it has the shape ({rows}, {columns}), and only symmetric ones have a spectrum.")
    random = generator(seed, "operator", LABEL)
    start = torch.randn(columns, generator=random).to(operator.device, operator.dtype)
    product = _finite(operator)
    _refuse_asymmetry(product, start, random)
    rounding: Rounding = unit_rounding(operator.dtype, columns)
    if exact is not None:
        in_double = _finite(exact)
        rounding = MeasuredRounding(product, lambda: in_double, start, random, unit_rounding(torch.float64, columns))
    ends = lanczos_ends(
        product, start, settings.top, settings.bottom, settings.tolerance, settings.budget, random, rounding
    )
    trace, trace_error = sampled_trace(product, ends.basis, ends.trace, settings.trace_samples, random)
    return Spectrum.of(ends, trace, trace_error + ends.basis.shape[1] ** 0.5 * ends.rounding)


def _finite(operator: PyTorchLinearOperator) -> Product:
    def product(vector: Tensor) -> Tensor:
        found: Tensor = (operator @ vector).detach()
        if not found.norm().isfinite():
            raise RambleError(f"{LABEL}: a product with it is not finite; check the weights and the loss there.")
        return found

    return product


def _refuse_asymmetry(product: Product, like: Tensor, random: torch.Generator) -> None:
    """Raise RambleError where u A v and v A u differ, or the same product twice, by more than half of the digits."""
    first, second = (torch.randn(len(like), generator=random).to(like) for _ in range(2))
    image, other = product(second), product(first)
    allowed = torch.finfo(like.dtype).eps ** 0.5 * float(first.norm() * image.norm() + second.norm() * other.norm())
    if abs(float(first @ image - second @ other)) > allowed:
        raise RambleError(f"{LABEL}: it is not symmetric (u A v and v A u differ); only symmetric ones are taken.")
    if float((product(second) - image).norm()) * float(first.norm()) > allowed:
        raise RambleError(f"{LABEL}: two products with one vector differ; take the randomness out of it.")
