"""A path's certificate, made anew and compared with what the header claims.

This runs the same code as the run that wrote the header, `ramble.certificates`: it shows that the claim belongs to
these points and these data, not that the method is right. The check of the segments, which shares no code with it, does
that as far as it can: no bound may exceed the smallest margin found there.
"""

import math
from dataclasses import dataclass

from ramble.certificates.paths import certify_path
from ramble.store.headers import CERTIFICATES
from ramble.verification.artifact import Artifact

# Shares by which a margin may differ between two machines: bounds are taken in float64; what sampling finds is found in
# float32 where that decides the sign, and an error of 1e-5 of the largest output is then a hundredth of the margin.
TOLERANCES = {"exact": 1e-6, "sound": 1e-6, "sampled": 1e-2, "none": 1e-2}


@dataclass(frozen=True)
class Recomputed:
    """What the certificate of a path comes to."""

    kind: str  # none where a segment is not certified
    segments: int  # certified, from the start
    min_margin: float

    def __str__(self) -> str:
        """Return it as part of a line."""
        return f"{self.kind} of {self.segments} segments, margin {self.min_margin:.6g}"


def recompute(artifact: Artifact) -> Recomputed:
    """Certify the polygon through a path's points."""
    found = certify_path(artifact.problem, artifact.points, 0, artifact.resolution)
    if found.failed is None:
        return Recomputed(found.kind, found.segments, found.min_margin)
    return Recomputed("none", found.failed, found.min_margin)


def wrong_certificate(artifact: Artifact, found: Recomputed, least: float) -> list[str]:
    """Compare the claimed certificate with the one made anew, and with the smallest margin `least` found by the check.

    A kind weaker than what can be given now is no false claim.
    """
    claims, wrong = artifact.claims, []
    claimed, possible = (CERTIFICATES.index(kind) for kind in (claims.certificate, found.kind))
    if claimed > possible or (claims.certificate == "none") != (found.kind == "none"):
        wrong.append(f"its header says certificate {claims.certificate}, recomputed it is {found.kind}")
    if claims.certified_segments != found.segments:
        wrong.append(f"its header says {claims.certified_segments} certified segments, recomputed {found.segments}")
    tolerance = TOLERANCES[claims.certificate]
    # a sampled margin is the smallest at certain points: the check, which looks at others, may well find a smaller one
    is_bound = claims.certificate in ("exact", "sound") or (claims.certificate == "sampled" and claimed != possible)
    if claimed == possible and not same(claims.min_margin, found.min_margin, tolerance):
        wrong.append(f"its header says smallest margin {claims.min_margin:.6g}, recomputed {found.min_margin:.6g}")
    elif is_bound and not claims.min_margin <= least + artifact.check.tolerance * abs(least):
        wrong.append(f"its header says smallest margin {claims.min_margin:.6g}, the check found {least:.6g}")
    return wrong


def same(claimed: float, found: float, tolerance: float) -> bool:
    """Tell whether two numbers are equal up to a share of them; one that is not a number equals another."""
    if not (math.isfinite(claimed) and math.isfinite(found)):
        return claimed == found or (math.isnan(claimed) and math.isnan(found))
    return abs(claimed - found) <= tolerance * max(abs(claimed), abs(found))


def wrong_status(artifact: Artifact, found: Recomputed, holds: bool) -> list[str]:
    """Compare the status with what was found: a path that reaches W_b without an error has arrived, and no other.

    A segment that the certificate leaves open does not hold, though the check of segments found none (`holds`).
    """
    if holds and found.kind == "none":
        return [f"segment {found.segments} is not certified, smallest margin {found.min_margin:.6g}"]
    claims, reaches = artifact.claims, bool((artifact.points[-1] == artifact.end).all())
    if not claims.arrived and reaches and holds:
        return [f"it is recorded as {claims.status}, but reaches W_b and no segment has an error"]
    return []
