"""What the text claims of initialisations and batch sizes, judged by the runs of one study."""

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ramble.measure.spread import spread
from ramble.papers.claim import Claim, decided, verdict
from ramble.papers.randomization.claims.qualified import qualified
from ramble.papers.randomization.claims.welch import METHOD, interval
from ramble.papers.randomization.printed import WEIGHTS
from ramble.papers.randomization.runs_evidence import Evidence, Runs, within
from ramble.papers.randomization.thresholds import Thresholds
from ramble.problems.carlini import CarliniNet

CONSTANT, RANDOM = ("ones", "zeros", "zeros_and_biases"), ("kaiming_normal", "xavier_uniform")
PRINTED_CONSTANT = {"ones", "zeros"}
SMALL, LARGE = 10, 300  # batches of Table 2
LEAST_RUNS = 3  # of a row, of which none diverged: of fewer chance would decide
CURVES = ("minibatch_loss", "validation_loss")  # that the text draws
COUNTS: dict[str, bool] = {  # in which the batches are compared: is more better?
    "train_accuracy": True,
    "validation_accuracy": True,
    "train_loss": False,
    "validation_loss": False,
}
Judge = Callable[[Evidence, Thresholds], list[Claim]]


def judge_runs(evidence: Evidence, limits: Thresholds) -> list[Claim]:
    """Return the claims that the study has runs for.

    Those of the printed size are judged as they stand; all others say in their verdict of which size it is. A claim
    on all runs is not reproduced as soon as one that did not diverge is otherwise. For all else a row of a table must
    have enough runs of which none diverged; where it has not, nothing is measured.
    """
    size = "" if evidence.printed_size else f"small size: {evidence.size}"

    def of_size(*judges: Judge) -> list[Claim]:
        return [qualified(claim, size) for judge in judges for claim in judge(evidence, limits)]

    return [
        *of_size(_constant, _random, _gap, _ones, _batches, _smoother),
        *_weights(evidence, limits),
        *of_size(_printed),
    ]


def _rows(evidence: Evidence, initialisations: Sequence[str]) -> list[Runs]:
    return [row for row in evidence.rows["table1"] if row.cell.initialisation in initialisations]


def _enough(row: Runs) -> bool:
    return len(row.tables) >= LEAST_RUNS and not row.diverged


def _lacking(rows: Sequence[Runs]) -> str:
    """Say, for a cell of a table, which rows have too few runs, or some that diverged."""
    return "".join(
        f"; {row.cell.label}: {len(row.tables)} runs, {row.diverged} diverged" for row in rows if not _enough(row)
    )


def _largest(values: NDArray[np.float64], violates: NDArray[np.bool_], rows: Sequence[Runs]) -> float:
    """Return the largest value of all runs where it decides a claim on all of them, else NaN.

    One that violates the claim does, whatever the others are, and so do the values of enough runs.
    """
    if violates.any():
        return float(values[violates].max())
    return float(values.max()) if all(_enough(row) for row in rows) else float("nan")


def _constant(evidence: Evidence, limits: Thresholds) -> list[Claim]:
    rows = _rows(evidence, CONSTANT)
    if not rows:
        return []
    values = np.concatenate([row.known(f"{split}_accuracy") for row in rows for split in ("train", "validation")])
    most = _largest(values, values >= limits.constant_below, rows)
    missing = sorted(PRINTED_CONSTANT - {row.cell.initialisation for row in rows})
    if missing and most < limits.constant_below:  # the text speaks of them too
        most = float("nan")
    return [
        Claim(
            "Networks of constant weights stay below half", "Table 1", evidence.study,
            "largest accuracy of a network of constant weights, on training or validation images", most,
            spread(values) + _lacking(rows) + "".join(f"; no runs of {name}" for name in missing),
            f"< {limits.constant_below:g}", verdict(most, most < limits.constant_below),
        )
    ]  # fmt: skip


