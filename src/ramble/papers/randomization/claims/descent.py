"""What the text claims of gradient descent, with and without chance, judged by the tables of one study."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ramble.measure.spread import spread
from ramble.papers.claim import Claim, at_least, decided, verdict
from ramble.papers.randomization.theorem_thresholds import TheoremThresholds

ROUNDING = 1e-12  # of a bound relative to what it is made of: below it nothing is said of a difference
NO_GRADIENT = 1e-12  # of one sample at a minimum: below it is rounding
Known = tuple[NDArray[np.bool_], NDArray[np.bool_]]  # what surely is so, and what surely is not


@dataclass(frozen=True)
class DescentTables:
    """What `ramble.studies.descent` measured: its tables by their names."""

    bowl: pd.DataFrame
    bounds: pd.DataFrame
    schedules: pd.DataFrame
    rest: pd.DataFrame


def judge_descent(study: str, tables: DescentTables, limits: TheoremThresholds) -> list[Claim]:
    """Judge every claim; those of the bounds on a step of the convex loss and of the network apart."""
    bowl, bounds = tables.bowl, tables.bounds
    convex, network = bounds[bounds.problem == "logistic"], bounds[bounds.problem == "network"]
    return [
        *_bowl(study, bowl, limits),
        _descent_bound(study, convex, "logistic regression, L computed", limits),
        _descent_bound(study, network, "network, L the largest curvature seen", limits),
        _holds(study, "Theorem 2: the bound in expectation", convex, "bound", "logistic regression", limits),
        _holds(study, "Theorem 2: the bound in expectation", network, "bound", "network", limits),
        _fitted(study, bounds, limits),
        _holds(
            study, "Theorem 3 as it should read, M computed", convex, "bound_computed", "logistic regression", limits
        ),
        _holds(study, "Theorem 3 as it should read, M and M_G fitted", bounds, "bound_fitted", "both losses", limits),
        _holds(study, "Theorem 3 as printed, M and M_G fitted", bounds, "bound_printed", "both losses", limits),
        *_schedules(study, tables.schedules, limits),
        *_rest(study, tables.rest, limits),
    ]


def _bowl(study: str, bowl: pd.DataFrame, limits: TheoremThresholds) -> list[Claim]:
    rises = {name: _raised(run.loss.to_numpy()) for name, run in bowl.groupby("run")}
    stochastic = bowl[bowl.run == "stochastic"].loss
    lowered = float(stochastic.iloc[0]) - float(stochastic.iloc[-1])
    shares = {name: f"{share:.3g} / L" for name, share in bowl.groupby("run")["share"].first().items()}
    steps = {name: f"{len(raised)} steps" for name, (raised, _) in rises.items()}
    on_average = rises["stochastic"]
    if not lowered > 0:  # none of the steps counts, or none is known to
        none = np.zeros_like(on_average[0])
        on_average = (none, none | (lowered <= 0))
    return [
        decided(
            "Gradient descent goes down the bowl with every step", "Fig. 1", study,
            f"share of the steps of descent at {shares['descent']} that do not raise the loss",
            rises["descent"][::-1], steps["descent"], limits.bound_share,
        ),
        decided(
            "At a too large rate descent overshoots the minimum", "Fig. 2", study,
            f"share of the steps of descent at {shares['overshooting']} that raise the loss",
            rises["overshooting"], steps["overshooting"], limits.rising_share,
        ),
        decided(
            "Stochastic gradient descent goes down only on average", "Fig. 6", study,
            f"share of the steps by one sample at {shares['stochastic']} that raise the loss, 0 where all of them "
            "together do not lower it",
            on_average, f"{steps['stochastic']}, which lower the loss by {lowered:.3g}", limits.rising_share,
        ),
    ]  # fmt: skip


def _raised(losses: NDArray[np.float64]) -> Known:
    """Tell which steps raise the loss, and which do not; neither where a loss is none."""
    before, after = losses[:-1], losses[1:]
    return after > before, np.isfinite(after) & (after <= before)


def _within(values: "pd.Series[float]", bounds: "pd.Series[float]") -> Known:
    """Tell which values are within their bounds, and which are not; neither where one is NaN, or a bound overflowed."""
    numbers, limits = values.to_numpy(), bounds.to_numpy()
    return np.isfinite(limits) & (numbers <= limits), numbers > limits


def _descent_bound(study: str, table: pd.DataFrame, where: str, limits: TheoremThresholds) -> Claim:
    return decided(
        f"Theorem 1: the descent bound ({where})", "Theorem 1", study,
        "share of the points from which the bound holds for all n steps that can be drawn",
        _within(table.worst_excess, _slack(table)),
        f"loss after the step less the bound, at its worst {spread(table.worst_excess.to_numpy())}; "
        f"{len(table)} points",
        limits.bound_share,
    )  # fmt: skip


def _slack(table: pd.DataFrame) -> "pd.Series[float]":
    return ROUNDING * (1 + table.loss.abs())


def _holds(study: str, claim: str, table: pd.DataFrame, bound: str, where: str, limits: TheoremThresholds) -> Claim:
    """Judge a bound on the expected change of the loss by the points visited."""
    left = (table.expected - table[bound]) / table.rate
    return decided(
        f"{claim} ({where})", claim.partition(":")[0].partition(" as")[0], study,
        "share of the points at which the exact expected change of the loss is within the bound",
        _within(table.expected, table[bound] + _slack(table)),
        f"expected change less bound, per unit of step size, {spread(left.to_numpy())}; {len(table)} points",
        limits.bound_share,
    )  # fmt: skip


def _fitted(study: str, bounds: pd.DataFrame, limits: TheoremThresholds) -> Claim:
    others = bounds[~bounds.fitted_on]
    fits = bounds.groupby(["problem", "scale"])[["constant", "slope"]].first().reset_index()
    told = "; ".join(
        f"{row.problem} x {row.scale:g}: M = {row.constant:.3g}, M_G = {row.slope:.3g}" for row in fits.itertuples()
    )
    return decided(
        "The second moment of the gradient is bounded by M + M_G |grad F|^2", "Theorem 3", study,
        "share of the points of other walks at which the M and M_G of the first walks hold",
        _within(others.second, (others.constant + others.slope * others.square) * (1 + ROUNDING)),
        told, limits.fitted_share,
    )  # fmt: skip


def _schedules(study: str, table: pd.DataFrame, limits: TheoremThresholds) -> list[Claim]:
    first, last = table[table.step == table.step.min()], table[table.step == table.step.max()]
    start = _mean(first.square)
    kinds = {str(kind): rows for kind, rows in last.groupby("kind")}
    suitable, fleeting, constant = kinds["suitable"], kinds["fleeting"], kinds["constant"]
    vanished = suitable.weighted_mean / start
    levels = constant.groupby("schedule").agg(rate=("rate", "first"), recent=("recent", _mean))
    comparable = len(set(levels.rate)) > 1 and all(0 < level < np.inf for level in levels.recent)
    exponent = float(np.polyfit(np.log(levels.rate), np.log(levels.recent), 1)[0]) if comparable else np.nan
    stopped = float(_mean(fleeting.recent) / _mean(suitable.recent))
    means = table.groupby(["schedule", "step"]).agg(weighted=("weighted_mean", _mean), bound=("bound", "first"))
    return [
        decided(
            "Theorem 4: the weighted mean stays below its bound", "Theorem 4", study,
            "share of the steps looked at, of all step sizes, at which the mean over walks is within the bound",
            _within(means.weighted, means.bound),
            f"weighted mean / bound {spread((means.weighted / means.bound).to_numpy())}", limits.bound_share,
        ),
        Claim(
            "Theorem 4: the weighted mean of |grad F|^2 goes to zero where sum a is infinite and sum a^2 is not",
            "Theorem 4", study, "largest weighted mean after the last step, relative to |grad F|^2 at the start",
            _most(vanished), spread(vanished.to_numpy()), f"<= {limits.vanishing:g}",
            verdict(_most(vanished), bool((vanished <= limits.vanishing).all())),
        ),
        Claim(
            "Under constant steps |grad F|^2 stays at a level that is proportional to the step size", "Theorem 3",
            study, "exponent of the step size in the level of the second half of the steps", exponent,
            f"levels relative to a L M: {spread((constant.recent / constant.plateau).to_numpy())}",
            f"within {limits.plateau_exponent:g} of 1",
            verdict(exponent, abs(exponent - 1) <= limits.plateau_exponent),
        ),
        at_least(
            "Steps whose sum is finite stop away from the minimum", "Theorem 4", study,
            "level of |grad F|^2 in the second half of the steps, relative to that under suitable steps", stopped,
            f"sum of a_k: {spread(fleeting.sum_rates.to_numpy())} against {spread(suitable.sum_rates.to_numpy())}",
            limits.stopping,
        ),
    ]  # fmt: skip


def _mean(values: "pd.Series[float]") -> float:
    """Return the mean, NaN where one of them is: what diverged is not left out."""
    return float(values.mean(skipna=False))


def _most(values: "pd.Series[float]") -> float:
    """Return the largest, NaN where one of them is."""
    return float(values.max(skipna=False))


def _rest(study: str, table: pd.DataFrame, limits: TheoremThresholds) -> list[Claim]:
    """Judge section 7 as printed, of all minima, and as it should read, of those where every gradient vanishes.

    That a walk leaves shows in its distance. That one stays shows only where no sample's gradient leads away: else
    its steps may be too small to be seen, or too few to have drawn the sample.
    """
    at = table[table.start == "at"].groupby(["problem", "targets"], sort=False)
    losses = at.agg(  # as far as it is known, too: who was seen to leave left, whatever came after
        distance=("distance", _most), seen=("distance", "max"), gradient=("largest_gradient", _most)
    ).reset_index()
    leaves = (losses.seen > limits.resting).to_numpy()
    stays = ((losses.distance <= limits.resting) & (losses.gradient <= NO_GRADIENT)).to_numpy()
    met = (losses.targets == "met").to_numpy()
    told = "; ".join(
        f"{row.problem}, targets {row.targets}: {row.distance:.2g}, largest gradient {row.gradient:.2g}"
        for row in losses.itertuples()
    )
    statistic = f"largest relative distance from the minimum is at most {limits.resting:g}"
    open_ones = "undecided where none is farther, but a sample has a gradient there: its steps may be too small"
    return [
        decided(
            "Section 7 as printed: a minimum is absorbing", "7", study,
            f"share of the losses whose {statistic}, of walks begun there; {open_ones}", (stays, leaves), told,
            limits.bound_share,
        ),
        decided(
            "Section 7 as it should read: absorbing where every sample's gradient vanishes, and only there", "7", study,
            f"share of the losses of which both or neither is true: all targets are met, and the {statistic}; "
            f"{open_ones}",
            ((stays & met) | (leaves & ~met), (stays & ~met) | (leaves & met)), told, limits.bound_share,
        ),
    ]  # fmt: skip
