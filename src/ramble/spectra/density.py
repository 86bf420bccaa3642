"""The whole spectrum at once: stochastic Lanczos quadrature."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ramble.problems.curvature import Product
from ramble.problems.network import NetworkProblem
from ramble.problems.seeds import generator
from ramble.spectra.engine import Engine
from ramble.spectra.groups import group_of
from ramble.spectra.lanczos import KrylovSpace
from ramble.spectra.products import Curvature, random_signs
from ramble.spectra.rounding import MeasuredRounding, rounding_of_hessian
from ramble.spectra.search import Rounding
from ramble.spectra.settings import DensitySettings

PRECISE = 1e-4  # of the largest node: what rounding may move a node in float32


@dataclass(frozen=True)
class DensityEngine(Engine[NetworkProblem]):
    """Stochastic Lanczos quadrature (Ubaru, Chen, Saad 2017; Ghorbani, Krishnan, Xiao 2019).

    The spectral density is the mean over random sign vectors v of sum_j w_j delta(lambda - node_j), where node_j are
    the Ritz values of a Krylov space that starts at v and w_j the squares of the first coordinates of their vectors.
    For one v that is the Gauss quadrature of v's spectral measure, exact for polynomials up to degree 2 steps - 1.
    """

    what: ClassVar[str] = "spectral density"

    settings: DensitySettings

    def rows(self, problem: NetworkProblem, weights: Tensor, dataset: int, label: str) -> pd.DataFrame:
        """Return nodes and weights at `weights` (P,): columns probe, node, weight, node_error.

        The weights of a probe add up to 1. node_error is how far rounding may have moved a node (`MeasuredRounding`);
        products are in float64 where that is more than `PRECISE` of the largest node.

        Raises RambleError as `Curvature` does.
        """

        group = group_of(problem, self.settings.group, label)

        def product_in(dtype: torch.dtype) -> Product:
            return group.block(Curvature(problem, weights.to(dtype), label, self.settings.batch).hessian())

        found = pd.DataFrame()
        rounding = rounding_of_hessian(problem, weights, label, self.settings.batch)
        if weights.dtype != torch.float64:
            product, like = product_in(torch.float32), group.of(weights).float().to(problem.device)
            random = generator(self.seed, "density rounding", label)
            measured = MeasuredRounding(product, lambda: product_in(torch.float64), like, random, rounding)
            found = self._rows(product, like, measured, label)
            if not (found.node_error <= PRECISE * found.node.abs().max()).all():
                found = pd.DataFrame()
        if found.empty:
            like = group.of(weights).double().to(problem.device)
            found = self._rows(product_in(torch.float64), like, rounding, label)
        return found

    def _rows(self, product: Product, like: Tensor, rounding: Rounding, label: str) -> pd.DataFrame:
        random, restarts = generator(self.seed, "density", label), generator(self.seed, "density restarts", label)
        tables = []
        for probe in range(self.settings.probes):
            start = random_signs(len(like), random).to(like)
            space = KrylovSpace(product, start, self.settings.steps, restarts)
            while space.room:
                space.grow()
            nodes, coordinates = np.linalg.eigh(space.projection)
            tables.append(pd.DataFrame({"probe": probe, "node": nodes, "weight": coordinates[0] ** 2}))
        rows = pd.concat(tables, ignore_index=True)
        return rows.assign(node_error=rounding(float(rows.node.abs().max())))
