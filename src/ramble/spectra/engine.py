"""What all engines are: settings, a seed, and the rows of a table that they measure at one point."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import pandas as pd
from torch import Tensor

from ramble.problems.data import load
from ramble.spectra.settings import EngineSettings
from ramble.spectra.spectrum import Spectrum

ProblemT = TypeVar("ProblemT", contravariant=True)


@dataclass(frozen=True)
class Engine(ABC, Generic[ProblemT]):
    """Anything that measures the Hessian at one point.

    Attributes:
        settings: of the algorithm.
        seed: of all that it draws; without consequence where it draws nothing.
    """

    what: ClassVar[str] = "spectra"  # is measured, for the progress bar

    settings: EngineSettings
    seed: int = 0

    @abstractmethod
    def rows(self, problem: ProblemT, weights: Tensor, dataset: int, label: str) -> pd.DataFrame:
        """Return the rows of the point `weights` (P,); `label` names it for random streams and errors."""


class SpectrumEngine(Engine[ProblemT]):
    """An engine that finds eigenvalues: one row a point."""

    @abstractmethod
    def spectrum(self, problem: ProblemT, weights: Tensor, dataset: int, label: str) -> Spectrum:
        """Return the spectrum at `weights` (P,); `label` names the point for random streams and errors."""

    def rows(self, problem: ProblemT, weights: Tensor, dataset: int, label: str) -> pd.DataFrame:
        """Return the spectrum as a row."""
        return pd.DataFrame([self.spectrum(problem, weights, dataset, label).columns])


def engine_of(settings: EngineSettings, seed: int = 0) -> Engine[Any]:
    """Return the engine that takes these settings."""
    engine: Engine[Any] = load(settings.path)(settings, seed=seed)
    return engine
