"""What the figures are drawn from: the tables of one study's paths."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ramble.store.artifacts import read_table
from ramble.store.headers import Status
from ramble.store.points import read_path, representative
from ramble.studies.paths.drawing.style import Files


@dataclass(frozen=True)
class Source:
    """The tables of one path."""

    tracker: str
    pair: str
    status: Status
    rises: bool  # does t rise all along it?
    reached: float  # largest t of the path
    weights: int  # P, of the network
    max_errors: int  # that a network in the solution space may make
    profile: pd.DataFrame | None  # one row per stored point
    spectra: pd.DataFrame | None  # one row per point with a spectrum
    part: pd.DataFrame | None  # rows of the points where more than the spectrum was measured

    @property
    def title(self) -> str:
        """Say which path is shown, who walked it, and whether it arrived."""
        return f"tracker {self.tracker}: {self.walk}{self._of_what}"

    @property
    def _of_what(self) -> str:
        """Say what the second derivatives are of, where that is not the mean loss on all training samples."""
        tables = [table for table in (self.spectra, self.part) if table is not None]
        some = [f"on the first {int(table.samples.iloc[0])} training samples" for table in tables if "samples" in table]
        return f"\nHessian of the loss {some[0]}" if some else ""

    @property
    def walk(self) -> str:
        """Say between which solutions the path leads, and whether it arrived."""
        dataset, a, b = self.pair.split("-")
        # a polyline that was moved as a whole has both ends from the start
        ending = self.status if self.reached == 1.0 else f"{self.status} at t = {self.reached:.2f}"
        allowed = f"; {self.max_errors} errors allowed" if self.max_errors else ""
        return f"data set {dataset}, solutions {a} to {b} ({ending}{allowed})"


@dataclass(frozen=True)
class Sources:
    """The paths of one study, and the one that stands for them in single-path panels."""

    paths: list[Source]
    shown: Source


@dataclass(frozen=True)
class Axis:
    """Where along a path something was measured: a column of the tables, and what it is called."""

    column: str
    label: str


def position(shown: Sequence[Source]) -> Axis:
    """Return the horizontal axis: t where it rises along all shown paths, else the share of the length."""
    if all(path.rises for path in shown):
        return Axis("t", r"normalised distance $t$ along the path ($W_a$: 0, $W_b$: 1)")
    end = "$W_b$" if all(path.status == Status.ARRIVED for path in shown) else "its end"
    return Axis("s", rf"share $s$ of the path's length ($W_a$: 0, {end}: 1)")


def read_sources(files: Files, part: str | None = None) -> Sources:
    """Read the paths and the tables that belong to them; `part` names the kind of what more was measured, if any."""
    profiles, spectra, parts = (files.get(kind or "", ()) for kind in ("profile", "spectra", part))
    stored = [read_path(file) for file in files["paths"]]
    sources = []
    for number, path in enumerate(stored):
        sources.append(
            Source(
                path.header.tracker,
                path.name,
                path.header.status,
                path.rises,
                float(path.t.max()),
                path.points.shape[1],
                path.header.max_errors,
                read_table(profiles[number]) if profiles else None,
                read_table(spectra[number]) if spectra else None,
                read_table(parts[number]) if parts else None,
            )
        )
    return Sources(sources, sources[stored.index(representative(stored))])
