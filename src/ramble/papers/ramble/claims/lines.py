"""The claim on straight lines: that they leave the solution space."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ramble.measure.spread import spread
from ramble.papers.claim import Claim, decided, errors_beyond
from ramble.papers.ramble.thresholds import Thresholds
from ramble.store.artifacts import read_table
from ramble.store.headers import PathHeader
from ramble.store.points import read_path


@dataclass(frozen=True)
class StraightLine:
    """The straight segment between two solutions."""

    header: PathHeader  # of the tracker line
    profile: pd.DataFrame  # at points of it

    @property
    def most_errors(self) -> int:
        """Training errors at the worst of its points."""
        return int(self.profile.train_errors.max())

    @property
    def leaves(self) -> bool:
        """Was a point met, on it or between the points of its profile, with more errors than are allowed?"""
        return self.most_errors > self.header.max_errors or self.header.failed


def read_lines(paths: Sequence[str], profiles: Sequence[str]) -> list[StraightLine]:
    """Read the straight lines of some pairs, and their profiles in the same order."""
    return [
        StraightLine(read_path(path).header, read_table(profile)) for path, profile in zip(paths, profiles, strict=True)
    ]


def line_leaves(study: str, section: str, lines: Sequence[StraightLine], limits: Thresholds) -> Claim:
    """Judge whether every straight line leaves S; one without a certificate on which no error was met is undecided."""
    errors = errors_beyond(lines[0].header.max_errors)
    return decided(
        f"The straight line between two solutions makes {errors}", section, study,
        f"share of lines with {errors} in training",
        ([line.leaves for line in lines], [line.header.joins and not line.leaves for line in lines]),
        f"most errors on the line {spread([line.most_errors for line in lines])}", limits.line_left_share,
    )  # fmt: skip
