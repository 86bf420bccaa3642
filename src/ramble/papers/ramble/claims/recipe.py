"""Section 3.1: does the published training recipe reach zero errors under any reading of it?"""

from collections.abc import Sequence

import pandas as pd

from ramble.measure.spread import spread
from ramble.papers.claim import Claim, at_least
from ramble.papers.ramble.thresholds import Thresholds

READING = ["input_scale", "reduction", "batch", "gradients"]


def reading_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row per reading: what it is, and solved, restarts, sets (solved), errors and fewest."""
    solved_sets = table.assign(sets=table.solved > 0)
    return solved_sets.groupby(READING, as_index=False, sort=False).agg(
        solved=("solved", "sum"),
        restarts=("restarts", "sum"),
        sets=("sets", "sum"),
        errors=("median_errors", "median"),
        fewest=("fewest_errors", "min"),
    )


def judge_recipe(study: str, table: pd.DataFrame, limits: Thresholds) -> Claim:
    """Judge whether some reading of the recipe solves every data set, by at least one of its restarts."""
    readings, whole = reading_table(table), int(table.batch.max())
    small = readings[readings.batch < whole]
    minibatches = (
        f"; by minibatches {small.solved.sum()} of {small.restarts.sum()}, fewest errors {small.fewest.min()}"
        if len(small)
        else ""
    )
    return at_least(
        "The published training recipe reaches zero errors", "3.1", study,
        "share of the data sets that the best reading solves, by any restart",
        float(readings.sets.max() / table.dataset.nunique()),
        f"{readings.solved.sum()} of {readings.restarts.sum()} restarts in {len(readings)} readings"
        f"{minibatches}; median errors of a reading {spread(readings.errors.to_numpy())}",
        limits.joined_share,
    )  # fmt: skip


def recipe_rows(table: pd.DataFrame) -> list[Sequence[str]]:
    """Return the readings as the cells of a table, the header first."""
    whole = int(table.batch.max())
    header = (
        "inputs times", "loss", "patterns per gradient", "gradients at most", "reached zero errors", "fewest errors",
        "median errors",
    )  # fmt: skip
    rows = [
        (
            f"{row.input_scale:g}",
            str(row.reduction),
            "all" if row.batch == whole else str(row.batch),
            str(row.gradients),
            f"{row.solved} of {row.restarts}",
            str(row.fewest),
            f"{row.errors:g}",
        )
        for row in reading_table(table).itertuples()
    ]
    return [header, *rows]
