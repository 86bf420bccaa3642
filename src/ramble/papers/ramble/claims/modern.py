"""Does what the paper says of small networks hold for one of today: with batch norm, shortcuts, and colour images?

Judged on a study whose paths the tracker `adaptive` made. The paper has no such network: where a claim is the paper's,
`where` names its section; the others are ours.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from ramble.measure.spread import spread
from ramble.papers.claim import Claim, above, claim_rows, decided, good_path
from ramble.papers.ramble.claims import spectra
from ramble.papers.ramble.claims.evidence import PathEvidence, read_paths
from ramble.papers.ramble.claims.lines import line_leaves
from ramble.papers.ramble.comparison.pairs import detour
from ramble.papers.ramble.thresholds import Thresholds
from ramble.store.artifacts import write_table, write_whole
from ramble.store.points import read_path

TRACKER = "adaptive"  # whose paths the claims are judged on
OURS = "not in print"
CURVATURE = "3.2, Fig. 4"


@dataclass(frozen=True)
class ModernPair:
    """What is known of one pair of solutions."""

    evidence: PathEvidence
    detour: float  # length of the path over the distance of its ends; NaN where it does not reach W_b

    @property
    def ends(self) -> pd.DataFrame:
        """The profile's rows of W_a and W_b."""
        return self.evidence.profile.iloc[[0, -1]]

    @property
    def inside(self) -> pd.DataFrame:
        """The rows between them; a path of two points has none."""
        return self.evidence.profile.iloc[1:-1]


def read_modern(
    paths: Sequence[str],
    profiles: Sequence[str],
    line_paths: Sequence[str],
    lines: Sequence[str],
    spectra: Sequence[str],
) -> list[ModernPair]:
    """Read the artifacts of all pairs of one study; files are in the same order, and of spectra there may be none."""
    (found,) = read_paths(paths, profiles, line_paths, lines, spectra).values()
    return [ModernPair(evidence, detour(read_path(file))) for evidence, file in zip(found, paths, strict=True)]


def judge_modern(study: str, pairs: Sequence[ModernPair], limits: Thresholds) -> list[Claim]:
    """Judge every claim; what is said of paths is said of those that join their ends, of curvature where known."""
    joined = [pair for pair in pairs if pair.evidence.header.joins]
    measured = [pair.evidence for pair in joined if len(pair.evidence.spectra)]
    return [
        _exists(study, pairs, limits),
        line_leaves(study, "3, Fig. 1", [pair.evidence.line for pair in pairs], limits),
        _short(study, joined, limits),
        _generalises(study, joined, limits),
        _best_inside(study, joined, limits),
        *([spectra.top_positive(study, measured, limits)] if measured else []),
        *([spectra.none_negative(study, CURVATURE, measured, limits)] if measured else []),
    ]


def _exists(study: str, pairs: Sequence[ModernPair], limits: Thresholds) -> Claim:
    headers = [pair.evidence.header for pair in pairs]
    kinds = ", ".join(f"{header.pair} {header.status}, {header.certificate}" for header in headers)
    return decided(
        f"A {good_path(headers[0].max_errors)} exists between every two solutions", "3, Fig. 2", study,
        f"share of pairs joined, and certified, by the tracker {TRACKER}",
        ([header.joins for header in headers], [header.failed for header in headers]),
        f"{kinds}; smallest margin {spread([header.min_margin for header in headers])}", limits.certified_share,
    )  # fmt: skip


def _short(study: str, pairs: Sequence[ModernPair], limits: Thresholds) -> Claim:
    detours = [pair.detour for pair in pairs]
    return decided(
        "The path is no long way round", OURS, study,
        f"share of joined pairs whose path is at most {limits.detour:g} times as long as the straight line",
        above(detours, limits.detour)[::-1], f"times as long {spread(detours)}",
        limits.certified_share,
    )  # fmt: skip


def _generalises(study: str, pairs: Sequence[ModernPair], limits: Thresholds) -> Claim:
    ends = [float(error) for pair in pairs for error in pair.ends.test_error]
    rises = [float(pair.inside.test_error.max() - pair.ends.test_error.max()) for pair in pairs]
    return decided(
        "Networks on the path generalise like its ends", OURS, study,
        f"share of joined pairs whose test error rises above that of the worse end by at most {limits.test_rise:g}",
        above(rises, limits.test_rise)[::-1],
        f"largest rise {spread(rises)}; at the ends {spread(ends)}",
        limits.certified_share,
    )  # fmt: skip


def _best_inside(study: str, pairs: Sequence[ModernPair], limits: Thresholds) -> Claim:
    gains = [float(pair.ends.test_errors.min() - pair.inside.test_errors.min()) for pair in pairs]
    return decided(
        "The best test error lies inside the path", "3.3, Fig. 5", study,
        "share of joined pairs with a point inside that makes fewer test errors than both ends",
        above(gains, 0), f"fewer than the better end by {spread(gains)}",
        limits.best_inside_share,
    )  # fmt: skip


def write_modern(study: str, claims: Sequence[Claim], csv: str, markdown: str) -> None:
    """Write the claims as CSV, and as Markdown."""
    write_table(csv, pd.DataFrame([asdict(claim) for claim in claims]))
    text = "\n".join(
        [
            f"# Does what the paper says hold for a network of today? Judged on {study}",
            "",
            "Spreads are smallest .. median .. largest over pairs or points. Paths are those of tracker",
            f"`{TRACKER}`; claims on their points count where they join their ends. *where* is the section of the",
            f"paper that says so of other networks; `{OURS}`: the question is ours. Where statistics of batch norm",
            "follow the weights, second derivatives go through them; they are those of the loss on the training",
            "samples that the tables of the spectra name.",
            "",
            *claim_rows(claims),
            "",
        ]
    )
    write_whole(markdown, lambda aside: aside.write_text(text, encoding="utf-8"))
