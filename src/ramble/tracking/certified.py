"""A tracked path with the certificate of the polygon through its stored points: that polygon is the path."""

from dataclasses import replace

from ramble.certificates.paths import certify_path
from ramble.problems.problem import Problem
from ramble.store.progress import Progress
from ramble.tracking.path import Path


def certified(problem: Problem, path: Path, dataset: int, resolution: float, progress: Progress) -> Path:
    """Return the path with its certificate; its reason says which segment failed, if one did.

    Args:
        problem: the networks.
        path: however it ended; what is stored of it is certified.
        dataset: its training set.
        resolution: see `certify_path`.
        progress: advanced as `certify_path` says.
    """
    found = certify_path(problem, path.points, dataset, resolution, advance=progress.advance)
    result = replace(
        path,
        certificate=found.kind,
        certificate_reason=found.reason,
        certified_segments=found.segments,
        min_margin=found.min_margin,
        certificate_points=found.tested,
        certificate_resolution=resolution,
    )
    if found.failed is None:
        return result
    failure = f"segment {found.failed} between stored points {found.failed} and {found.failed + 1} "
    if found.unsure:
        failure += f"may leave S: no error was met, but {found.unsure}"
    else:
        failure += f"leaves S (smallest margin {found.min_margin:.3g})"
    return replace(
        result,
        certificate="none",
        certificate_reason=failure,
        certified_segments=found.failed,
        reason=f"{path.reason}; not certified: {failure}",
    )
