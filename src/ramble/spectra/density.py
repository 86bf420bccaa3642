"""The whole spectrum at once: stochastic Lanczos quadrature."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from torch import Tensor

from ramble.problems.network import NetworkProblem
from ramble.seeds import generator
from ramble.spectra.lanczos import KrylovSpace
from ramble.spectra.products import Curvature, random_signs


@dataclass(frozen=True)
class DensityEngine:
    """Settings of stochastic Lanczos quadrature (Ubaru, Chen, Saad 2017; Ghorbani, Krishnan, Xiao 2019).

    The spectral density is the mean over random sign vectors v of sum_j w_j delta(lambda - node_j), where node_j are
    the Ritz values of a Krylov space that starts at v and w_j the squares of the first coordinates of their vectors.
    For one v that is the Gauss quadrature of v's spectral measure, exact for polynomials up to degree 2 steps - 1.

    Attributes:
        probes: random vectors.
        steps: products for each of them.
        batch: inputs of a minibatch.
        seed: of the random vectors.
    """

    probes: int
    steps: int
    batch: int
    seed: int

    def rows(self, problem: NetworkProblem, weights: Tensor, dataset: int, label: str) -> pd.DataFrame:
        """Return nodes and weights at `weights` (P,): columns probe, node, weight; weights of a probe add up to 1.

        Raises RambleError as `Curvature` does.
        """
        product = Curvature(problem, weights.float(), label, self.batch).hessian()
        random = generator(self.seed, "density", label)
        tables = []
        for probe in range(self.probes):
            start = random_signs(len(weights), random).to(problem.device)
            space = KrylovSpace(product, start, self.steps, random)
            while space.size < min(self.steps, len(weights)):
                space.grow()
            nodes, coordinates = np.linalg.eigh(space.projection, UPLO="L")
            tables.append(pd.DataFrame({"probe": probe, "node": nodes, "weight": coordinates[0] ** 2}))
        return pd.concat(tables, ignore_index=True)
