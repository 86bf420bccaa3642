"""Section 3.3: is there a zero-error path on a whole training set, and does the best generalisation lie inside it?

The control of a path is plain training from its start, for as many gradients and looked at as often. Picking the best
of many points by their test error is optimistic on both sides alike.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from ramble.measure.spread import spread
from ramble.papers.claim import Claim, at_least, claim_rows, decided, errors_beyond, good_path, share
from ramble.papers.ramble.thresholds import Thresholds
from ramble.store.artifacts import read_table, write_table, write_whole
from ramble.store.headers import PathHeader
from ramble.store.points import StoredPath, read_path

SECTION = "3.3, Fig. 5"


@dataclass(frozen=True)
class GeneralisationPair:
    """What is known of one pair of solutions."""

    path: StoredPath  # of the tracker guarded
    profile: pd.DataFrame  # along it
    line: pd.DataFrame  # along the straight segment
    control: pd.DataFrame  # plain training from W_a
    printed: StoredPath  # of Algorithm 1 with the printed gamma

    @property
    def joined(self) -> bool:
        """Is there a certified path?"""
        return self.path.header.joins

    @property
    def best(self) -> int:
        """The stored point between the ends with the fewest test errors, the first of equals."""
        return 1 + int(self.profile.test_errors.iloc[1:-1].to_numpy().argmin())

    @property
    def at_best(self) -> "pd.Series[float]":
        """The row of that point."""
        return self.profile.iloc[self.best]

    @property
    def ends(self) -> pd.DataFrame:
        """The rows of W_a and W_b."""
        return self.profile.iloc[[0, -1]]


def read_measured(
    paths: Sequence[str], profiles: Sequence[str], lines: Sequence[str], controls: Sequence[str], printed: Sequence[str]
) -> list[GeneralisationPair]:
    """Read the artifacts of all pairs; the files of every kind are in the same order."""
    return [
        GeneralisationPair(read_path(path), read_table(profile), read_table(line), read_table(control), read_path(own))
        for path, profile, line, control, own in zip(paths, profiles, lines, controls, printed, strict=True)
    ]


def judge_generalisation(study: str, pairs: Sequence[GeneralisationPair], limits: Thresholds) -> list[Claim]:
    """Judge every claim of the section; points inside a path count where it joins its ends."""
    joined = [pair for pair in pairs if pair.joined]
    return [
        _printed(study, pairs, limits),
        _exists(study, pairs, limits),
        _line_leaves(study, pairs, limits),
        _inside(study, joined, limits),
        _beats_control(study, joined, limits),
        _higher_loss(study, joined, limits),
    ]


def _printed(study: str, pairs: Sequence[GeneralisationPair], limits: Thresholds) -> Claim:
    headers = [pair.printed.header for pair in pairs]
    counts = ", ".join(f"{header.pair} {header.status}" for header in headers)
    reached = spread([float(pair.printed.t.max()) for pair in pairs])
    return decided(
        f"Algorithm 1 as printed finds a {good_path(headers[0].max_errors)}", SECTION, study,
        "share of pairs joined; walks that their budget ended are undecided",
        ([header.joins for header in headers], [header.failed for header in headers]),
        f"{counts}; t reached {reached}",
        limits.joined_share,
    )  # fmt: skip


def _exists(study: str, pairs: Sequence[GeneralisationPair], limits: Thresholds) -> Claim:
    headers = [pair.path.header for pair in pairs]
    margins = spread([header.min_margin for header in headers])
    kinds = ", ".join(f"{header.pair} {_certificate(header)}" for header in headers)
    return at_least(
        f"A {good_path(headers[0].max_errors)} exists between every two solutions", SECTION, study,
        "share of pairs joined, and certified, by the tracker guarded", share([pair.joined for pair in pairs]),
        f"certificates: {kinds}; smallest margin {margins}", limits.certified_share,
    )  # fmt: skip


def _certificate(header: PathHeader) -> str:
    """Name the kind of a path's certificate, and how finely it looked where it only looked."""
    kind = header.certificate
    return f"{kind} at {header.certificate_points} points" if kind == "sampled" else kind


