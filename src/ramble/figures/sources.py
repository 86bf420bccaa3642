"""What the figures are drawn from: the tables of one study's paths."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ramble.artifacts import read_table
from ramble.contract.stored_paths import read_path, representative


@dataclass(frozen=True)
class Source:
    """The tables of one path."""

    pair: str
    status: str
    reached: float  # largest t of the path
    profile: pd.DataFrame | None  # one row per stored point
    spectra: pd.DataFrame | None  # one row per point with a spectrum

    @property
    def title(self) -> str:
        """Say which path is shown and whether it arrived."""
        dataset, a, b = self.pair.split("-")
        ending = "arrived" if self.status == "arrived" else f"{self.status} at t = {self.reached:.2f}"
        return f"data set {dataset}, solutions {a} to {b} ({ending})"


@dataclass(frozen=True)
class Sources:
    """The paths of one study, and the one that stands for them in single-path panels."""

    paths: list[Source]
    shown: Source


def read_sources(paths: Sequence[str], profiles: Sequence[str] = (), spectra: Sequence[str] = ()) -> Sources:
    """Read the tables that belong to the paths; files of one kind come in the order of the paths."""
    stored = [read_path(file) for file in paths]
    sources = []
    for number, path in enumerate(stored):
        sources.append(
            Source(
                path.pair,
                path.metadata["status"],
                float(path.t.max()),
                read_table(profiles[number]) if profiles else None,
                read_table(spectra[number]) if spectra else None,
            )
        )
    return Sources(sources, sources[stored.index(representative(stored))])
