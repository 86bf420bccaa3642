"""The runs of one study, sorted by the rows of the text's tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ramble.errors import RambleError
from ramble.papers.randomization.printed import TABLES, Cell
from ramble.store.artifacts import read_header, read_table


@dataclass(frozen=True)
class Runs:
    """The runs of one row of a table.

    Attributes:
        cell: the row.
        weights: of the network.
        tables: of the runs, a row an epoch.
        diverged_runs: which of them ended with weights that are no finite numbers (runs,).
    """

    cell: Cell
    weights: int
    tables: Sequence[pd.DataFrame]
    diverged_runs: tuple[bool, ...]

    @property
    def diverged(self) -> int:
        """How many of the runs diverged."""
        return sum(self.diverged_runs)

    def last(self, column: str) -> NDArray[np.float64]:
        """Return the value of a column after the last epoch of every run (runs,)."""
        return np.array([float(table[column].iloc[-1]) for table in self.tables])

    def known(self, column: str) -> NDArray[np.float64]:
        """Return the same, NaN for runs that diverged: these tell nothing of the end of training."""
        return np.where(self.diverged_runs, np.nan, self.last(column))

    def roughness(self, column: str) -> NDArray[np.float64]:
        """Return how rough the curve of a column is (runs,), NaN for runs that diverged; see `roughness`."""
        return np.where(self.diverged_runs, np.nan, [roughness(table[column].to_numpy()) for table in self.tables])


@dataclass(frozen=True)
class Evidence:
    """What the runs of one study say.

    Attributes:
        study: its name.
        size: what of the printed size it has, in words; the verdicts say it.
        printed_size: whether it is all of that.
        rows: {table: its rows that the study has runs of}.
    """

    study: str
    size: str
    printed_size: bool
    rows: Mapping[str, Sequence[Runs]]

    def runs(self, table: str, network: str, initialisation: str, batch: int) -> Runs | None:
        """Return the runs of one row, if the study has any."""
        cells = {(row.cell.network, row.cell.initialisation, row.cell.batch): row for row in self.rows[table]}
        return cells.get((network, initialisation, batch))


def roughness(curve: NDArray[np.float64]) -> float:
    """Return the mean distance of a curve's inner points from the middle of their neighbours, as a share of its range.

    NaN where the curve has fewer than three points, no range, or a number that is not finite: a run that diverged.
    """
    if len(curve) < 3 or not np.isfinite(curve).all() or not np.ptp(curve):
        return float("nan")
    return float(np.abs(curve[1:-1] - (curve[:-2] + curve[2:]) / 2).mean() / np.ptp(curve))


def within(printed: float, values: NDArray[np.float64]) -> bool:
    """Return whether a number printed with two decimals lies between the least and the most of some values."""
    return round(float(values.min()), 2) <= printed <= round(float(values.max()), 2)


def read_evidence(
    study: str, size: str, printed_size: bool, settings: Mapping[str, tuple[str, str, int]], files: Sequence[str]
) -> Evidence:
    """Return the runs of a study by the rows of the text's tables.

    Args:
        study: its name.
        size: see `Evidence`.
        printed_size: likewise.
        settings: {setting: network, initialisation, batch}.
        files: tables of the runs <setting>-<number>.csv, their points beside them.

    Raises:
        RambleError: the study has two settings for one row of a table, which has one.
    """
    of_setting: dict[tuple[str, str, int], list[str]] = {}
    names: dict[tuple[str, str, int], str] = {}
    for file in files:
        name = Path(file).stem.rpartition("-")[0]
        row = settings[name]
        if names.setdefault(row, name) != name:
            raise RambleError(
                f"studies.{study}.grids: the settings {names[row]} and {name} both are network {row[0]}, "
                f"initialisation {row[1]}, batch {row[2]}, and the tables of the text have one row for them; "
                "make one of them in a study of its own."
            )
        of_setting.setdefault(row, []).append(file)
    rows = {
        table: [
            _runs(cell, own)
            for cell in cells
            if (own := of_setting.get((cell.network, cell.initialisation, cell.batch)))
        ]
        for table, cells in TABLES.items()
    }
    return Evidence(study, size, printed_size, rows)


def _runs(cell: Cell, files: Sequence[str]) -> Runs:
    headers = [read_header(Path(file).with_suffix(".safetensors")) for file in files]
    diverged = tuple(header["status"] == "diverged" for header in headers)
    return Runs(cell, int(headers[0]["weights"]), [read_table(file) for file in files], diverged)
