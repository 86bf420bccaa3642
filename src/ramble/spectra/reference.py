"""Two engines side by side at some points: how far is the published tool off?"""

import logging

import numpy as np
import pandas as pd
import torch

from ramble.problems.problem import place_of
from ramble.spectra.engine import ProblemT, SpectrumEngine
from ramble.spectra.spectrum import Spectrum
from ramble.store.artifacts import write_table
from ramble.store.points import read_points, spread_points
from ramble.store.progress import Progress

logger = logging.getLogger("ramble")


def differences(ours: Spectrum, theirs: Spectrum) -> pd.DataFrame:
    """Return one row per quantity: quantity, krylov, pyhessian, relative_difference, and an error bar of each.

    The error bars, krylov_error and pyhessian_error, are residual norms of eigenvalues and standard errors of the
    trace. Differences are relative to ours.
    """
    names = [*(f"eig_{i}" for i in range(1, len(ours.eigenvalues) + 1)), "most_negative", "trace"]
    columns: dict[str, object] = {"quantity": names}
    for name, found in (("krylov", ours), ("pyhessian", theirs)):
        columns[name] = np.array([*found.eigenvalues, found.lowest[0], found.trace])
        columns[f"{name}_error"] = np.array([*found.residuals, found.lowest_residuals[0], found.trace_error])
    rows = pd.DataFrame(columns)
    rows["relative_difference"] = (rows.pyhessian - rows.krylov) / rows.krylov.abs()
    return rows


def write_reference(
    ours: SpectrumEngine[ProblemT],
    theirs: SpectrumEngine[ProblemT],
    problem: ProblemT,
    name: str,
    count: int,
    file: str,
    output: str,
) -> None:
    """Write the table of differences at `count` of the points in `file`, spread evenly in position."""
    points = read_points(file)
    chosen, weights = spread_points(points.position, count), torch.from_numpy(points.points)
    tables = []
    with Progress(f"{name}: spectra by both engines", len(chosen)) as progress:
        for point in chosen:
            label = f"{name}/{points.name}/{point}"
            pair = [
                engine.spectrum(problem, weights[point], place_of(problem, points.dataset), label)
                for engine in (ours, theirs)
            ]
            rows = differences(*pair)
            rows.insert(0, "point", point)
            for column, (place, values) in enumerate(points.places.items(), start=1):
                rows.insert(column, place, float(values[point]))
            top = rows[rows.quantity.str.startswith("eig_")]
            progress.advance(1, point=point)
            logger.info("%s: worst eigenvalue of the top off by %.2g", label, top.relative_difference.abs().max())
            tables.append(rows)
    write_table(output, pd.concat(tables, ignore_index=True))