def _line_leaves(study: str, pairs: Sequence[GeneralisationPair], limits: Thresholds) -> Claim:
    worst = [float(pair.line.train_error.max()) for pair in pairs]
    leaving = [int(pair.line.train_errors.max()) > pair.path.header.max_errors for pair in pairs]
    allowed = pairs[0].path.header.max_errors
    errors = errors_beyond(allowed)
    return at_least(
        f"The straight line between two solutions makes {errors}", SECTION, study,
        f"share of lines with {errors} in training" if allowed else "share of lines with training errors",
        share(leaving), f"largest error on the line {spread(worst)}", limits.line_left_share,
    )  # fmt: skip


def _inside(study: str, pairs: Sequence[GeneralisationPair], limits: Thresholds) -> Claim:
    gains = [float(pair.ends.test_errors.min() - pair.at_best.test_errors) for pair in pairs]
    t, along = (spread([float(pair.at_best[column]) for pair in pairs]) for column in ("t", "s"))
    return at_least(
        "The best test error lies inside the path", SECTION, study,
        "share of joined pairs with a point inside that makes fewer test errors than both ends",
        share([gain > 0 for gain in gains]),
        f"at t = {t} (s = {along}); fewer than the better end by {spread(gains)}",
        limits.best_inside_share,
    )  # fmt: skip


def _beats_control(study: str, pairs: Sequence[GeneralisationPair], limits: Thresholds) -> Claim:
    gains = [float(pair.control.test_errors.min() - pair.at_best.test_errors) for pair in pairs]
    return at_least(
        "... by more than training on gives", SECTION, study,
        "share of joined pairs whose best point inside makes fewer test errors than the best of equally much training",
        share([gain > 0 for gain in gains]), f"fewer by {spread(gains)}", limits.best_inside_share,
    )  # fmt: skip


def _higher_loss(study: str, pairs: Sequence[GeneralisationPair], limits: Thresholds) -> Claim:
    ratios = [float(pair.at_best.train_loss / pair.ends.train_loss.max()) for pair in pairs]
    return at_least(
        "The training loss is higher there", SECTION, study,
        "share of joined pairs whose best point inside has a higher training loss than both ends",
        share([ratio > 1 for ratio in ratios]), f"over the larger one {spread(ratios)}", limits.best_inside_share,
    )  # fmt: skip


def write_generalisation(claims: Sequence[Claim], pairs: Sequence[GeneralisationPair], csv: str, markdown: str) -> None:
    """Write the claims as CSV, and as Markdown with the numbers of every pair."""
    write_table(csv, pd.DataFrame([asdict(claim) for claim in claims]))
    header = ("pair", "test errors of W_a, W_b", "fewest inside", "at t", "median inside", "fewest in further training")
    rows = [header, ("---",) * len(header), *(_row(pair) for pair in pairs)]
    text = "\n".join(
        [
            "# The claims on the whole training set, and what we measured",
            "",
            "Spreads are smallest .. median .. largest over the pairs. *t* is the normalised distance, *s* the share",
            "of the path's length.",
            "",
            *claim_rows(claims),
            "",
            "## Test errors, pair by pair",
            "",
            *[f"| {' | '.join(cells)} |" for cells in rows],
            "",
            "*Further training*: from W_a, as many gradients as the path took, looked at as often as it has points.",
            "The best of many points is picked by the test set on both sides; it is no estimate of generalisation.",
            "",
        ]
    )
    write_whole(markdown, lambda aside: aside.write_text(text, encoding="utf-8"))


def _row(pair: GeneralisationPair) -> tuple[str, ...]:
    first, last = pair.ends.test_errors
    inside = pair.profile.test_errors.iloc[1:-1]
    control = int(pair.control.test_errors.min())
    best = int(pair.at_best.test_errors)
    return pair.path.name, f"{first}, {last}", str(best), f"{pair.at_best.t:.2f}", f"{inside.median():g}", str(control)
