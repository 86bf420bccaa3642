"""The claims as CSV for machines and Markdown for people."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from ramble.artifacts import write_metrics, write_table, write_whole
from ramble.claims.claim import Claim
from ramble.claims.evidence import Evidence


def write_claims(claims: Sequence[Claim], evidence: Evidence, csv: str, json: str, markdown: str) -> None:
    """Write claims.csv, claims.json, and claims.md, which adds what was measured about solutions and the recipe."""
    write_table(csv, pd.DataFrame([asdict(claim) for claim in claims]))
    write_metrics(json, _metrics(claims))
    text = "\n".join(
        [
            "# Claims of the paper, and what we measured",
            "",
            "Spreads are smallest .. median .. largest over all pairs (or points). Paths that did not arrive count",
            "with the part that was walked. Thresholds were written into `params.yaml` before the first run, those",
            "of the claims on the trackers `guarded`, `curve` and `band` when these trackers were added.",
            "",
            *claim_rows(claims),
            "",
            "For the Tree Committee Machine the positive eigenvalues are a theorem: margins are piecewise linear in",
            "the weights, so the Hessian is a sum of outer products with positive factors wherever it exists.",
            "",
            "## The solutions",
            "",
            *_rows(
                ("study", "pairs", "cosine", "distance", "restarts per solution"),
                [_pairs_row(name, table) for name, table in evidence.pairs.items()],
            ),
            *[line for table in evidence.recipes.values() for line in _recipe(table)],
            "",
        ]
    )
    write_whole(markdown, lambda aside: aside.write_text(text, encoding="utf-8"))


def _metrics(claims: Sequence[Claim]) -> dict[str, Any]:
    """Return {study: {claim: {measured, reproduced}}}; 1 for reproduced, 0 for not."""
    metrics: dict[str, Any] = {}
    for claim in claims:
        judged = {"measured": claim.measured, "reproduced": int(claim.verdict == "reproduced")}
        # a metric's place in the tree is spelled with dots
        metrics.setdefault(claim.study, {})[claim.claim.replace(".", "")] = judged
    return metrics


def claim_rows(claims: Sequence[Claim]) -> list[str]:
    """Return the claims as the lines of a Markdown table."""
    header = ("claim", "where", "study", "statistic", "measured", "spread", "threshold", "verdict")
    cells = [
        (c.claim, c.where, c.study, c.statistic, f"{c.measured:.3g}", c.spread, c.threshold, f"**{c.verdict}**")
        for c in claims
    ]
    return _rows(header, cells)


def _pairs_row(name: str, table: pd.DataFrame) -> tuple[str, ...]:
    attempts = pd.concat([table.attempts_a, table.attempts_b])
    return name, str(len(table)), *(_range(column) for column in (table.cosine, table.distance, attempts))


def _recipe(table: pd.DataFrame) -> list[str]:
    readings = table.groupby(["input_scale", "reduction"], as_index=False, sort=False).agg(
        solved=("solved", "sum"), restarts=("restarts", "sum"), errors=("median_errors", "median")
    )
    rows = [
        (f"{row.input_scale:g}", str(row.reduction), f"{row.solved} of {row.restarts}", f"{row.errors:g}")
        for row in readings.itertuples()
    ]
    header = ("inputs times", "loss", "reached zero errors", "median errors at the end")
    return ["", "## The published training recipe, reading by reading", "", *_rows(header, rows)]


def _range(column: "pd.Series[float]") -> str:
    return f"{column.min():.3g} .. {column.median():.3g} .. {column.max():.3g}"


def _rows(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows)]
