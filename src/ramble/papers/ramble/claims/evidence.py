"""Everything that was measured, read back from the artifacts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ramble.store.artifacts import read_table
from ramble.store.headers import PathHeader
from ramble.store.points import read_path


@dataclass(frozen=True)
class PathEvidence:
    """What is known of one pair of solutions."""

    header: PathHeader
    reached: float  # largest t of the stored path
    profile: pd.DataFrame  # along the path
    line: pd.DataFrame  # along the straight segment
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
    paths: Sequence[str], profiles: Sequence[str], lines: Sequence[str], spectra: Sequence[str]
) -> dict[str, list[PathEvidence]]:
    """Read the artifacts along paths by study; the files of every kind are in the same order; spectra may be none."""
    by_study: dict[str, list[PathEvidence]] = {}
    measured: Sequence[str | None] = spectra or [None] * len(paths)
    for path_file, profile, line, spectrum in zip(paths, profiles, lines, measured, strict=True):
        path, taken = read_path(path_file), read_table(spectrum) if spectrum else pd.DataFrame()
        found = PathEvidence(path.header, float(path.t.max()), read_table(profile), read_table(line), taken)
        by_study.setdefault(path.header.study, []).append(found)
    return by_study


def read_tables(files: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Read tables results/<study>/<name>.csv by study."""
    return {Path(file).parent.name: read_table(file) for file in files}
