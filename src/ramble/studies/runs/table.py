"""All runs of a study in one table, a row each: what it was, and where it ended."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ramble.store.artifacts import read_header, read_table, write_table, write_whole

ENDS = [f"{part}_{what}" for part in ("minibatch", "train", "validation") for what in ("loss", "accuracy")]


def read_runs(points: Sequence[str], tables: Sequence[str]) -> pd.DataFrame:
    """Return a row per run: run, number, weights, status, epochs, steps, and the last row of its table.

    Args:
        points: files of the runs, whose headers say what they are.
        tables: files of the same runs, in the same order.
    """
    rows = []
    for file, table in zip(points, tables, strict=True):
        header, last = read_header(file), read_table(table).iloc[-1]
        rows.append(
            {
                "run": Path(file).stem.rpartition("-")[0],
                "number": int(header["number"]),
                "weights": int(header["weights"]),
                "status": header["status"],
                "epochs": int(last.epoch),
                "steps": int(last.steps),
                **{name: float(last[name]) for name in ENDS},
            }
        )
    return pd.DataFrame(rows)


def write_runs(runs: pd.DataFrame, csv: str, markdown: str) -> None:
    """Write the table of all runs as CSV, and as Markdown with a row per setting: medians over its runs."""
    write_table(csv, runs)
    header = ("run", "weights", "runs", "diverged", "epochs", "training loss (nats)", "training accuracy (%)",
              "validation loss (nats)", "validation accuracy (%)")  # fmt: skip
    rows = [_cells(str(name), own) for name, own in runs.groupby("run", sort=False)]
    text = "\n".join(f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows)) + "\n"
    write_whole(markdown, lambda aside: aside.write_text(text, encoding="utf-8"))


def _cells(name: str, runs: pd.DataFrame) -> list[str]:
    middle = runs[ENDS].median(skipna=False)  # of the runs that did not diverge alone it would be another one
    return [
        name,
        f"{int(runs.weights.iloc[0]):,}",
        str(len(runs)),
        str(int((runs.status == "diverged").sum())),
        str(int(runs.epochs.max())),
        f"{middle.train_loss:.4g}",
        f"{100 * middle.train_accuracy:.2f}",
        f"{middle.validation_loss:.4g}",
        f"{100 * middle.validation_accuracy:.2f}",
    ]
