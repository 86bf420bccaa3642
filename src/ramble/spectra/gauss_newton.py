"""How far the Hessian is from its Gauss-Newton part, which is positive semi-definite by construction."""

from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor

from ramble.problems.curvature import Product
from ramble.problems.network import NetworkProblem
from ramble.seeds import generator
from ramble.spectra.krylov import Ends, lanczos_ends
from ramble.spectra.products import Curvature, sampled_trace


@dataclass(frozen=True)
class GaussNewtonEngine:
    """Settings of the comparison H = G + R at one point.

    R = mean_i sum_c (p_ic - y_ic) Hess z_ic is weighted by the errors p - y of the softmax, which are small on
    solutions; by Weyl's inequality every eigenvalue of H lies within |R| of that of G, so none is below -|R|.

    Attributes:
        top: number of eigenvalues of G.
        tolerance: their errors, as a share of the smallest of the top; of |R|, as a share of itself.
        budget: products per operator at most, those for the trace aside.
        trace_samples: random vectors for the part of the trace that the Krylov space leaves.
        batch: inputs of a minibatch.
        seed: of the random vectors.
    """

    top: int
    tolerance: float
    budget: int
    trace_samples: int
    batch: int
    seed: int

    def rows(self, problem: NetworkProblem, weights: Tensor, dataset: int, label: str) -> pd.DataFrame:
        """Return one row at `weights` (P,).

        Columns: gn_i and gn_residual_i, gn_trace and gn_trace_error, rest_norm and rest_residual, converged.

        Raises RambleError as `lanczos_ends` and `Curvature` do.
        """
        curvature = Curvature(problem, weights.float(), label, self.batch)
        hessian, gauss_newton = curvature.hessian(), curvature.gauss_newton()
        random = generator(self.seed, "gauss-newton", label)

        def ends(product: Product, top: int) -> Ends:
            start = torch.randn(len(weights), generator=random).to(problem.device)
            return lanczos_ends(product, start, top, 0, self.tolerance, self.budget, random)

        part = ends(gauss_newton, self.top)
        rest = ends(lambda vector: hessian(vector) - gauss_newton(vector), 1)
        trace, trace_error = sampled_trace(gauss_newton, part.basis, part.trace, self.trace_samples, random)
        row = {f"gn_{i}": value for i, value in enumerate(part.top, start=1)}
        row |= {f"gn_residual_{i}": value for i, value in enumerate(part.top_residuals, start=1)}
        row |= {"gn_trace": trace, "gn_trace_error": trace_error}
        row |= {"rest_norm": abs(float(rest.top[0])), "rest_residual": float(rest.top_residuals[0])}
        return pd.DataFrame([row | {"converged": int(part.converged and rest.converged)}])
