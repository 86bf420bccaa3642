"""The claims of the paper, one function each: statistic over all pairs, spread, threshold, verdict."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ramble.measure.spread import spread
from ramble.papers.claim import Claim, at_least, decided, good_path, median, share, verdict
from ramble.papers.ramble.claims import spectra, statistics
from ramble.papers.ramble.claims.evidence import Evidence, PathEvidence
from ramble.papers.ramble.claims.lines import line_leaves
from ramble.papers.ramble.claims.recipe import judge_recipe
from ramble.papers.ramble.claims.trackers import judge_trackers
from ramble.papers.ramble.thresholds import Thresholds
from ramble.problems.data import load
from ramble.problems.tree_committee import TreeCommittee


def section_of(problem: str) -> str:
    """Return which of the paper's two networks a problem's class is like: the committee of section 3.1, or else images.

    Section 3.1 asks how many of all eigenvalues differ from zero, of a network whose margins are piecewise linear.
    """
    made_by = load(problem)  # a class, or a function that makes the problem
    return "committee" if isinstance(made_by, type) and issubclass(made_by, TreeCommittee) else "images"


def judge(
    evidence: Evidence, limits: Thresholds, committee: str | None = None, images: str | None = None
) -> list[Claim]:
    """Judge every claim; `committee` and `images` name the studies of sections 3.1 and 3.2, where there are any."""
    claims: list[Claim] = []
    for study, section in ((committee, "3.1"), (images, "3.2")):
        if study is None:
            continue
        paths = evidence.paths.get(study, [])
        if paths:
            claims += [
                _always_joined(study, section, paths, limits),
                line_leaves(study, section, [path.line for path in paths], limits),
            ]
        claims += judge_trackers(evidence.trackers[evidence.trackers.study == study], section, limits)
    if committee and (paths := evidence.paths.get(committee, [])):
        claims += _of_committee(committee, paths, limits, evidence.nonzero.get(committee))
    if images and (paths := evidence.paths.get(images, [])):
        claims += _of_images(images, paths, limits)
    return claims + [judge_recipe(study, table, limits) for study, table in evidence.recipes.items()]


def judge_tuned(
    evidence: Evidence, limits: Thresholds, committee: str | None = None, images: str | None = None
) -> list[Claim]:
    """Judge the claims on the paths of Algorithm 1 once more, on those at our setting; a study without has no rows."""
    claims: list[Claim] = []
    if committee and (paths := evidence.tuned.get(committee, [])):
        claims += [
            _always_joined(committee, "3.1", paths, limits),
            *_of_committee(committee, paths, limits, None),
        ]
    if images and (paths := evidence.tuned.get(images, [])):
        claims += [_always_joined(images, "3.2", paths, limits), *_of_images(images, paths, limits)]
    return claims


def _of_committee(
    study: str, paths: Sequence[PathEvidence], limits: Thresholds, nonzero: pd.DataFrame | None
) -> list[Claim]:
    return [
        spectra.none_negative(study, "3.1, Fig. 2", paths, limits),
        spectra.number_constant(study, paths, limits),
        spectra.three(study, paths, limits, nonzero),
        _ends_are_minima(study, "3.1, Fig. 2", paths, limits),
        _loss_like_trace(study, "3.1, Fig. 2", paths, limits),
    ]


def _of_images(study: str, paths: Sequence[PathEvidence], limits: Thresholds) -> list[Claim]:
    tested: list[Claim] = []
    if "test_loss" in paths[0].profile:  # data need not have a test split
        tested = [
            _many_turns(study, paths, "test", limits),
            _test_error_follows(study, paths, limits),
            _not_locally(study, paths, limits),
        ]
    return [
        _many_turns(study, paths, "train", limits),
        *tested,
        spectra.top_positive(study, paths, limits),
        spectra.none_negative(study, "3.2, Fig. 4", paths, limits),
        _ends_are_minima(study, "3.2, Fig. 4", paths, limits),
        _loss_like_trace(study, "3.2, Fig. 4", paths, limits),
    ]


def _always_joined(study: str, section: str, paths: Sequence[PathEvidence], limits: Thresholds) -> Claim:
    joined = [path.header.joins for path in paths]
    ways = Counter(path.header.status.value for path in paths)
    counts = ", ".join(f"{ways[status]} {status}" for status in sorted(ways))
    reached = spread([path.reached for path in paths])
    return decided(
        f"Algorithm 1 always finds a {good_path(paths[0].header.max_errors)}", section, study, "share of pairs joined",
        (joined, [path.header.failed for path in paths]), f"{counts} of {len(paths)}; t reached {reached}",
        limits.joined_share,
    )  # fmt: skip


def _ends_are_minima(study: str, where: str, paths: Sequence[PathEvidence], limits: Thresholds) -> Claim:
    tables = [path.spectra for path in paths]
    known = [
        statistics.minimum_at_ends(
            table.t.to_numpy(), table.trace.to_numpy(), table.trace_error.to_numpy(), limits.minimum_window,
            arrived=path.header.arrived,
        )
        for path, table in zip(paths, tables, strict=True)
    ]  # fmt: skip
    surely, surely_not = ([flag for flags in which for flag in flags] for which in zip(*known, strict=True))
    return decided(
        "The ends are local minima of the Hessian's trace along the path", where, study,
        f"share of ends with no lower trace within {limits.minimum_window:g} in t, {statistics.DEVIATIONS} standard "
        "errors counted", (surely, surely_not),
        f"{sum(surely)} of {len(surely)} ends", limits.minimum_share,
    )  # fmt: skip


def _loss_like_trace(study: str, where: str, paths: Sequence[PathEvidence], limits: Thresholds) -> Claim:
    fits = []
    for path in paths:
        both = path.spectra.merge(path.profile, on="point")
        fits.append(statistics.proportionality(both.trace.to_numpy(), both.train_loss.to_numpy()))
    return at_least(
        "The loss is proportional to the Hessian's trace", where, study,
        "R^2 of loss = c * trace along a path, median over pairs", median(fits), spread(fits),
        limits.proportional_r2,
    )  # fmt: skip


def _many_turns(study: str, paths: Sequence[PathEvidence], split: str, limits: Thresholds) -> Claim:
    counts = [statistics.turns(path.profile[f"{split}_loss"].to_numpy(), limits.turn) for path in paths]
    name = {"train": "training", "test": "test"}[split]
    return at_least(
        f"The {name} loss along a path is neither monotonic nor bitonic", "3.2, Fig. 3a", study,
        f"share of pairs whose {name} loss turns at least twice (moves over {limits.turn:g} of its range)",
        float("nan") if np.isnan(counts).any() else share([count >= 2 for count in counts]),
        f"turns {spread(counts)}", limits.turning_share,
    )  # fmt: skip


def _test_error_follows(study: str, paths: Sequence[PathEvidence], limits: Thresholds) -> Claim:
    found = [
        statistics.rank_correlation(path.profile.test_loss.to_numpy(), path.profile.test_error.to_numpy())
        for path in paths
    ]
    return at_least(
        "The test error behaves like the test loss", "3.2, Fig. 3", study,
        "rank correlation of test error with test loss along a path, median over pairs", median(found),
        spread(found), limits.test_correlation,
    )  # fmt: skip


def _not_locally(study: str, paths: Sequence[PathEvidence], limits: Thresholds) -> Claim:
    found = [
        statistics.rank_correlation(
            np.diff(path.profile.test_loss.to_numpy()), np.diff(path.profile.test_error.to_numpy())
        )
        for path in paths
    ]
    measured = median(found)
    return Claim(
        "... but not locally", "3.2, Fig. 3", study,
        "rank correlation of their increments from point to point, median over pairs", measured, spread(found),
        f"< {limits.local_correlation:g}", verdict(measured, measured < limits.local_correlation),
    )  # fmt: skip
