"""The certificate of a whole path: of every straight segment between its points."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ramble.certificates.sampled import Advance, margins_of, rounding_at, unseen
from ramble.certificates.segments import Kind, SegmentCertificates, certify_segments, knows_segments
from ramble.certificates.sound import obstacle
from ramble.problems.problem import DOUBTFUL, Problem

# Segments certified at a time: a long path needs no second copy of its points.
CHUNK = 16


@dataclass(frozen=True)
class PathCertificate:
    """What is known of the polygon through a path's points."""

    kind: Kind  # the weakest of its segments'
    segments: int  # all, or those up to the first one that failed
    resolution: float  # of proofs: the shortest piece tried, as a share of its segment
    tested: int  # points at which the network was evaluated
    min_margin: float  # smallest over these segments: lower bound when exact or sound, found when sampled
    weakest: int  # the segment that has it
    failed: int | None  # the first segment that is not certified
    unsure: str  # why an error may hide on that segment though none was met; empty where one was
    reason: str = ""  # why it is sampled and not proven, naming the layer or the segment; empty when it is

    @property
    def holds(self) -> bool:
        """The whole path lies in the solution space, as far as `kind` can tell: nowhere more errors than allowed."""
        return self.failed is None


def certify_path(
    problem: Problem,
    points: Tensor,
    dataset: int,
    resolution: float,
    *,
    sound: bool = True,
    advance: Advance = unseen,
) -> PathCertificate:
    """Certify the polygon through points (T, P), up to its first segment that fails.

    Args:
        problem: the networks.
        points: weights in the order of the path, on any device; a single one is a segment without length.
        dataset: the training set.
        resolution: see `certify_segments`.
        sound: see `certify_segments`; given up for the rest of the path at the first segment that cannot be proven.
        advance: see `certify_segments`; `work_of` says how far it goes.
    """
    if len(points) == 1:
        points = points.expand(2, -1)
    kinds: set[Kind] = set()
    done, tested, least, weakest, failed, unsure, reason = 0, 0, torch.inf, 0, None, "", ""
    before: Tensor | None = None
    for starts, ends in zip(torch.split(points[:-1], CHUNK), torch.split(points[1:], CHUNK), strict=True):
        chunk, before, evaluated, rounded = _certify_chunk(
            problem, starts, ends, dataset, resolution, sound and "sampled" not in kinds, before, advance
        )
        kinds.add(chunk.kind)
        if not reason:
            reason = chunk.reason if chunk.unproven is None else f"segment {done + chunk.unproven}: {chunk.reason}"
        tested += evaluated + int(chunk.tested.sum())
        failing = (~chunk.hold).nonzero().flatten().tolist()
        margins = chunk.min_margins[: failing[0] + 1] if failing else chunk.min_margins
        if not float(margins.min()) >= least:
            least, weakest = float(margins.min()), done + int(margins.argmin())
        done += len(margins)
        if failing:
            failed = done - 1
            if chunk.unsure[failing[0]]:
                unsure = rounded or "a margin is too close to zero for points to rule one out"
            break
    if failed is None and "sampled" in kinds:
        # all samples, where a path begins and ends: one of which float32 is sure, and wrong, is not among the hardest
        shares = [rounding_at(problem, point.to(problem.device), dataset, None) for point in (points[0], points[-1])]
        if max(shares) > DOUBTFUL / 2:
            failed, unsure, least = 0 if shares[0] > DOUBTFUL / 2 else done - 1, _too_coarse(max(shares)), 0.0
            weakest = failed
    return PathCertificate(_weakest_kind(kinds), done, resolution, tested, least, weakest, failed, unsure, reason)


def work_of(problem: Problem, points: int) -> int:
    """Return what there is to do for a path of so many points, as `certify_path` advances.

    Segments known exactly; or networks, at the points and in the middles between them, and where there is a proof the
    segments once more. It is less where a segment fails, and more where margins are small.
    """
    segments = max(1, points - 1)
    if knows_segments(problem):
        return segments
    return 2 * segments + 1 + segments * (not obstacle(problem))


def _certify_chunk(
    problem: Problem,
    starts: Tensor,
    ends: Tensor,
    dataset: int,
    resolution: float,
    sound: bool,
    before: Tensor | None,
    advance: Advance,
) -> tuple[SegmentCertificates, Tensor | None, int, str]:
    """Certify consecutive segments, each point evaluated once: `before` is what the last chunk found at its end.

    Returns the certificates, the margins (1, M) at the last end, how many points were evaluated for them, and what is
    wrong with float32 where it may decide a margin; segments from that point on are then unsure.
    """
    starts, ends = starts.to(problem.device), ends.to(problem.device)
    datasets = torch.full((len(starts),), dataset)
    if knows_segments(problem):
        return certify_segments(problem, starts, ends, datasets, resolution, advance=advance), None, 0, ""
    evaluated = len(ends) + (before is None)
    if before is None:
        before = margins_of(problem, starts[:1], datasets[:1], advance)
    joints = torch.cat([before, margins_of(problem, ends, datasets, advance)])
    points = torch.cat([starts[:1], ends])
    known = joints[:-1], joints[1:]
    found = certify_segments(problem, starts, ends, datasets, resolution, sound=sound, known=known, advance=advance)
    if found.kind != "sampled":
        return found, joints[-1:], evaluated, ""
    at_points = [rounding_at(problem, point, dataset, own) for point, own in zip(points, joints, strict=True)]
    middles, smaller = torch.lerp(starts, ends, 0.5), torch.minimum(*known)
    at_middles = [rounding_at(problem, point, dataset, own) for point, own in zip(middles, smaller, strict=True)]
    shares = torch.tensor([max(both) for both in zip(at_points[:-1], at_points[1:], at_middles, strict=True)])
    doubtful = (shares.to(found.min_margins.device) > DOUBTFUL / 2) & found.hold
    if not bool(doubtful.any()):
        return found, joints[-1:], evaluated, ""
    margins = found.min_margins.masked_fill(doubtful, 0.0)
    doubted = replace(found, min_margins=margins, unsure=found.unsure | doubtful)
    return doubted, joints[-1:], evaluated, _too_coarse(float(shares.max()))


def _too_coarse(share: float) -> str:
    return (
        f"float32 and float64 outputs differ by {share:.1g} of the largest, so that rounding may decide; return a "
        "float64 network (.double())"
    )


def _weakest_kind(kinds: set[Kind]) -> Kind:
    order: tuple[Kind, ...] = ("sampled", "sound", "exact")
    return next(kind for kind in order if kind in kinds)
