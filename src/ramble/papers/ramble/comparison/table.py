"""One row per study and tracker, as CSV for machines and Markdown for people."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ramble.papers.ramble.comparison.pairs import PairOutcome
from ramble.store.artifacts import write_metrics, write_table, write_whole

KINDS = ("exact", "sound", "sampled")
SPREADS = ("gradients", "evaluations", "detour", "loss_ratio", "loss_barrier", "errors")
OF_REACHING = ("detour", "loss_barrier")  # which other paths do not have
QUANTILES = {"min": 0.0, "median": 0.5, "max": 1.0}
COLUMNS = (
    "study", "tracker", "pairs", "joined", "certified", *KINDS, "reaching", "min_margin",
    *(f"{name}_{which}" for name in SPREADS for which in QUANTILES), "low_loss", "low_loss_joined",
    "low_loss_failing", "max_errors", "failed",
)  # fmt: skip
HEADER = (
    "study", "tracker", "joined", "certified", "gradients", "membership tests", "reach W_b", "length / distance",
    "smallest margin", "highest loss / worse end's", "loss barrier (nats)", "most errors",
    "low loss", "low loss, joined",
)  # fmt: skip


def compare(pairs: Sequence[PairOutcome], low_loss_factor: float) -> pd.DataFrame:
    """Return one row per study and tracker, in the order of their first pair."""
    groups: dict[tuple[str, str], list[PairOutcome]] = {}
    for pair in pairs:
        groups.setdefault((pair.study, pair.tracker), []).append(pair)
    return pd.DataFrame([_row(group, low_loss_factor) for group in groups.values()], columns=COLUMNS)


def _row(group: Sequence[PairOutcome], factor: float) -> dict[str, object]:
    certified = [pair for pair in group if pair.joins]
    low = [pair for pair in group if pair.has_low_loss(factor)]
    row: dict[str, object] = {"study": group[0].study, "tracker": group[0].tracker, "pairs": len(group)}
    row |= {"joined": sum(pair.arrived for pair in group), "certified": len(certified)}
    row |= {kind: sum(pair.certificate == kind for pair in certified) for kind in KINDS}
    row |= {"reaching": sum(pair.reaches for pair in group)}
    row |= {"min_margin": min((pair.min_margin for pair in certified), default=float("nan"))}
    for name in SPREADS:
        row |= _quantiles(name, [getattr(pair, name) for pair in group if name not in OF_REACHING or pair.reaches])
    row |= {"low_loss": len(low), "low_loss_joined": sum(pair.joins for pair in low)}
    row |= {"low_loss_failing": sum(pair.errors > pair.max_errors for pair in low)}
    return row | {"max_errors": group[0].max_errors, "failed": sum(pair.failed for pair in group)}


def _quantiles(name: str, values: Sequence[float]) -> dict[str, float]:
    """Return the quantiles, NaN where there is no number or one of them is NaN."""
    known = [float("nan")] if np.isnan(values).any() or not values else values
    return {f"{name}_{which}": float(np.quantile(known, share)) for which, share in QUANTILES.items()}


def _metrics(table: pd.DataFrame) -> dict[str, Any]:
    """Return {study: {tracker: {pairs, joined, certified}}}."""
    metrics: dict[str, Any] = {}
    for row in table.to_dict("records"):
        counts = {name: int(row[name]) for name in ("pairs", "joined", "certified")}
        metrics.setdefault(row["study"], {})[row["tracker"]] = counts
    return metrics


def write_comparison(pairs: Sequence[PairOutcome], low_loss_factor: float, csv: str, json: str, markdown: str) -> None:
    """Write trackers.csv, trackers.json and trackers.md."""
    table = compare(pairs, low_loss_factor)
    write_table(csv, table)
    write_metrics(json, _metrics(table))
    rows = [_cells({str(name): value for name, value in row.items()}) for _, row in table.iterrows()]
    lines = [f"| {' | '.join(cells)} |" for cells in (HEADER, ["---"] * len(HEADER), *rows)]
    text = "\n".join(["# The trackers side by side", "", *lines, "", _legend(low_loss_factor), ""])
    write_whole(markdown, lambda aside: aside.write_text(text, encoding="utf-8"))


def _cells(row: dict[str, object]) -> list[str]:
    kinds = [f"{row[kind]} {kind}" for kind in KINDS if row[kind]]
    spread = {name: _spread([row[f"{name}_{which}"] for which in QUANTILES]) for name in SPREADS}
    return [
        str(row["study"]), str(row["tracker"]), f"{row['joined']} of {row['pairs']}", ", ".join(kinds) or "0",
        spread["gradients"], spread["evaluations"], str(row["reaching"]), spread["detour"],
        _number(row["min_margin"]), spread["loss_ratio"], spread["loss_barrier"], spread["errors"],
        str(row["low_loss"]), str(row["low_loss_joined"]),
    ]  # fmt: skip


def _spread(values: Sequence[object]) -> str:
    texts = [_number(value) for value in values]
    return texts[0] if len(set(texts)) == 1 else " .. ".join(texts)


def _number(value: object) -> str:
    number = float(str(value))
    if np.isnan(number):
        return "-"
    return f"{number:.0f}" if number.is_integer() and number < 1e7 else f"{number:.3g}"


def _legend(factor: float) -> str:
    return f"""\
Spreads are smallest .. median .. largest over the pairs. *joined*: pairs whose walk arrived at W_b without leaving
the solution space where it looked; *certified*: those of them that have a certificate for the whole polygon, by its
kind. *gradients* and *membership tests*: of one network on its whole training set, spent per pair by the tracker
(without the final certificate). *reach W_b*: paths that lead to W_b, with errors or without; their *length* is given
over the straight distance. *smallest margin*: on the certified paths; a lower bound where they are exact or sound.
*highest loss*: on the training set, at a stored point, over the larger one of W_a and W_b; *most errors*: of the
training set at a stored point; both on the walked part where a path does not reach W_b. *loss barrier*: by how much the
training loss at a stored point exceeds the straight line between the losses of W_a and W_b, at most, over the share of
the path's length; of paths that reach W_b. *low loss*: paths to W_b whose loss at no stored point exceeds {factor:g}
times that of the worse end, and how many of those are certified to be free of errors.
"""
