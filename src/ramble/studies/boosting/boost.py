"""What the networks that the validation split chose do on the test set, looked at once."""

from collections.abc import Sequence

import pandas as pd
from scipy.stats import binomtest
from torch import Tensor

from ramble.problems.network import NetworkProblem
from ramble.store.points import Points, StoredPath
from ramble.store.progress import Progress
from ramble.studies.boosting.choice import Chosen, Score, choose, score
from ramble.studies.boosting.methods import BETTER_END, BOTH_ENDS, methods


def boost(
    problem: NetworkProblem, path: StoredPath, further: Points, widths: Sequence[float], members: Sequence[int]
) -> pd.DataFrame:
    """Choose a network in every way by its validation errors, then count its test errors.

    Args:
        problem: with a validation and a test split.
        path: from W_a to W_b.
        further: points of further training from W_a.
        widths: see `methods`.
        members: likewise.

    Returns:
        One row per way: pair, status (of the path), method, networks (that predict together), choice (what was taken),
        candidates (of how many), validation_errors, validation_loss, test_errors; against the end that does better
        on the validation split fixed (its test errors that are none here), broken (the other way round) and p_value
        (see `mcnemar`); and the same against both ends together: ends_fixed, ends_broken, ends_p_value.

    Raises:
        RambleError: the problem has no validation split.
    """
    ways, chosen, tested = methods(path, further, widths, members), dict[str, Chosen](), dict[str, Score]()
    steps = sum(len(candidates) + 1 for candidates in ways.values())
    with Progress(f"better networks from path {path.name}", steps) as progress:
        for method, candidates in ways.items():
            chosen[method] = choose(problem, candidates, progress)
        for method, best in chosen.items():
            tested[method] = score(problem, best.candidate, "test")
            progress.advance(1, testing=method)
    rows = []
    for method, best in chosen.items():
        wrong = tested[method].wrong
        rows.append(
            {
                "pair": path.name,
                "status": path.header.status.value,
                "method": method,
                "networks": len(best.candidate.weights),
                "choice": best.candidate.name,
                "candidates": best.candidates,
                "validation_errors": best.validation.errors,
                "validation_loss": best.validation.loss,
                "test_errors": tested[method].errors,
                **_against(tested[BETTER_END].wrong, wrong, ""),
                **_against(tested[BOTH_ENDS].wrong, wrong, "ends_"),
            }
        )
    return pd.DataFrame(rows)


def _against(control: Tensor, wrong: Tensor, prefix: str) -> dict[str, float]:
    """Compare errors (M,) bool with those of a control, sample by sample."""
    fixed, broken = int((control & ~wrong).sum()), int((wrong & ~control).sum())
    return {f"{prefix}fixed": fixed, f"{prefix}broken": broken, f"{prefix}p_value": mcnemar(fixed, broken)}


def mcnemar(fixed: int, broken: int) -> float:
    """Return the two-sided p-value of McNemar's exact test: are these halves of as many tosses of a fair coin?

    Args:
        fixed: samples that only the first of two classifiers gets wrong.
        broken: samples that only the second gets wrong.
    """
    discordant = fixed + broken
    return float(binomtest(fixed, discordant, 0.5).pvalue) if discordant else 1.0
