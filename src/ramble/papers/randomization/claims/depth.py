"""What the text claims of depth in its section 3, judged by the tables of one study."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ramble.measure.spread import spread
from ramble.papers.claim import Claim, at_least, decided, median, verdict
from ramble.papers.randomization.claims.qualified import qualified
from ramble.papers.randomization.theorem_thresholds import TheoremThresholds

HIDDEN = slice(0, -1)  # of the layers: the last gives the logits
LEAST_DRAWS = 3  # of all random weights: of fewer chance would decide


def judge_depth(
    study: str,
    products: pd.DataFrame,
    layers: pd.DataFrame,
    limits: TheoremThresholds,
    departures: Mapping[str, str],
) -> list[Claim]:
    """Judge the claims of which the study has the initialisations.

    Args:
        study: its name.
        products: a table of `ramble.studies.depth.measuring`.
        layers: likewise.
        limits: when a claim counts as reproduced.
        departures: {initialisation: what of its network is not as printed, in words}; its verdicts say it.
    """
    claims = [
        _rate(study, products[products.matrices == kind], kind, direction, limits)
        for kind in products.matrices.unique()
        for direction in ("forward", "backward")
    ]
    for name in ("ones", "zeros", "zeros_and_biases", "kaiming_normal", "xavier_uniform"):
        own = layers[layers.initialisation == name]
        if len(own):
            claims += [qualified(claim, departures[name]) for claim in _of_network(study, own, name, limits)]
    return claims


def _of_network(study: str, table: pd.DataFrame, name: str, limits: TheoremThresholds) -> list[Claim]:
    """Judge what is claimed of the network under one initialisation."""
    constant = {"zeros": "all weights 0", "zeros_and_biases": "all weights and biases 0"}
    if name == "ones":
        return [_explodes(study, table, limits)]
    if name in constant:
        return [_dead(study, table, constant[name])]
    return [_kept(study, table, name, column, limits) for column in ("output", "gradient")]


def _rate(study: str, table: pd.DataFrame, kind: str, direction: str, limits: TheoremThresholds) -> Claim:
    """Judge the growth per layer: the slope of the logarithm of the mean norm of all draws against the layer."""
    off = {
        float(str(factor)): _growth(rows, direction) / float(str(factor)) - 1
        for factor, rows in table.groupby("factor")
    }
    worst = float("nan") if np.isnan(list(off.values())).any() else max(off.values(), key=abs)
    return Claim(
        f"Through l layers times c values grow or fade as c^l ({kind} matrices, {direction})", "3", study,
        "factor per layer that is fitted, relative to c, less 1: the one farthest from 0", worst,
        "; ".join(f"c = {factor:g}: {value:+.2g}" for factor, value in off.items()),
        f"within {limits.depth_error:g} of 0", verdict(worst, abs(worst) <= limits.depth_error),
    )  # fmt: skip


def _growth(rows: pd.DataFrame, direction: str) -> float:
    """Return the factor per layer that is fitted to norms, NaN where one has no logarithm: it over- or underflowed."""
    if not all(0 < norm < np.inf for norm in rows[direction]):
        return float("nan")
    norms = np.log(rows[direction]).groupby(rows.layer).mean()
    return float(np.exp(np.polyfit(norms.index, norms, 1)[0]))


def _by_layer(table: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """Return sizes by draw and layer (draws, layers)."""
    sizes = table.pivot_table(index="draw", columns="number", values=column, dropna=False)
    return sizes.to_numpy(dtype=np.float64)


def _medians(sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median over draws of every layer (layers,)."""
    return np.array([median(of_layer) for of_layer in sizes.T])


def _to_first(sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sizes (.., layers) relative to that of the first layer; a layer of zeros is infinitely far from any."""
    first = sizes[..., :1]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((sizes == 0) & (first == 0), 0.0, sizes / first)


def _explodes(study: str, table: pd.DataFrame, limits: TheoremThresholds) -> Claim:
    """Judge by the medians over draws, where all draws agree: else the seed would decide."""
    sizes = _by_layer(table, "output")[:, HIDDEN]
    growths = _to_first(sizes)[:, -1]
    agreed = (growths >= limits.depth_explosion).all() or (growths < limits.depth_explosion).all()
    growth = float(_to_first(_medians(sizes))[-1]) if agreed else float("nan")
    return at_least(
        "Weights of 1 make the values of the layers explode", "3", study,
        "root mean square of the last hidden layer relative to the first, of medians over draws, which must agree",
        growth, f"of single draws {spread(growths)}; {_told(_medians(sizes))}", limits.depth_explosion,
    )  # fmt: skip


def _dead(study: str, table: pd.DataFrame, what: str) -> Claim:
    """Judge in how many layers the weights get a gradient before the first step: the others do not move in it."""
    by_layer = _by_layer(table, "weight_gradient").T
    moved = np.array([(of_layer > 0).any() for of_layer in by_layer])
    dead = np.array([(of_layer == 0).all() for of_layer in by_layer])
    names = table.groupby("number").name.first().to_numpy()[moved]
    return decided(
        f"With {what} every layer gets a gradient", "3, Table 1", study,
        "share of the layers whose weights get a gradient other than 0", (moved, dead),
        f"those that get one: {', '.join(names) or 'none; only the last biases do'}", 1,
    )  # fmt: skip


def _kept(study: str, table: pd.DataFrame, name: str, column: str, limits: TheoremThresholds) -> Claim:
    """Judge every hidden layer of every draw, where all draws agree: else the seed would decide."""
    sizes, band = _by_layer(table, column)[:, HIDDEN], limits.depth_band
    ratios = _to_first(sizes)
    kept = ((1 / band <= ratios) & (ratios <= band)).all(axis=1)
    lost = ((ratios < 1 / band) | (ratios > band)).any(axis=1)
    agreed = len(sizes) >= LEAST_DRAWS and (kept.all() or lost.all())
    ratio = float(_farthest(_to_first(_medians(sizes)))) if agreed else float("nan")
    what = "values" if column == "output" else "gradients"
    return Claim(
        f"{name} keeps the size of the {what} of the Carlini net", "3", study,
        f"root mean square of the {what} of the hidden layer farthest from the first one, relative to it, of medians "
        f"over draws, of which there must be {LEAST_DRAWS} that agree", ratio,
        f"{kept.sum()} of {len(sizes)} draws are within the factor in every hidden layer; farthest layer of single "
        f"draws {spread([_farthest(of_draw) for of_draw in ratios])}; {_told(_medians(sizes))}",
        f"within a factor of {band:g}, of every draw", verdict(ratio, bool(kept.all())),
    )  # fmt: skip


def _farthest(ratios: NDArray[np.float64]) -> float:
    """Return the ratio farthest from 1 in the logarithm, NaN where one is: it might be farther."""
    with np.errstate(divide="ignore"):
        return float(ratios[np.abs(np.log(ratios)).argmax()])


def _told(sizes: NDArray[np.float64]) -> str:
    return "by layer " + ", ".join(f"{size:.2g}" for size in sizes)
