"""What the text claims of depth in its section 3, judged by the tables of one study."""

import numpy as np
import pandas as pd

from ramble.measure.spread import spread
from ramble.papers.claim import Claim, at_least, verdict
from ramble.papers.randomization.theorem_thresholds import TheoremThresholds

HIDDEN = slice(0, -1)  # of the layers: the last gives the logits


def judge_depth(study: str, products: pd.DataFrame, layers: pd.DataFrame, limits: TheoremThresholds) -> list[Claim]:
    """Judge the claims of which the study has the initialisations."""
    claims = [
        _rate(study, products[products.matrices == kind], kind, direction, limits)
        for kind in products.matrices.unique()
        for direction in ("forward", "backward")
    ]
    there = set(layers.initialisation)
    if "ones" in there:
        claims.append(_explodes(study, layers[layers.initialisation == "ones"], limits))
    claims += [
        _dead(study, layers[layers.initialisation == name], what)
        for name, what in (("zeros", "all weights 0"), ("zeros_and_biases", "all weights and biases 0"))
        if name in there
    ]
    claims += [
        _kept(study, layers[layers.initialisation == name], name, column, limits)
        for name in ("kaiming_normal", "xavier_uniform")
        if name in there
        for column in ("output", "gradient")
    ]
    return claims


def _rate(study: str, table: pd.DataFrame, kind: str, direction: str, limits: TheoremThresholds) -> Claim:
    """Judge the growth per layer: the slope of the logarithm of the mean norm of all draws against the layer."""
    off = {}
    for factor, rows in table.groupby("factor"):
        norms = np.log(rows[direction]).groupby(rows.layer).mean()
        fitted = float(np.exp(np.polyfit(norms.index, norms, 1)[0]))
        off[float(str(factor))] = fitted / float(str(factor)) - 1
    worst = float("nan") if np.isnan(list(off.values())).any() else max(off.values(), key=abs)
    return Claim(
        f"Through l layers times c values grow or fade as c^l ({kind} matrices, {direction})", "3", study,
        "factor per layer that is fitted, relative to c, less 1: the one farthest from 0", worst,
        "; ".join(f"c = {factor:g}: {value:+.2g}" for factor, value in off.items()),
        f"within {limits.depth_error:g} of 0", verdict(worst, abs(worst) <= limits.depth_error),
    )  # fmt: skip


def _by_layer(table: pd.DataFrame, column: str) -> "pd.Series[float]":
    """Return the median over draws by number of the layer."""
    return table.groupby("number")[column].median()


def _explodes(study: str, table: pd.DataFrame, limits: TheoremThresholds) -> Claim:
    sizes = _by_layer(table, "output").iloc[HIDDEN]
    growth = float(sizes.iloc[-1] / sizes.iloc[0])
    return at_least(
        "Weights of 1 make the values of the layers explode", "3", study,
        "root mean square of the last hidden layer relative to the first", growth, _told(sizes), limits.depth_explosion,
    )  # fmt: skip


def _dead(study: str, table: pd.DataFrame, what: str) -> Claim:
    """Judge in how many layers the weights get a gradient before the first step: the others do not move in it."""
    moved = table.groupby("number").weight_gradient.max() > 0
    names = table.groupby("number").name.first()[moved]
    share = float(moved.mean())
    return Claim(
        f"With {what} every layer gets a gradient", "3, Table 1", study,
        "share of the layers whose weights get a gradient other than 0", share,
        f"those that get one: {', '.join(names) or 'none; only the last biases do'}", ">= 1",
        verdict(share, share >= 1),
    )  # fmt: skip


def _kept(study: str, table: pd.DataFrame, name: str, column: str, limits: TheoremThresholds) -> Claim:
    sizes = _by_layer(table, column).iloc[HIDDEN]
    draws = table.pivot_table(index="draw", columns="number", values=column).iloc[:, HIDDEN]
    ratios = (draws.iloc[:, -1] / draws.iloc[:, 0]).to_numpy()
    ratio = float(sizes.iloc[-1] / sizes.iloc[0])
    what = "values" if column == "output" else "gradients"
    return Claim(
        f"{name} keeps the size of the {what} of the Carlini net", "3", study,
        f"root mean square of the {what} of the last hidden layer relative to the first, of medians over draws",
        ratio, f"of single draws {spread(ratios)}; {_told(sizes)}",
        f"within a factor of {limits.depth_band:g}",
        verdict(ratio, 1 / limits.depth_band <= ratio <= limits.depth_band),
    )  # fmt: skip


def _told(sizes: "pd.Series[float]") -> str:
    return "by layer " + ", ".join(f"{size:.2g}" for size in sizes)
