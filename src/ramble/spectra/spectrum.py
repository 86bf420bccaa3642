"""What every engine returns, and the row of a table it becomes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ramble.spectra.ends import Ends


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues of the Hessian H of the mean training loss at one point.

    H is that of exact arithmetic at these weights and inputs, on the smooth piece that float64 picks: at a kink the one
    with ReLU'(0) = 0 and the first of equal maxima. Its eigenvalues count as often as they are multiple. With them
    sorted, `errors[i]` bounds |eigenvalues[i] - the i-th of H's own k largest by magnitude, descending|, and
    `lowest_errors[i]` bounds |lowest[i] - H's i-th smallest|: nothing was passed over or counted twice. The bounds
    include the rounding of the products. They hold but for a probability over the random vectors that does not depend
    on the network: at engine krylov at most 4e-5 (`bounds.MISSED`) for each end, at engine exact 0.
    """

    eigenvalues: NDArray[np.float64]  # (k,) the k largest found by magnitude, descending in value
    residuals: NDArray[np.float64]  # (k,) |H v - lambda v| and rounding: some eigenvalue of H is as near
    errors: NDArray[np.float64]  # (k,) see above
    lowest: NDArray[np.float64]  # (m,) the m most negative ones found, ascending; m may be 0
    lowest_residuals: NDArray[np.float64]  # (m,)
    lowest_errors: NDArray[np.float64]  # (m,) see above
    trace: float
    trace_error: float  # standard error of the trace over the random vectors, and its rounding
    converged: bool  # are all of `errors` and `lowest_errors` within the engine's tolerance?

    @classmethod
    def of(cls, ends: Ends, trace: float, trace_error: float) -> "Spectrum":
        """Take what a search found, and the trace."""
        return cls(
            ends.top, ends.top_residuals, ends.top_errors, ends.lowest, ends.lowest_residuals, ends.lowest_errors,
            trace, trace_error, ends.converged,
        )  # fmt: skip

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
