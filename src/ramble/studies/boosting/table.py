"""All pairs' boosted networks, as CSV for machines and Markdown for people."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ramble.measure.spread import spread
from ramble.store.artifacts import read_table, write_table, write_whole
from ramble.studies.boosting.methods import BETTER_END, BOTH_ENDS, FURTHER

WITHOUT_PATH = ("W_a", "W_b", BETTER_END, FURTHER, BOTH_ENDS)
LEVEL = 0.05
SUMMARY = (
    "method", "networks", "test errors", "fewer than the better end by", "standard error", "smallest p",
    "fewer than both ends by", "smallest p against both",
)  # fmt: skip
PAIR_BY_PAIR = (
    "pair", "path", "method", "chosen", "of", "validation errors", "test errors", "fixed", "broken", "p",
    "p against both ends",
)  # fmt: skip


def read_boosted(files: Sequence[str]) -> pd.DataFrame:
    """Return the rows of all pairs with the columns fewer (test errors, than the better end) and standard_error.

    The two counts differ by fixed - broken; where a sample is as likely to be in either, the standard deviation of that
    is the root of their sum. ends_fewer is against both ends together.
    """
    table = pd.concat([read_table(file) for file in files], ignore_index=True)
    return table.assign(
        fewer=table.fixed - table.broken,
        standard_error=np.sqrt(table.fixed + table.broken),
        ends_fewer=table.ends_fixed - table.ends_broken,
    )


def write_boosted(study: str, table: pd.DataFrame, csv: str, markdown: str) -> None:
    """Write boosting-<study>.csv and boosting-<study>.md."""
    write_table(csv, table)
    text = "\n".join(
        [
            f"# Better networks from the paths of {study}",
            "",
            *_lines(
                SUMMARY,
                [_summary(rows) for _, rows in table.groupby("method", sort=False)],
            ),
            "",
            *_legend(table),
            "",
            "## Pair by pair",
            "",
            *_lines(
                PAIR_BY_PAIR,
                [_cells(row) for _, row in table.iterrows()],
            ),
            "",
        ]
    )
    write_whole(markdown, lambda aside: aside.write_text(text, encoding="utf-8"))


def _summary(rows: pd.DataFrame) -> tuple[str, ...]:
    """Return one way's row over all pairs."""
    first = rows.iloc[0]
    compared = "" if first.method == BETTER_END else _smallest_p(rows, "")
    numbers = (spread(rows[name].to_numpy()) for name in ("test_errors", "fewer", "standard_error"))
    both = ("", "") if first.method == BOTH_ENDS else (spread(rows.ends_fewer.to_numpy()), _smallest_p(rows, "ends_"))
    return str(first.method), str(first.networks), *numbers, compared, *both


def _smallest_p(rows: pd.DataFrame, prefix: str) -> str:
    """Return the smallest p-value over the pairs, and which way that pair's difference goes."""
    row = rows.iloc[int(rows[f"{prefix}p_value"].to_numpy().argmin())]
    fewer = row[f"{prefix}fewer"]
    return f"{row[f'{prefix}p_value']:.2g} ({'fewer' if fewer > 0 else 'more' if fewer < 0 else 'as many'})"


def _legend(table: pd.DataFrame) -> list[str]:
    pairs = table.pair.nunique()
    compared = table[~table.method.isin(WITHOUT_PATH)]
    count, more = len(compared), int((compared.fewer < 0).sum())
    fewer = compared[compared.fewer > 0]
    alone, among_all = (int((fewer.p_value < level).sum()) for level in (LEVEL, LEVEL / count))
    together = table[(table.networks > 1) & (table.method != BOTH_ENDS)]
    beyond = together[together.ends_fewer > 0]
    clearly = int((beyond.ends_p_value < LEVEL).sum())
    return [
        "Every choice is made by the validation images, which no network was trained on: fewest errors, then lowest",
        "loss. The test set is looked at once, for what was chosen. Spreads are smallest .. median .. largest over the",
        f"{pairs} pairs. *networks*: that predict together, by the mean of their class probabilities. *fixed*: test",
        "errors of the better end that the method does not make; *broken*: the other way round; *standard error*: of",
        "the difference of the two counts, the root of fixed + broken; *p*: McNemar's exact test, two-sided. *best of",
        "further training*: from W_a, as many gradients as the path took, looked at as often as it has points; this",
        "and *predictions of both ends* are the controls, which need no path.",
        "",
        f"Of {count} comparisons of the other ways with the better end {more} have more test errors and {len(fewer)}",
        f"fewer, {alone} of these with p < {LEVEL:g} and {among_all} with p < {LEVEL:g} / {count}, which allows for",
        "their number.",
        f"Of {len(together)} ensembles of a path's points {len(beyond)} have fewer test errors than both ends",
        f"together, {clearly} of these with p < {LEVEL:g}.",
        f"The pairs share the test images, and solutions: {pairs} pairs are not {pairs} independent repetitions.",
    ]


def _cells(row: "pd.Series[Any]") -> tuple[str, ...]:
    plain = ("pair", "status", "method", "choice", "candidates", "validation_errors", "test_errors", "fixed", "broken")
    return *(str(row[name]) for name in plain), f"{row.p_value:.2g}", f"{row.ends_p_value:.2g}"


def _lines(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows)]
