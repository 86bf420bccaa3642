"""What the text claims of initialisations and batch sizes, judged by the runs of one study."""

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np

from ramble.measure.spread import spread
from ramble.papers.claim import Claim, verdict
from ramble.papers.randomization.printed import WEIGHTS
from ramble.papers.randomization.runs_evidence import Evidence, Runs, within
from ramble.papers.randomization.thresholds import Thresholds
from ramble.problems.carlini import CarliniNet

CONSTANT, RANDOM = ("ones", "zeros", "zeros_and_biases"), ("kaiming_normal", "xavier_uniform")
SMALL, LARGE = 10, 300  # batches of Table 2
LEAST_RUNS = 3
CURVES = ("minibatch_loss", "validation_loss")  # that the text draws
COUNTS: dict[str, bool] = {  # in which the batches are compared: is more better?
    "train_accuracy": True,
    "validation_accuracy": True,
    "train_loss": False,
    "validation_loss": False,
}


def judge_runs(evidence: Evidence, limits: Thresholds) -> list[Claim]:
    """Return the claims that the study has runs for.

    Those of the printed size are judged as they stand; all others say in their verdict of which size it is.
    """
    judges: Sequence[Callable[[Evidence, Thresholds], list[Claim]]] = (
        _constant, _random, _gap, _ones, _batches, _smoother, _weights, _printed,
    )  # fmt: skip
    return [claim for judge in judges for claim in judge(evidence, limits)]


def _claim(
    evidence: Evidence, claim: str, where: str, statistic: str, measured: float, told: str, limit: str, holds: bool
) -> Claim:
    judged = verdict(measured, holds)
    size = "" if evidence.printed_size else f" (small size: {evidence.size})"
    return Claim(claim, where, evidence.study, statistic, measured, told, limit, judged + size)


def _rows(evidence: Evidence, initialisations: Sequence[str]) -> list[Runs]:
    return [row for row in evidence.rows["table1"] if row.cell.initialisation in initialisations]


def _constant(evidence: Evidence, limits: Thresholds) -> list[Claim]:
    rows = _rows(evidence, CONSTANT)
    if not rows:
        return []
    values = np.concatenate([row.last(f"{split}_accuracy") for row in rows for split in ("train", "validation")])
    most = float(values.max())
    return [
        _claim(
            evidence, "Networks of constant weights stay below half", "Table 1",
            "largest accuracy of a network of constant weights, on training or validation images", most,
            spread(values), f"< {limits.constant_below:g}", most < limits.constant_below,
        )
    ]  # fmt: skip


def _random(evidence: Evidence, limits: Thresholds) -> list[Claim]:
    claims = []
    for row in _rows(evidence, RANDOM):
        values = row.last("train_accuracy")
        least = float(values.min())
        claims.append(
            _claim(
                evidence, f"{row.cell.label} is above 90 % on training images", "Table 1",
                "smallest training accuracy of a run", least, spread(values), f">= {limits.random_above:g}",
                least >= limits.random_above,
            )
        )  # fmt: skip
    return claims


def _gap(evidence: Evidence, limits: Thresholds) -> list[Claim]:
    rows = _rows(evidence, RANDOM)
    if len(rows) < len(RANDOM):
        return []
    first, second = (row.last("validation_accuracy") for row in rows)
    gap = abs(float(first.mean() - second.mean()))
    return [
        _claim(
            evidence, "Both random initialisations are equally good on validation images", "Table 1",
            "difference of their mean validation accuracies", gap,
            "; ".join(f"{row.cell.label} {spread(own)}" for row, own in zip(rows, (first, second), strict=True)),
            f"<= {limits.validation_gap:g}", gap <= limits.validation_gap,
        )
    ]  # fmt: skip


def _ones(evidence: Evidence, limits: Thresholds) -> list[Claim]:
    """Judge what the text says against its own table: a network that answers by chance, and has next to no loss."""
    rows = _rows(evidence, ("ones",))
    if not rows:
        return []
    losses, accuracies = rows[0].last("train_loss"), rows[0].last("train_accuracy")
    # a loss that is no number is none that is almost nothing
    most = float(np.nan_to_num(losses, nan=np.inf).max())
    return [
        _claim(
            evidence, "The network of ones reaches almost no loss", "text, against Table 1",
            "largest training loss (nats) after the last epoch", most,
            f"losses {spread(losses[~np.isnan(losses)])}; accuracies {spread(accuracies)}", f"<= {limits.no_loss:g}",
            most <= limits.no_loss,
        )
    ]  # fmt: skip


def _pairs(evidence: Evidence) -> list[tuple[Runs, Runs]]:
    """Return the runs of the small and of the large batch, by network."""
    networks = dict.fromkeys(row.cell.network for row in evidence.rows["table2"])
    pairs = [[evidence.runs("table2", network, "plain", batch) for batch in (SMALL, LARGE)] for network in networks]
    return [(small, large) for small, large in pairs if small and large]


def _batches(evidence: Evidence, limits: Thresholds) -> list[Claim]:
    claims = []
    for small, large in _pairs(evidence):
        better, told = [], []
        for column, more in COUNTS.items():
            ours, theirs = float(small.last(column).mean()), float(large.last(column).mean())
            better.append(ours > theirs if more else ours < theirs)
            told.append(f"{column.replace('_', ' ')} {ours:.4g} against {theirs:.4g}")
        share = float(np.mean(better))
        claims.append(
            _claim(
                evidence, f"Batch {SMALL} is better than {LARGE} on every count: {small.cell.network}", "Table 2",
                "share of loss and accuracy on training and validation images, means over runs, that are better", share,
                "; ".join(told), ">= 1", share >= 1,
            )
        )  # fmt: skip
    return claims


def _smoother(evidence: Evidence, limits: Thresholds) -> list[Claim]:
    claims = []
    for (small, large), column in product(_pairs(evidence), CURVES):
        ours, theirs = small.roughness(column), large.roughness(column)
        ratio = ours / theirs if theirs else float("nan")
        name = column.replace("_", " ")
        claims.append(
            _claim(
                evidence, f"The {name} is smoother with batch {SMALL}: {small.cell.network}", "Figures 8 and 9",
                f"roughness of the {name} with batch {SMALL}, as a multiple of that with {LARGE}", ratio,
                f"{ours:.3g} against {theirs:.3g}", f"< {limits.smoothness_ratio:g}", ratio < limits.smoothness_ratio,
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
            values = 100 * row.last(f"{split}_accuracy")
            name = {"train": "training", "validation": "validation"}[split]
            # the range of fewer runs says next to nothing
            mean = float(values.mean()) if len(values) >= LEAST_RUNS else float("nan")
            claims.append(
                _claim(
                    evidence, f"{row.cell.label}: {name} accuracy {printed:.2f} %", f"Table {number}",
                    f"mean over runs, of which there must be {LEAST_RUNS}, in per cent", mean, spread(values),
                    f"{printed:g} within the range of runs", within(printed, values),
                )
            )  # fmt: skip
        assert table == f"table{number}"
    return claims
