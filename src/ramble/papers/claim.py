"""One row of a table of claims, and such tables for people."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Claim:
    """One row of the claims table."""

    claim: str
    where: str  # section or figure of the paper
    study: str
    statistic: str
    measured: float
    spread: str
    threshold: str
    verdict: str  # "reproduced" or "not reproduced", which words on the size may follow, or "not measured"


def good_path(max_errors: int) -> str:
    """Name a path that lies in the solution space, of networks with so many errors at most."""
    return f"path of at most {max_errors} errors" if max_errors else "zero-error path"


def errors_beyond(max_errors: int) -> str:
    """Name what leads out of the solution space."""
    return f"more than {max_errors} error{'s' * (max_errors > 1)}" if max_errors else "errors"


def at_least(
    claim: str, where: str, study: str, statistic: str, measured: float, spread: str, threshold: float
) -> Claim:
    """Return the claim with its verdict: it holds when the statistic reaches the threshold."""
    return Claim(
        claim, where, study, statistic, measured, spread, f">= {threshold:g}", verdict(measured, measured >= threshold)
    )


def decided(
    claim: str,
    where: str,
    study: str,
    statistic: str,
    known: tuple[Sequence[bool] | np.ndarray, Sequence[bool] | np.ndarray],
    spread: str,
    threshold: float,
) -> Claim:
    """Return a claim on a share of cases of which some may be open: it is judged where these cannot turn the verdict.

    `known` tells of each case whether what is asked is surely so, and whether it surely is not. The statistic is the
    share of the first, NaN where it would reach the threshold with the open cases, and does not without.
    """
    least, most = share(known[0]), 1 - share(known[1])
    measured = float("nan") if least < threshold <= most else least
    left = int((~(np.asarray(known[0], dtype=bool) | np.asarray(known[1], dtype=bool))).sum())
    told = f"{spread}; {left} of {len(known[0])} undecided" if left else spread
    return at_least(claim, where, study, statistic, measured, told, threshold)


def above(values: Sequence[float] | np.ndarray, limit: float) -> tuple[np.ndarray, np.ndarray]:
    """Tell of each number, as `decided` asks, whether it is above a limit, and whether it is not; NaN is neither."""
    numbers = np.asarray(values, dtype=float)
    return numbers > limit, numbers <= limit


def verdict(measured: float, holds: bool) -> str:
    """Return "not measured" where the statistic is NaN, else by whether the claim holds."""
    if np.isnan(measured):
        return NOT_MEASURED
    return "reproduced" if holds else "not reproduced"


def metric(claim: Claim) -> dict[str, float | int | None]:
    """Return the number and the verdict as metrics: 1 for reproduced, 0 for not, None for not measured."""
    reproduced = None if claim.verdict == NOT_MEASURED else int(claim.verdict.startswith("reproduced"))
    return {"measured": claim.measured, "reproduced": reproduced}


def median(values: Sequence[float] | np.ndarray) -> float:
    """Return the median, NaN where there are none or one of them is: of what is known alone it would be another one."""
    return float(np.median(np.asarray(values, dtype=float))) if len(values) else float("nan")


def share(flags: Sequence[bool] | np.ndarray) -> float:
    """Return which share of them is true, NaN where there are none."""
    return float(np.mean(flags)) if len(flags) else float("nan")


def claim_rows(claims: Sequence[Claim]) -> list[str]:
    """Return the claims as the lines of a Markdown table."""
    header = ("claim", "where", "study", "statistic", "measured", "spread", "threshold", "verdict")
    cells = [
        (c.claim, c.where, c.study, c.statistic, f"{c.measured:.3g}", c.spread, c.threshold, f"**{c.verdict}**")
        for c in claims
    ]
    return markdown_rows(header, cells)


def markdown_rows(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a header and rows of cells as the lines of a Markdown table."""
    escaped = ([cell.replace("|", "\\|") for cell in cells] for cells in rows)  # norms are written with bars
    return [f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *escaped)]
