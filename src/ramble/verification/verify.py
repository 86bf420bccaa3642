"""Verification of one stored path, and how its outcome reads."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from ramble.parameters.document import Parameters
from ramble.verification.artifact import Artifact, open_artifact
from ramble.verification.findings import Failure


@dataclass(frozen=True)
class Verdict:
    """The outcome for one path."""

    file: Path
    status: str  # as recorded
    reached: float  # t of the last stored point
    kind: str  # "sound" or "sampled"
    segments: int
    tested: int  # points at which all margins were computed
    min_margin: float  # the smallest of them
    seconds: float
    problem: str | None  # what is wrong, None when the path holds

    def __str__(self) -> str:
        """Return the outcome as one line."""
        far = "" if self.status == "arrived" else f" (verified as far as it goes, t = {self.reached:.4f})"
        return (
            f"{'holds' if self.problem is None else 'FAILS'}  {self.file}: {self.status}{far}, {self.kind}, "
            f"{self.segments} segments, {self.tested} points tested, smallest margin {self.min_margin:.6g}, "
            f"{self.seconds:.1f} s{'' if self.problem is None else f'; {self.problem}'}"
        )


def verify(file: Path, parameters: Parameters) -> Verdict:
    """Check the ends and every straight segment of a stored path.

    A path of one point is checked at that point. Raises RambleError for input that cannot be judged.
    """
    began = time.perf_counter()
    artifact = open_artifact(file, parameters)
    segments = artifact.shape[0] - 1 if artifact.shape else 0
    reached = float(artifact.times[-1]) if artifact.times.numel() else 0.0
    verdict = Verdict(
        file, artifact.status, reached, artifact.check.kind, segments, 0, float("nan"), 0.0, _wrong_form(artifact)
    )
    if verdict.problem is None:
        verdict = _check_points(artifact, verdict)
    return replace(verdict, seconds=time.perf_counter() - began)


def _wrong_form(artifact: Artifact) -> str | None:
    """Say what is wrong with the shapes, if anything is."""
    count = artifact.times.numel()
    if artifact.shape != (count, artifact.n_weights) or not count:
        return f"points have the shape {artifact.shape}, not ({count}, {artifact.n_weights}) as t and the network say"
    return None


def _check_points(artifact: Artifact, verdict: Verdict) -> Verdict:
    """Walk over the segments, chunk by chunk, up to the first failure."""
    done, tested, least = 0, 1, torch.inf
    for points in artifact.chunks():
        final = done + len(points) - 1 >= verdict.segments
        problem = _wrong_ends(artifact, points, initial=done == 0, final=final) or _not_finite(points, done)
        if problem is None:
            ends = points if len(points) > 1 else points.expand(2, -1)
            found = artifact.check.segments(ends.double())
            tested, least = tested + found.tested, min(least, found.min_margin)
            problem = _describe(found.failure, done, artifact.times) if found.failure else None
        verdict = replace(verdict, tested=tested, min_margin=least, problem=problem)
        if problem is not None:
            break
        done += len(points) - 1
    return verdict


def _wrong_ends(artifact: Artifact, points: Tensor, *, initial: bool, final: bool) -> str | None:
    if initial and not torch.equal(points[0], artifact.start):
        return "its first point is not W_a to the bit"
    if final and artifact.status == "arrived" and not torch.equal(points[-1], artifact.end):
        return "it is recorded as arrived, but its last point is not W_b to the bit"
    return None


def _not_finite(points: Tensor, done: int) -> str | None:
    broken = (~torch.isfinite(points).all(1)).nonzero()
    return f"point {done + int(broken[0])} is not finite" if len(broken) else None


def _describe(failure: Failure, done: int, times: Tensor) -> str:
    segment = done + failure.segment
    low, high = float(times[segment]), float(times[min(segment + 1, len(times) - 1)])
    errors = f"{failure.errors} error{'' if failure.errors == 1 else 's'}"
    if not failure.errors:
        errors = "a margin that cannot be told from zero"
    t = low + failure.at * (high - low)
    return (
        f"segment {segment} has {errors} at t = {t:.6f} ({failure.at:.6f} of the way from t = {low:.6f} to {high:.6f})"
    )
