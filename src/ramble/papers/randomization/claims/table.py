"""The claims of the text as CSV, JSON and Markdown."""

from collections.abc import Sequence
from dataclasses import asdict, fields

import pandas as pd

from ramble.papers.claim import Claim, claim_rows, metric
from ramble.store.artifacts import write_metrics, write_table, write_whole


def write_claims(study: str, claims: Sequence[Claim], csv: str, json: str, markdown: str) -> None:
    """Write the claims that were judged by one study; there may be none.

    Args:
        study: its name.
        claims: in the order in which they are to stand.
        csv: output, a row a claim.
        json: output, {claim: measured, reproduced}.
        markdown: output, for people.
    """
    write_table(csv, pd.DataFrame([asdict(claim) for claim in claims], columns=[field.name for field in fields(Claim)]))
    # a metric's place in the tree is spelled with dots
    write_metrics(json, {claim.claim.replace(".", ""): metric(claim) for claim in claims})
    text = "\n".join(
        [
            f"# Claims of *Randomization in Machine Learning*, judged on {study}",
            "",
            "Spreads are smallest .. median .. largest over runs. The shipped thresholds were written down before any",
            "network was trained. A verdict that names a size is about networks, data and training of that size only.",
            "",
            *claim_rows(claims),
            "",
        ]
    )
    write_whole(markdown, lambda aside: aside.write_text(text, encoding="utf-8"))
