"""The claims on bounds and depth as CSV and Markdown."""

from collections.abc import Sequence
from dataclasses import asdict

import pandas as pd

from ramble.papers.claim import Claim, claim_rows
from ramble.store.artifacts import write_table, write_whole


def write_claims_of_bounds(study: str, claims: Sequence[Claim], csv: str, markdown: str) -> None:
    """Write the claims that were judged on one study, a row each."""
    write_table(csv, pd.DataFrame([asdict(claim) for claim in claims]))
    text = "\n".join(
        [
            f"# Claims of *Randomization in Machine Learning*, judged on {study}",
            "",
            "Spreads are smallest .. median .. largest. *where* is the section, figure or theorem of the text.",
            "The shipped thresholds were written down before anything was measured. What a bound says of a step",
            "follows from its constants; that it holds is a check of these, and how far it is from what happens is",
            "what is measured.",
            "",
            *claim_rows(claims),
            "",
        ]
    )
    write_whole(markdown, lambda aside: aside.write_text(text, encoding="utf-8"))
