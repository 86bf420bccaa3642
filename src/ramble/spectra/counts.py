"""How many eigenvalues lie beyond a place: the integral of the spectral density."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, eq=False)
class Counts:
    """How many eigenvalues lie beyond some places, estimated."""

    mean: np.ndarray  # (n,)
    error: np.ndarray  # (n,) standard error over the probes


def counts_above(rows: pd.DataFrame, places: np.ndarray, size: int) -> Counts:
    """Return how many of `size` eigenvalues are larger than each place (n,), from the rows of one point."""
    by_probe = np.stack(
        [
            size * (probe.weight.to_numpy()[None, :] * (probe.node.to_numpy()[None, :] > places[:, None])).sum(axis=1)
            for _, probe in rows.groupby("probe")
        ]
    )  # (probes, n)
    return Counts(by_probe.mean(axis=0), by_probe.std(axis=0, ddof=1) / len(by_probe) ** 0.5)
