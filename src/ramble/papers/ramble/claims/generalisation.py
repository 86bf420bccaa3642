"""Section 3.3: is there a zero-error path on a whole training set, and does the best generalisation lie inside it?

The control of a path is plain training from its start, for as many gradients and looked at as often. Picking the best
of many points by their test error is optimistic on both sides alike.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from ramble.measure.spread import spread
from ramble.papers.claim import Claim, above, claim_rows, decided, good_path
from ramble.papers.ramble.claims.lines import StraightLine, line_leaves, read_lines
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
    line: StraightLine  # between its ends
    control: pd.DataFrame  # plain training from W_a
    printed: StoredPath  # of Algorithm 1 with the printed gamma

    @property
    def joined(self) -> bool:
        """Is there a certified path?"""
        return self.path.header.joins

    @property
    def inside(self) -> pd.DataFrame:
        """The rows of the points between the ends; a path of two points has none."""
        return self.profile.iloc[1:-1]

    @property
    def best(self) -> "pd.Series[float]":
        """That of them with the fewest test errors, the first of equals; NaN where there is none."""
        if not len(self.inside):
            return pd.Series(float("nan"), index=self.profile.columns)
        return self.inside.iloc[int(self.inside.test_errors.to_numpy().argmin())]

    @property
    def ends(self) -> pd.DataFrame:
        """The rows of W_a and W_b."""
        return self.profile.iloc[[0, -1]]


def read_measured(
    paths: Sequence[str],
    profiles: Sequence[str],
    line_paths: Sequence[str],
    lines: Sequence[str],
    controls: Sequence[str],
    printed: Sequence[str],
) -> list[GeneralisationPair]:
    """Read the artifacts of all pairs; the files of every kind are in the same order."""
    straight = read_lines(line_paths, lines)
    return [
        GeneralisationPair(read_path(path), read_table(profile), line, read_table(control), read_path(own))
        for path, profile, line, control, own in zip(paths, profiles, straight, controls, printed, strict=True)
    ]


def judge_generalisation(study: str, pairs: Sequence[GeneralisationPair], limits: Thresholds) -> list[Claim]:
    """Judge every claim of the section; points inside a path count where it joins its ends."""
    joined = [pair for pair in pairs if pair.joined]
    return [
        _printed(study, pairs, limits),
        _exists(study, pairs, limits),
        line_leaves(study, SECTION, [pair.line for pair in pairs], limits),
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
    return decided(
        f"A {good_path(headers[0].max_errors)} exists between every two solutions", SECTION, study,
        "share of pairs joined, and certified, by the tracker guarded",
        ([pair.joined for pair in pairs], [header.failed for header in headers]),
        f"certificates: {kinds}; smallest margin {margins}", limits.certified_share,
    )  # fmt: skip


def _certificate(header: PathHeader) -> str:
    """Name the kind of a path's certificate, and how finely it looked where it only looked."""
    kind = header.certificate
    return f"{kind} at {header.certificate_points} points" if kind == "sampled" else kind


def _inside(study: str, pairs: Sequence[GeneralisationPair], limits: Thresholds) -> Claim:
    gains = [float(pair.ends.test_errors.min() - pair.best.test_errors) for pair in pairs]
    t, along = (spread([float(pair.best[column]) for pair in pairs]) for column in ("t", "s"))
    return decided(
        "The best test error lies inside the path", SECTION, study,
        "share of joined pairs with a point inside that makes fewer test errors than both ends", above(gains, 0),
        f"at t = {t} (s = {along}); fewer than the better end by {spread(gains)}",
        limits.best_inside_share,
    )  # fmt: skip


def _beats_control(study: str, pairs: Sequence[GeneralisationPair], limits: Thresholds) -> Claim:
    gains = [float(pair.control.test_errors.min() - pair.best.test_errors) for pair in pairs]
    return decided(
        "... by more than training on gives", SECTION, study,
        "share of joined pairs whose best point inside makes fewer test errors than the best of equally much training",
        above(gains, 0), f"fewer by {spread(gains)}", limits.best_inside_share,
    )  # fmt: skip


def _higher_loss(study: str, pairs: Sequence[GeneralisationPair], limits: Thresholds) -> Claim:
    ratios = [float(pair.best.train_loss / pair.ends.train_loss.max(skipna=False)) for pair in pairs]
    return decided(
        "The training loss is higher there", SECTION, study,
        "share of joined pairs whose best point inside has a higher training loss than both ends",
        above(ratios, 1), f"over the larger one {spread(ratios)}", limits.best_inside_share,
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
    # a path that did not arrive ends at some point of the walk
    ends = f"{first}, {last if pair.path.header.arrived else '-'}"
    inside = pair.inside.test_errors
    best = (f"{pair.best.test_errors:g}", f"{pair.best.t:.2f}", f"{inside.median():g}") if len(inside) else ("-",) * 3
    return pair.path.name, ends, *best, str(int(pair.control.test_errors.min()))