def _random(evidence: Evidence, limits: Thresholds) -> list[Claim]:
    claims = []
    for row in _rows(evidence, RANDOM):
        values = row.known("train_accuracy")
        least = -_largest(-values, values < limits.random_above, [row])
        claims.append(
            Claim(
                f"{row.cell.label} is above 90 % on training images", "Table 1", evidence.study,
                "smallest training accuracy of a run", least, spread(values) + _lacking([row]),
                f">= {limits.random_above:g}", verdict(least, least >= limits.random_above),
            )
        )  # fmt: skip
    return claims


def _difference(first: NDArray[np.float64], second: NDArray[np.float64]) -> tuple[float, float]:
    """Return the interval of the difference of two means, NaN where they are of too few runs, or one diverged."""
    if min(len(first), len(second)) < LEAST_RUNS:
        return float("nan"), float("nan")
    return interval(first, second)


def _said(low: float, high: float) -> str:
    return f"{low:.2g} .. {high:.2g}" if low <= high else "unknown"


def _gap(evidence: Evidence, limits: Thresholds) -> list[Claim]:
    """Judge by where the difference of the means surely lies: of means alone chance would decide."""
    rows, limit = _rows(evidence, RANDOM), limits.validation_gap
    if len(rows) < len(RANDOM):
        return []
    first, second = (row.known("validation_accuracy") for row in rows)
    low, high = _difference(first, second)
    inside, outside = -limit <= low and high <= limit, low > limit or high < -limit
    gap = abs(float(first.mean() - second.mean())) if inside or outside else float("nan")
    own = "; ".join(f"{row.cell.label} {spread(values)}" for row, values in zip(rows, (first, second), strict=True))
    return [
        Claim(
            "Both random initialisations are equally good on validation images", "Table 1", evidence.study,
            f"difference of their mean validation accuracies, where its {METHOD} lies on one side of the threshold",
            gap, f"{own}; difference {_said(low, high)}{_lacking(rows)}", f"<= {limit:g}", verdict(gap, inside),
        )
    ]  # fmt: skip


def _ones(evidence: Evidence, limits: Thresholds) -> list[Claim]:
    """Judge what the text says against its own table: a network that answers by chance, and has next to no loss."""
    rows = _rows(evidence, ("ones",))
    if not rows:
        return []
    (row,) = rows
    ended = row.last("train_loss")
    # a loss that is no number is none that is almost nothing, but for a run that did not come to the last epoch
    losses = np.where(row.diverged_runs, np.nan, np.where(np.isnan(ended), np.inf, ended))
    most = _largest(losses, losses > limits.no_loss, rows)
    return [
        Claim(
            "The network of ones reaches almost no loss", "text, against Table 1", evidence.study,
            "largest training loss (nats) after the last epoch", most,
            f"losses {spread(row.known('train_loss'))}; accuracies {spread(row.known('train_accuracy'))}"
            + _lacking(rows),
            f"<= {limits.no_loss:g}", verdict(most, most <= limits.no_loss),
        )
    ]  # fmt: skip


def _pairs(evidence: Evidence) -> list[tuple[Runs, Runs]]:
    """Return the runs of the small and of the large batch, by network."""
    networks = dict.fromkeys(row.cell.network for row in evidence.rows["table2"])
    pairs = [[evidence.runs("table2", network, "plain", batch) for batch in (SMALL, LARGE)] for network in networks]
    return [(small, large) for small, large in pairs if small and large]


