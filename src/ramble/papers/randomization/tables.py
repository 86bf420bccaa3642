"""Tables 1 and 2: every cell with its mean and spread over seeds, beside the printed number."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ramble.papers.claim import markdown_rows
from ramble.papers.randomization.runs_evidence import Evidence, Runs, within
from ramble.store.artifacts import write_metrics, write_table, write_whole

TITLES = {"table1": "Table 1: initialisations", "table2": "Table 2: batch sizes"}


def table_of(rows: Sequence[Runs]) -> pd.DataFrame:
    """Return a row per cell: what it is, and for both splits the printed accuracy and ours, in per cent.

    Columns <split>_mean, <split>_spread (the standard deviation over runs, NaN of one run), <split>_least and
    <split>_most, <split>_printed, and <split>_inside: whether the printed number lies between the least and the most.
    """
    found = []
    for row in rows:
        of_row: dict[str, object] = {
            "row": row.cell.label,
            "network": row.cell.network,
            "weights": row.weights,
            "initialisation": row.cell.initialisation,
            "batch": row.cell.batch,
            "runs": len(row.tables),
            "diverged": row.diverged,
            "minibatch_accuracy": 100 * float(row.last("minibatch_accuracy").mean()),
        }
        for split, printed in (("train", row.cell.train), ("validation", row.cell.validation)):
            of_row |= _accuracies(split, 100 * row.last(f"{split}_accuracy"), printed)
            of_row[f"{split}_loss"] = float(row.last(f"{split}_loss").mean())
        found.append(of_row)
    return pd.DataFrame(found)


def _accuracies(split: str, values: NDArray[np.float64], printed: float | None) -> dict[str, object]:
    inside = "-" if printed is None else str(within(printed, values))
    return {
        f"{split}_mean": float(values.mean()),
        f"{split}_spread": float(values.std(ddof=1)) if len(values) > 1 else float("nan"),
        f"{split}_least": float(values.min()),
        f"{split}_most": float(values.max()),
        f"{split}_printed": float("nan") if printed is None else printed,
        f"{split}_inside": inside,
    }


def write_table_of(name: str, evidence: Evidence, csv: str, json: str, markdown: str) -> None:
    """Write one of the text's tables as CSV, JSON and Markdown.

    Args:
        name: table1 or table2.
        evidence: the runs of a study.
        csv: output, a row a cell; see `table_of`.
        json: output, {row: {training and validation: mean}}.
        markdown: output, for people.
    """
    table = table_of(evidence.rows[name])
    write_table(csv, table)
    write_metrics(
        json,
        {str(row.row): {"train": row.train_mean, "validation": row.validation_mean} for row in table.itertuples()},
    )
    header = ("", "weights", "runs", "training (%)", "printed", "validation (%)", "printed", "training loss (nats)",
              "validation loss (nats)")  # fmt: skip
    lines = [
        f"# {TITLES[name]}",
        "",
        f"Study `{evidence.study}`: {evidence.size}. Accuracies are those after the last epoch, in evaluation mode,",
        "mean ± standard deviation over runs that differ in all that is random. A run whose weights were no longer",
        "finite numbers counts as it was then. The text prints one number a cell, and does not say of how many runs.",
        "",
        *markdown_rows(header, [_cells(row) for row in table.to_dict("records")]),
        "",
    ]
    write_whole(markdown, lambda aside: aside.write_text("\n".join(lines), encoding="utf-8"))


def _cells(row: Mapping[Hashable, Any]) -> list[str]:
    runs = f"{row['runs']}" + (f" ({row['diverged']} diverged)" if row["diverged"] else "")
    cells = [str(row["row"]), f"{row['weights']:,}", runs]
    for split in ("train", "validation"):
        printed = row[f"{split}_printed"]
        cells += [
            f"{row[f'{split}_mean']:.2f} ± {row[f'{split}_spread']:.2f}",
            "-" if np.isnan(printed) else f"{printed:.2f}",
        ]
    return [*cells, f"{row['train_loss']:.3g}", f"{row['validation_loss']:.3g}"]
