"""What every engine returns, and the table it becomes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor

from ramble.artifacts import write_table
from ramble.contract.stored_paths import StoredPath, read_path
from ramble.profiles import spread_points
from ramble.progress import Progress

ProblemT = TypeVar("ProblemT", contravariant=True)


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues of the Hessian of the mean training loss at one point."""

    eigenvalues: NDArray[np.float64]  # (k,) the k largest found, descending
    residuals: NDArray[np.float64]  # (k,) |H v - lambda v|, a bound on each eigenvalue's error
    most_negative: float
    trace: float
    trace_error: float  # standard error of the trace, 0 where exact
    most_negative_residual: float  # |H v - lambda v| of the most negative one
    converged: bool  # did all of them come within the engine's tolerance?


def table(path: StoredPath, points: list[int], spectra: list[Spectrum]) -> pd.DataFrame:
    """Return one row per point: its place, eigenvalues, trace, residuals, converged."""
    rows = []
    for point, spectrum in zip(points, spectra, strict=True):
        row: dict[str, float] = {"point": point, "t": float(path.t[point]), "s": float(path.s[point])}
        row |= {f"eig_{i}": value for i, value in enumerate(spectrum.eigenvalues, start=1)}
        row |= {"most_negative": spectrum.most_negative, "trace": spectrum.trace, "trace_error": spectrum.trace_error}
        row |= {f"residual_{i}": value for i, value in enumerate(spectrum.residuals, start=1)}
        row |= {"most_negative_residual": spectrum.most_negative_residual, "converged": int(spectrum.converged)}
        rows.append(row)
    return pd.DataFrame(rows)


class Engine(Protocol[ProblemT]):
    """Anything that finds eigenvalues at one point."""

    def spectrum(self, problem: ProblemT, weights: Tensor, dataset: int, label: str) -> Spectrum:
        """Return the spectrum at `weights` (P,); `label` names the point for the random streams."""


def write_spectra(
    engine: Engine[ProblemT],
    problem: ProblemT,
    name: str,
    count: int,
    paths: Sequence[str],
    outputs: Sequence[str],
) -> None:
    """Write one table per path, with spectra at `count` of its points, spread evenly in position (t or s)."""
    with Progress(f"{name}: spectra of {len(paths)} paths", len(paths) * count) as progress:
        for file, output in zip(paths, outputs, strict=True):
            path = read_path(file)
            points = spread_points(path.position, count)
            spectra = []
            for point in points:
                label = f"{name}/{path.pair}/{point}"
                spectra.append(engine.spectrum(problem, path.points[point], path.dataset, label))
                progress.advance(1, path=path.pair)
            write_table(output, table(path, points, spectra))