def _batches(evidence: Evidence, limits: Thresholds) -> list[Claim]:
    """Judge each count by whether the interval of the difference of means, by which we are better, is above 0."""
    claims = []
    for small, large in _pairs(evidence):
        better, not_better, told = [], [], []
        for column, more in COUNTS.items():
            ours, theirs = small.known(column), large.known(column)
            low, high = _difference(ours, theirs) if more else _difference(theirs, ours)
            better.append(low > 0)
            not_better.append(high <= 0)
            means = f"{ours.mean():.4g} against {theirs.mean():.4g}"
            told.append(f"{column.replace('_', ' ')} {means}, better by {_said(low, high)}")
        claims.append(
            decided(
                f"Batch {SMALL} is better than {LARGE} on every count: {small.cell.network}", "Table 2",
                evidence.study,
                "share of loss and accuracy on training and validation images, means over runs, that are better: the "
                f"{METHOD} of the difference is above 0, or undecided where it contains 0",
                (better, not_better), "; ".join(told) + _lacking([small, large]), 1,
            )
        )  # fmt: skip
    return claims


def _smoother(evidence: Evidence, limits: Thresholds) -> list[Claim]:
    """Judge by where the roughness of the small batch less so many times that of the large one surely lies."""
    claims, limit = [], limits.smoothness_ratio
    for (small, large), column in product(_pairs(evidence), CURVES):
        ours, theirs = small.roughness(column), large.roughness(column)
        low, high = _difference(ours, limit * theirs)
        below, not_below = high < 0, low >= 0
        rough, other = float(ours.mean()), float(theirs.mean())
        ratio = rough / other if other and (below or not_below) else float("nan")
        name = column.replace("_", " ")
        claims.append(
            Claim(
                f"The {name} is smoother with batch {SMALL}: {small.cell.network}", "Figures 8 and 9", evidence.study,
                f"roughness of the {name} with batch {SMALL}, as a multiple of that with {LARGE}, means over runs, "
                f"where the {METHOD} of the first less {limit:g} times the second is on one side of 0", ratio,
                f"{rough:.3g} against {other:.3g}, difference {_said(low, high)}{_lacking([small, large])}",
                f"< {limit:g}", verdict(ratio, below),
            )
        )  # fmt: skip
    return claims


def _weights(evidence: Evidence, limits: Thresholds) -> list[Claim]:
    """Count the weights of the network as its authors print it, whatever width the study takes."""
    weights = sum(weight.numel() for weight in CarliniNet().parameters())
    times = weights / WEIGHTS
    return [
        Claim(
            f"The Carlini net has {WEIGHTS:,} weights", "text", evidence.study,
            "weights of the network as its authors print it", float(weights),
            f"{weights:,}, which is {times:.3g} times the printed number; the study's has {_own_weights(evidence)}",
            f"within {limits.weights_tolerance:g} of the printed number",
            verdict(times, abs(times - 1) <= limits.weights_tolerance),
        )
    ]  # fmt: skip


def _own_weights(evidence: Evidence) -> str:
    counts = {row.weights for table in evidence.rows.values() for row in table if row.cell.network == "carlini"}
    return ", ".join(f"{count:,}" for count in sorted(counts)) or "none"


def _printed(evidence: Evidence, limits: Thresholds) -> list[Claim]:
    """Judge every printed number by whether it lies between our smallest and our largest."""
    claims = []
    for number, (table, rows) in enumerate(evidence.rows.items(), start=1):
        for row, split in product(rows, ("train", "validation")):
            printed: float | None = getattr(row.cell, split)
            if printed is None:
                continue
            values = 100 * row.known(f"{split}_accuracy")
            name = {"train": "training", "validation": "validation"}[split]
            # the range of fewer runs says next to nothing, and one that diverged could make it as wide as may be
            mean = float(values.mean()) if _enough(row) else float("nan")
            claims.append(
                Claim(
                    f"{row.cell.label}: {name} accuracy {printed:.2f} %", f"Table {number}", evidence.study,
                    f"mean over runs, of which there must be {LEAST_RUNS}, in per cent", mean,
                    spread(values) + _lacking([row]), f"{printed:g} within the range of runs",
                    verdict(mean, within(printed, values)),
                )
            )  # fmt: skip
        assert table == f"table{number}"
    return claims
