"""Everything that was measured, read back from the artifacts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ramble.papers.ramble.claims.lines import StraightLine, read_lines
from ramble.store.artifacts import read_table
from ramble.store.headers import PathHeader
from ramble.store.points import read_path


@dataclass(frozen=True)
class PathEvidence:
    """What is known of one pair of solutions."""

    header: PathHeader
    weights: int  # P
    reached: float  # largest t of the stored path
    profile: pd.DataFrame  # along the path
    line: StraightLine  # between its ends
    spectra: pd.DataFrame  # at points of the path; no rows where none were taken


@dataclass(frozen=True)
class Evidence:
    """All default studies, by name."""

    paths: dict[str, list[PathEvidence]]  # of Algorithm 1 as printed
    tuned: dict[str, list[PathEvidence]]  # of Algorithm 1 at a setting of ours, where a study has one
    trackers: pd.DataFrame  # one row per study and tracker, as `ramble.papers.ramble.comparison` writes it
    pairs: dict[str, pd.DataFrame]  # cosine, distance and attempts of every pair of solutions
    recipes: dict[str, pd.DataFrame]
    nonzero: dict[str, pd.DataFrame]  # numbers of non-zero eigenvalues, see `ramble.measure.nonzero`


def read_paths(
    paths: Sequence[str],
    profiles: Sequence[str],
    line_paths: Sequence[str],
    lines: Sequence[str],
    spectra: Sequence[str],
) -> dict[str, list[PathEvidence]]:
    """Read the artifacts along paths by study.

    Args:
        paths: files of paths; those of every other kind are in the same order.
        profiles: along them.
        line_paths: the straight lines between their ends.
        lines: the profiles of these.
        spectra: at points of the paths; there may be none.
    """
    by_study: dict[str, list[PathEvidence]] = {}
    measured: Sequence[str | None] = spectra or [None] * len(paths)
    straight = read_lines(line_paths, lines)
    for path_file, profile, line, spectrum in zip(paths, profiles, straight, measured, strict=True):
        path, taken = read_path(path_file), read_table(spectrum) if spectrum else pd.DataFrame()
        weights, reached = path.points.shape[1], float(path.t.max())
        found = PathEvidence(path.header, weights, reached, read_table(profile), line, taken)
        by_study.setdefault(path.header.study, []).append(found)
    return by_study


def read_tables(files: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Read tables results/<study>/<name>.csv by study."""
    return {Path(file).parent.name: read_table(file) for file in files}
