"""How far the Hessian is from its Gauss-Newton part, which is positive semi-definite by construction."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ramble.problems.curvature import Product
from ramble.problems.network import NetworkProblem
from ramble.problems.seeds import generator
from ramble.spectra.ends import Ends
from ramble.spectra.engine import Engine
from ramble.spectra.groups import group_of
from ramble.spectra.products import Curvature, sampled_trace
from ramble.spectra.rounding import RoundingInFloat64, lost_in_signals, precise_ends
from ramble.spectra.settings import GaussNewtonSettings


@dataclass(frozen=True)
class GaussNewtonEngine(Engine[NetworkProblem]):
    """The comparison H = G + R at one point.

    R = mean_i sum_c s_ic Hess z_ic is weighted by the derivatives of the loss in the logits, for the cross-entropy the
    errors p - y of the softmax, which are small on solutions; by Weyl's inequality every eigenvalue of H lies within
    |R| of that of G, so none is below -|R|. The tolerance is that of the eigenvalues of G, and of |R| as a share of
    itself; the budget is per operator.
    """

    what: ClassVar[str] = "Gauss-Newton part"

    settings: GaussNewtonSettings

    def rows(self, problem: NetworkProblem, weights: Tensor, dataset: int, label: str) -> pd.DataFrame:
        """Return one row at `weights` (P,).

        Columns: gn_i, gn_residual_i and gn_error_i, gn_trace and gn_trace_error, rest_norm, rest_residual and
        rest_error, converged; errors bound what those of a spectrum bound (`Spectrum`), for G and for |R|.

        Raises RambleError as `lanczos_ends` and `Curvature` do.
        """
        settings, random = self.settings, generator(self.seed, "gauss-newton", label)
        group = group_of(problem, settings.group, label)

        def ends(of: Callable[[Curvature], Product], top: int, beside: float) -> tuple[Ends, Product]:
            def product_in(dtype: torch.dtype) -> Product:
                return group.block(of(Curvature(problem, weights.to(dtype), label, settings.batch)))

            return precise_ends(
                product_in, group.of(weights), problem.device, top=top, bottom=0, tolerance=settings.tolerance,
                budget=settings.budget, random=random,
                rounding=RoundingInFloat64(problem, weights, label, settings.batch, of, beside),
            )  # fmt: skip

        part, product = ends(Curvature.gauss_newton, settings.top, 0.0)
        # H - G keeps the rounding of both
        beside = 2 * float(np.abs(part.top).max()) + lost_in_signals(problem, weights, label, settings.batch)
        rest, _ = ends(_rest, 1, beside)
        trace, trace_error = sampled_trace(product, part.basis, part.trace, settings.trace_samples, random)
        trace_error += part.basis.shape[1] ** 0.5 * part.rounding
        row = {f"gn_{i}": value for i, value in enumerate(part.top, start=1)}
        row |= {f"gn_residual_{i}": value for i, value in enumerate(part.top_residuals, start=1)}
        row |= {f"gn_error_{i}": value for i, value in enumerate(part.top_errors, start=1)}
        row |= {"gn_trace": trace, "gn_trace_error": trace_error}
        row |= {"rest_norm": abs(float(rest.top[0])), "rest_residual": float(rest.top_residuals[0])}
        row |= {"rest_error": float(rest.top_errors[0])}
        return pd.DataFrame([row | {"converged": int(part.converged and rest.converged)}])


def _rest(curvature: Curvature) -> Product:
    """Return v -> (H - G) v."""
    hessian, gauss_newton = curvature.hessian(), curvature.gauss_newton()
    return lambda vector: hessian(vector) - gauss_newton(vector)
