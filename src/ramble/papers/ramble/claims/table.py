"""The claims as CSV for machines and Markdown for people."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

import pandas as pd

from ramble.measure.nonzero import GAIN, SCALE, regimes_of_three
from ramble.papers.claim import Claim, claim_rows, markdown_rows, metric
from ramble.papers.ramble.claims.departures import Departure, departure_rows
from ramble.papers.ramble.claims.evidence import Evidence, PathEvidence
from ramble.papers.ramble.claims.recipe import recipe_rows
from ramble.store.artifacts import write_metrics, write_table, write_whole


def write_claims(
    claims: Sequence[Claim],
    tuned: Sequence[Claim],
    differing: Sequence[Departure],
    evidence: Evidence,
    csv: str,
    json: str,
    markdown: str,
) -> None:
    """Write claims.csv, claims.json, and claims.md, which adds what stands beside the claims.

    Args:
        claims: judged on the printed setting of Algorithm 1 where they are about its paths.
        tuned: those of them that were judged on the paths of our setting too: their numbers are shown beside.
        differing: the departures from the print.
        evidence: what was measured.
        csv: output, a row a claim.
        json: output, measured number and verdict of each claim.
        markdown: output, for people.
    """
    write_table(csv, _with_ours(claims, tuned))
    write_metrics(json, _metrics(claims))
    text = "\n".join(
        [
            "# Claims of the paper, and what we measured",
            "",
            "Spreads are smallest .. median .. largest over all pairs (or points). Paths that did not arrive count",
            "with the part that was walked. Thresholds are those of `params.yaml`. The shipped ones were written",
            "down before the first run, those of the claims on the trackers `guarded`, `curve` and `band` when these",
            "trackers were added. Claims on the paths of Algorithm 1 are judged on the tracker `paper`, which is",
            "shipped with the setting that the paper prints; networks, data and setting are those of `params.yaml`.",
            "",
            *claim_rows(claims),
            "",
            "For the Tree Committee Machine the positive eigenvalues are a theorem: margins are piecewise linear in",
            "the weights, so the Hessian is a sum of outer products with positive factors wherever it exists.",
            "",
            *_beside(claims, tuned),
            "## The solutions",
            "",
            *markdown_rows(
                ("study", "weights", "training inputs", "pairs", "cosine", "distance", "restarts per solution"),
                [_pairs_row(name, table, evidence.paths.get(name, [])) for name, table in evidence.pairs.items()],
            ),
            *[line for table in evidence.recipes.values() for line in _recipe(table)],
            *[line for table in evidence.nonzero.values() for line in _nonzero(table)],
            "",
            "## Departures from the print",
            "",
            "What a departure changes was measured with the shipped parameters.",
            "",
            *markdown_rows(*_headed(departure_rows(list(differing)))),
            "",
        ]
    )
    write_whole(markdown, lambda aside: aside.write_text(text, encoding="utf-8"))


def write_claims_of_study(study: str, claims: Sequence[Claim], csv: str, markdown: str) -> None:
    """Write the claims judged on one study, as CSV and as Markdown; there may be none."""
    write_table(csv, pd.DataFrame([asdict(claim) for claim in claims], columns=[field.name for field in fields(Claim)]))
    text = "\n".join(
        [
            f"# The claims of the paper, judged on {study}",
            "",
            "Spreads are smallest .. median .. largest over all pairs (or points). A claim has a row where the study",
            "has the paths that it is about: those of Algorithm 1 with their spectra and a straight line (trackers",
            "`paper` and `line`), or those of `guarded`, `curve` and `band`. *where* is the section of the paper.",
            "",
            *claim_rows(claims),
            "",
        ]
    )
    write_whole(markdown, lambda aside: aside.write_text(text, encoding="utf-8"))


def _metrics(claims: Sequence[Claim]) -> dict[str, Any]:
    """Return {study: {claim: {measured, reproduced}}}."""
    metrics: dict[str, Any] = {}
    for claim in claims:
        # a metric's place in the tree is spelled with dots
        metrics.setdefault(claim.study, {})[claim.claim.replace(".", "")] = metric(claim)
    return metrics


def _pairs_row(name: str, table: pd.DataFrame, paths: Sequence[PathEvidence]) -> tuple[str, ...]:
    attempts = pd.concat([table.attempts_a, table.attempts_b])
    sizes = ((f"{path.weights:,}" for path in paths), (f"{path.header.inputs:,}" for path in paths))
    told = [", ".join(dict.fromkeys(several)) or "-" for several in sizes]
    return name, *told, str(len(table)), *(_range(column) for column in (table.cosine, table.distance, attempts))


def _with_ours(claims: Sequence[Claim], tuned: Sequence[Claim]) -> pd.DataFrame:
    """Return a row per claim, with the number and the spread at our setting of Algorithm 1 where there is one."""
    ours = {(claim.study, claim.claim): claim for claim in tuned}
    found = [ours.get((claim.study, claim.claim)) for claim in claims]
    table = pd.DataFrame([asdict(claim) for claim in claims])
    table["measured_tuned"] = [other.measured if other else float("nan") for other in found]
    table["spread_tuned"] = [other.spread if other else "-" for other in found]
    return table


def _beside(claims: Sequence[Claim], tuned: Sequence[Claim]) -> list[str]:
    """Return the section on the claims at our setting, beside the printed one."""
    if not tuned:
        return []
    printed = {(claim.study, claim.claim): claim for claim in claims}
    header = ("claim", "study", "statistic", "as printed", "at our setting", "spread at our setting", "threshold")
    rows = [
        (c.claim, c.study, c.statistic, f"{printed[c.study, c.claim].measured:.3g}", f"{c.measured:.3g}", c.spread,
         c.threshold)
        for c in tuned
    ]  # fmt: skip
    return [
        "## The same claims at our setting of Algorithm 1",
        "",
        "Tracker `paper_tuned`: eta and gamma of our own choice, in `params.yaml`. Nothing is judged by it.",
        "",
        *markdown_rows(header, rows),
        "",
    ]


def _recipe(table: pd.DataFrame) -> list[str]:
    return [
        "",
        "## The published training recipe, reading by reading",
        "",
        "A network that is seen without errors counts with 0; of the others the fewest errors seen count. Networks are",
        "looked at after every epoch, or every 20 gradients of all patterns.",
        "",
        *markdown_rows(*_headed(recipe_rows(table))),
    ]


def _nonzero(table: pd.DataFrame) -> list[str]:
    """Return the section on the regimes in which three eigenvalues differ from zero."""
    header = ("at", "factor on", "zero is below", "median of three at the factors", "networks with exactly three there")
    names = {SCALE: "the weights", GAIN: "the outputs in the loss"}
    places = {"solution": "the solutions", "path": "points of paths"}
    rows = [
        (
            places[regime.where],
            names[regime.varied],
            f"{regime.threshold:g} of the largest",
            regime.at or "none",
            f"{100 * regime.share:.0f} %" + ("" if regime.factors else " at most, at any factor"),
        )
        for regime in regimes_of_three(table)
    ]
    tried = table.factor.unique()
    return [
        "",
        "## In which regime are there three non-zero eigenvalues?",
        "",
        f"{len(tried)} factors from {tried.min():g} to {tried.max():g}; figure `nonzero` shows the medians. Weights",
        "times a large factor saturate their units: a pattern counts only where some unit is not saturated, and three",
        "are left where nearly all are. A large gain leaves the patterns of the smallest margins.",
        "",
        *markdown_rows(header, rows),
    ]


def _headed(table: Sequence[Sequence[str]]) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    return table[0], table[1:]


def _range(column: "pd.Series[float]") -> str:
    return f"{column.min():.3g} .. {column.median():.3g} .. {column.max():.3g}"
