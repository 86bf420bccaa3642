"""Verdicts that say what they are about, where that is not what the text speaks of."""

from dataclasses import replace

from ramble.papers.claim import NOT_MEASURED, Claim


def qualified(claim: Claim, words: str) -> Claim:
    """Return the claim with these words, if any, behind its verdict; what was not measured is a verdict on nothing."""
    if not words or claim.verdict == NOT_MEASURED:
        return claim
    return replace(claim, verdict=f"{claim.verdict} ({words})")
