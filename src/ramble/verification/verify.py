"""Verification of one stored path, and how its outcome reads."""

import time
from dataclasses import dataclass
from pathlib import Path

import torch

from ramble.errors import printable
from ramble.parameters.document import Parameters
from ramble.problems.joined import Sources
from ramble.verification.artifact import Artifact, open_artifact
from ramble.verification.certificate import recompute, wrong_certificate, wrong_status
from ramble.verification.findings import Failure, Findings
from ramble.verification.joined import open_joined
from ramble.verification.record import not_finite, wrong_ends, wrong_order, wrong_sources, wrong_steps, wrong_times


@dataclass(frozen=True)
class Verdict:
    """The outcome for one path."""

    file: Path
    status: str  # as recorded, and compared
    reached: float  # t of the last stored point
    kind: str  # of the check: "sound" or "sampled"
    segments: int
    tested: int  # points at which all margins were computed
    min_margin: float  # the smallest of them, or the smallest but for `max_errors` samples
    max_errors: int  # that were permitted
    seconds: float
    problems: tuple[str, ...]  # what is wrong
    compared: str  # with what
    believed: tuple[str, ...]  # fields of the header that nothing was compared with

    @property
    def holds(self) -> bool:
        """Is the path what it says, and nowhere on it are more errors than permitted?"""
        return not self.problems

    def __str__(self) -> str:
        """Return the outcome as two lines, whatever texts the file holds."""
        far = "" if self.status == "arrived" else f" (verified as far as it goes, t = {self.reached:.4f})"
        smallest = f"smallest margin {self.min_margin:.6g}"
        if self.max_errors:
            many = f"{self.max_errors} error{'s' * (self.max_errors > 1)}"
            smallest = f"{many} PERMITTED at every point, smallest margin but for as many {self.min_margin:.6g}"
        first = (
            f"{'holds' if self.holds else 'FAILS'}  {self.file}: {self.status}{far}, {self.kind}, "
            f"{self.segments} segments, {self.tested} points tested, {smallest}, {self.seconds:.1f} s"
        )
        second = f"       compared: {self.compared}; not compared: {', '.join(self.believed) or 'nothing'}"
        return "\n".join(map(printable, ("; ".join([first, *self.problems]), second)))


def verify(file: Path, parameters: Parameters) -> Verdict:
    """Check a stored path of the workflow; see `judge`. Raises RambleError for input that cannot be judged."""
    began = time.perf_counter()
    return judge(open_artifact(file, parameters), began)


def verify_joined(file: Path, sources: Sources) -> Verdict:
    """Check a stored path between given networks; see `judge`. Raises RambleError for input that cannot be judged."""
    began = time.perf_counter()
    return judge(open_joined(file, sources), began)


def judge(artifact: Artifact, began: float) -> Verdict:
    """Check a stored path, believing nothing that can be computed from it, its data, its solutions and its table.

    Ends, t, counts and digests are recomputed; every straight segment is checked by code of its own (`committee`,
    `network`); the certificate is made anew by the code that made it and held against that check. A path of one point
    is checked at that point.

    Args:
        artifact: the path, and all that belongs to it.
        began: when it was begun to be opened, by `time.perf_counter`.

    Raises:
        RambleError: it cannot be judged.
    """
    problems = [*wrong_sources(artifact), *wrong_steps(artifact), *not_finite(artifact), *wrong_times(artifact)]
    problems += [*wrong_ends(artifact), *wrong_order(artifact)]
    certificate, found = "none, as points are not finite", Findings(0, float("nan"), None)
    if not not_finite(artifact):
        found = _check_segments(artifact)
        if found.failure:
            problems.append(_describe(found.failure, artifact))
        anew = recompute(artifact)
        certificate = str(anew)
        problems += wrong_certificate(artifact, anew, found.min_margin)
        problems += wrong_status(artifact, anew, holds=found.failure is None)
    claims = artifact.claims
    return Verdict(
        file=artifact.file,
        status=claims.status.value,
        reached=float(artifact.times[-1]),
        kind=artifact.check.kind,
        segments=artifact.segments,
        tested=found.tested,
        min_margin=found.min_margin,
        max_errors=artifact.max_errors,
        seconds=time.perf_counter() - began,
        problems=tuple(problems),
        compared=(
            f"data ({artifact.inputs} inputs), both ends, t of {len(artifact.points)} points, status, "
            f"{f'the table of steps ({claims.steps}), ' if artifact.table else ''}certificate (anew: {certificate})"
        ),
        believed=artifact.believed,
    )


def _check_segments(artifact: Artifact) -> Findings:
    """Walk over the segments, chunk by chunk, up to the first failure."""
    done, tested, least = 0, 1, torch.inf
    for points in artifact.chunks():
        ends = points if len(points) > 1 else points.expand(2, -1)
        found = artifact.check.segments(ends.double())
        tested, least = tested + found.tested, min(least, found.min_margin)
        if found.failure:
            failure = found.failure
            return Findings(tested, least, Failure(done + failure.segment, failure.at, failure.errors))
        done += len(points) - 1
    return Findings(tested, least, None)


def _describe(failure: Failure, artifact: Artifact) -> str:
    times, segment = artifact.times.tolist(), failure.segment
    low, high = times[segment], times[min(segment + 1, len(times) - 1)]
    errors = f"{failure.errors} error{'' if failure.errors == 1 else 's'}"
    if failure.errors <= artifact.max_errors:
        allowed = f", beyond the {artifact.max_errors} that may be wrong," if artifact.max_errors else ""
        errors = f"a margin{allowed} that cannot be told from zero"
    elif artifact.max_errors:
        errors += f", where {artifact.max_errors} are allowed,"
    t = low + failure.at * (high - low)
    return (
        f"segment {segment} has {errors} at t = {t:.6f} ({failure.at:.6f} of the way from t = {low:.6f} to {high:.6f})"
    )
