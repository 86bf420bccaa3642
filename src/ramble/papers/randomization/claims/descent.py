"""What the text claims of gradient descent, with and without chance, judged by the tables of one study."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ramble.measure.spread import spread
from ramble.papers.claim import Claim, at_least, share, verdict
from ramble.papers.randomization.theorem_thresholds import TheoremThresholds

ROUNDING = 1e-12  # of a bound relative to what it is made of: below it nothing is said of a difference


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
    rises = {name: _rises(run.loss.to_numpy()) for name, run in bowl.groupby("run")}
    stochastic = bowl[bowl.run == "stochastic"].loss
    lowered = float(stochastic.iloc[0] - stochastic.iloc[-1])
    shares = {name: f"{share:.3g} / L" for name, share in bowl.groupby("run")["share"].first().items()}
    return [
        at_least(
            "Gradient descent goes down the bowl with every step", "Fig. 1", study,
            f"share of the steps of descent at {shares['descent']} that do not raise the loss",
            share(1 - rises["descent"]), f"{len(rises['descent'])} steps", limits.bound_share,
        ),
        at_least(
            "At a too large rate descent overshoots the minimum", "Fig. 2", study,
            f"share of the steps of descent at {shares['overshooting']} that raise the loss",
            share(rises["overshooting"]), f"{len(rises['overshooting'])} steps", limits.rising_share,
        ),
        at_least(
            "Stochastic gradient descent goes down only on average", "Fig. 6", study,
            f"share of the steps by one sample at {shares['stochastic']} that raise the loss, 0 where all of them "
            "together do not lower it",
            share(rises["stochastic"]) if lowered > 0 else 0 * lowered,
            f"{len(rises['stochastic'])} steps, which lower the loss by {lowered:.3g}", limits.rising_share,
        ),
    ]  # fmt: skip


def _rises(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 for every step that raises the loss, 0 for the others, and NaN where a loss is none."""
    changes = np.diff(losses)
    return np.where(np.isnan(changes), np.nan, changes > 0)


def _descent_bound(study: str, table: pd.DataFrame, where: str, limits: TheoremThresholds) -> Claim:
    slack = ROUNDING * (1 + table.loss.abs())
    return at_least(
        f"Theorem 1: the descent bound ({where})", "Theorem 1", study,
        "share of the points from which the bound holds for all n steps that can be drawn",
        share((table.worst_excess <= slack).to_numpy()),
        f"loss after the step less the bound, at worst {table.worst_excess.max():.3g}; {len(table)} points",
        limits.bound_share,
    )  # fmt: skip


def _holds(study: str, claim: str, table: pd.DataFrame, bound: str, where: str, limits: TheoremThresholds) -> Claim:
    """Judge a bound on the expected change of the loss by the points visited."""
    slack = ROUNDING * (1 + table.loss.abs())
    holds = (table.expected <= table[bound] + slack).to_numpy()
    left = (table.expected - table[bound]) / table.rate
    return at_least(
        f"{claim} ({where})", claim.partition(":")[0].partition(" as")[0], study,
        "share of the points at which the exact expected change of the loss is within the bound", share(holds),
        f"expected change less bound, per unit of step size, {spread(left.to_numpy())}; {len(table)} points",
        limits.bound_share,
    )  # fmt: skip


def _fitted(study: str, bounds: pd.DataFrame, limits: TheoremThresholds) -> Claim:
    others = bounds[~bounds.fitted_on]
    holds = others.second <= (others.constant + others.slope * others.square) * (1 + ROUNDING)
    fits = bounds.groupby(["problem", "scale"])[["constant", "slope"]].first().reset_index()
    told = "; ".join(
        f"{row.problem} x {row.scale:g}: M = {row.constant:.3g}, M_G = {row.slope:.3g}" for row in fits.itertuples()
    )
    return at_least(
        "The second moment of the gradient is bounded by M + M_G |grad F|^2", "Theorem 3", study,
        "share of the points of other walks at which the M and M_G of the first walks hold", share(holds.to_numpy()),
        told, limits.fitted_share,
    )  # fmt: skip


def _schedules(study: str, table: pd.DataFrame, limits: TheoremThresholds) -> list[Claim]:
    first, last = table[table.step == table.step.min()], table[table.step == table.step.max()]
    start = _mean(first.square)
    kinds = {str(kind): rows for kind, rows in last.groupby("kind")}
    suitable, fleeting, constant = kinds["suitable"], kinds["fleeting"], kinds["constant"]
    vanished = suitable.weighted_mean / start
    levels = constant.groupby("schedule").agg(rate=("rate", "first"), recent=("recent", _mean))
    exponent = (
        float(np.polyfit(np.log(levels.rate), np.log(levels.recent), 1)[0]) if len(set(levels.rate)) > 1 else np.nan
    )
    stopped = float(_mean(fleeting.recent) / _mean(suitable.recent))
    means = table.groupby(["schedule", "step"]).agg(weighted=("weighted_mean", _mean), bound=("bound", "first"))
    return [
        at_least(
            "Theorem 4: the weighted mean stays below its bound", "Theorem 4", study,
            "share of the steps looked at, of all step sizes, at which the mean over walks is within the bound",
            share((means.weighted <= means.bound).to_numpy()),
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
    """Judge section 7 as printed, of all minima, and as it should read, of those where every gradient vanishes."""
    at = table[table.start == "at"]
    farthest = at.groupby(["problem", "targets"], sort=False).distance.agg(_most).reset_index()
    rests = farthest.distance <= limits.resting
    told = "; ".join(f"{row.problem}, targets {row.targets}: {row.distance:.2g}" for row in farthest.itertuples())
    met = farthest.targets == "met"
    statistic = f"largest relative distance from the minimum is at most {limits.resting:g}"
    return [
        at_least(
            "Section 7 as printed: a minimum is absorbing", "7", study,
            f"share of the losses whose {statistic}, of walks begun there", share(rests.to_numpy()), told,
            limits.bound_share,
        ),
        at_least(
            "Section 7 as it should read: absorbing where every sample's gradient vanishes, and only there", "7", study,
            f"share of the losses of which both or neither is true: all targets are met, and the {statistic}",
            share((rests == met).to_numpy()), told, limits.bound_share,
        ),
    ]  # fmt: skip
