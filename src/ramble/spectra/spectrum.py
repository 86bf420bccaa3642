"""What every engine returns, and the row of a table it becomes."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor

from ramble.spectra.along import ProblemT, Rows


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues of the Hessian of the mean training loss at one point."""

    eigenvalues: NDArray[np.float64]  # (k,) the k largest found, descending
    residuals: NDArray[np.float64]  # (k,) |H v - lambda v|, a bound on each eigenvalue's error
    errors: NDArray[np.float64]  # (k,) the sharper bound residual^2 / gap where the gap is known, else the residual
    lowest: NDArray[np.float64]  # (m,) the m most negative ones found, ascending
    lowest_residuals: NDArray[np.float64]  # (m,)
    lowest_errors: NDArray[np.float64]  # (m,)
    trace: float
    trace_error: float  # standard error of the trace, 0 where exact
    converged: bool  # did all of them come within the engine's tolerance?

    @property
    def columns(self) -> dict[str, float]:
        """The spectrum as one row of a table."""
        row = {f"eig_{i}": value for i, value in enumerate(self.eigenvalues, start=1)}
        row |= {_lowest(i): value for i, value in enumerate(self.lowest, start=1)}
        row |= {"trace": self.trace, "trace_error": self.trace_error}
        row |= {f"residual_{i}": value for i, value in enumerate(self.residuals, start=1)}
        row |= {f"error_{i}": value for i, value in enumerate(self.errors, start=1)}
        row |= {f"{_lowest(i)}_residual": value for i, value in enumerate(self.lowest_residuals, start=1)}
        row |= {f"{_lowest(i)}_error": value for i, value in enumerate(self.lowest_errors, start=1)}
        return row | {"converged": int(self.converged)}


def _lowest(number: int) -> str:
    return "most_negative" if number == 1 else f"most_negative_{number}"


class Engine(Protocol[ProblemT]):
    """Anything that finds eigenvalues at one point."""

    def spectrum(self, problem: ProblemT, weights: Tensor, dataset: int, label: str) -> Spectrum:
        """Return the spectrum at `weights` (P,); `label` names the point for the random streams."""


def one_row(engine: Engine[ProblemT]) -> Rows[ProblemT]:
    """Return what an engine finds at a point as a table of one row."""
    return lambda *place: pd.DataFrame([engine.spectrum(*place).columns])
