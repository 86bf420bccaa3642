"""What goes beyond Algorithm 1: claims judged on the comparison of the trackers."""

import numpy as np
import pandas as pd

from ramble.papers.claim import Claim, decided, errors_beyond, good_path
from ramble.papers.ramble.thresholds import Thresholds

LOW_LOSS = ("curve", "band")  # the trackers that lower the loss and never ask for zero errors


def judge_trackers(table: pd.DataFrame, section: str, limits: Thresholds) -> list[Claim]:
    """Judge what the trackers' rows of one study say; a claim whose trackers did not run has no row.

    Args:
        table: of one study, one row per tracker, see `ramble.papers.ramble.comparison.table.compare`.
        section: of the paper, where the study's network is treated.
        limits: the thresholds.
    """
    guarded, low = table[table.tracker == "guarded"], table[table.tracker.isin(LOW_LOSS)]
    claims = [_every_pair(guarded, section, limits)] if len(guarded) else []
    return claims + ([_low_loss_is_not_enough(low, section, limits)] if len(low) else [])


def _every_pair(rows: pd.DataFrame, section: str, limits: Thresholds) -> Claim:
    row = rows.iloc[0]
    kinds = ", ".join(f"{row[kind]} {kind}" for kind in ("exact", "sound", "sampled"))
    which = np.repeat([1, 0, -1], [row.certified, row.failed, row.pairs - row.certified - row.failed])
    return decided(
        f"A {good_path(int(row.max_errors))} exists between every two solutions", section, str(row.study),
        "share of pairs joined, and certified, by the tracker guarded", (which == 1, which == 0),
        f"{row.joined} of {row.pairs} joined; certificates: {kinds}", limits.certified_share,
    )  # fmt: skip


def _low_loss_is_not_enough(rows: pd.DataFrame, section: str, limits: Thresholds) -> Claim:
    paths, failing = int(rows.low_loss.sum()), int(rows.low_loss_failing.sum())
    joined = int(rows.low_loss_joined.sum())
    allowed = int(rows.max_errors.iloc[0])
    errors = errors_beyond(allowed)
    counts = "; ".join(
        f"{row.tracker}: {row.low_loss} of {row.pairs} low, {row.low_loss_failing} of them with {errors}"
        for row in rows.itertuples()
    )
    which = np.repeat([1, 0, -1], [failing, joined, paths - failing - joined])  # the last made no error that was seen
    return decided(
        f"A low-loss path need not be a {good_path(allowed)}", section, str(rows.study.iloc[0]),
        f"share of low-loss paths (at most {limits.low_loss_factor:g} times the worse end's loss) that make {errors}",
        (which == 1, which == 0), counts, limits.low_loss_failing,
    )  # fmt: skip
