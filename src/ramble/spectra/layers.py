"""The spectra of several diagonal blocks of the Hessian at one point: one row a layer, or a group of weights."""

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd
from torch import Tensor

from ramble.problems.network import NetworkProblem
from ramble.spectra.engine import Engine
from ramble.spectra.groups import group_of
from ramble.spectra.krylov import KrylovEngine
from ramble.spectra.settings import EndsSettings, KrylovSettings, LayersSettings


@dataclass(frozen=True)
class LayersEngine(Engine[NetworkProblem]):
    """The engine `krylov` on one block after the other; how two layers turn together is in none of them."""

    what: ClassVar[str] = "spectra of layers"

    settings: LayersSettings

    def rows(self, problem: NetworkProblem, weights: Tensor, dataset: int, label: str) -> pd.DataFrame:
        """Return one row a group at `weights` (P,): columns group, weights (how many) and those of a spectrum.

        Of a group with fewer weights than eigenvalues are asked for there are as many as it has, and the columns of
        the others are empty.

        Raises RambleError as `KrylovEngine.spectrum` does.
        """
        rows = []
        for name in self.settings.groups or [layer.name for layer in problem.layers]:
            size = len(group_of(problem, name, label).columns)
            shared = {field: getattr(self.settings, field) for field in EndsSettings.model_fields}
            shared |= {"top": min(self.settings.top, size), "bottom": min(self.settings.bottom, size)}
            engine = KrylovEngine(KrylovSettings(**shared, group=name), self.seed)
            found = engine.spectrum(problem, weights, dataset, f"{label}/{name}")
            rows.append({"group": name, "weights": size, **found.columns})
        return pd.DataFrame(rows)
