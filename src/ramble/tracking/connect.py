"""From two solutions to a certified path: what every tracker is called through."""

import torch
from torch import Tensor

from ramble.certificates.paths import work_of
from ramble.errors import RambleError
from ramble.problems.problem import Problem
from ramble.store.headers import Status
from ramble.store.progress import Progress
from ramble.tracking.certified import certified
from ramble.tracking.path import Path
from ramble.tracking.tracker import Tracker
from ramble.training.divergence import finite_rows


def connect(
    problem: Problem, tracker: Tracker, starts: Tensor, ends: Tensor, datasets: Tensor, progress: Progress
) -> list[Path]:
    """Track B pairs of solutions side by side, and certify what came out.

    Args:
        problem: the networks.
        tracker: any of `ramble.tracking`.
        starts: W_a (B, P).
        ends: W_b (B, P).
        datasets: (B,), the training set of each pair.
        progress: advanced by the tracker; the certificates have a bar of their own.

    Returns:
        One path per pair with its certificate. Equal ends are joined by a path of one point.

    Raises:
        RambleError: an end is not a solution, has another shape than the network or numbers that are not finite, the
            ends are too far apart for their number format, or the tracker's rate so large that weights are no longer
            finite.
    """
    for name, ends_of_pairs in (("W_a", starts), ("W_b", ends)):
        _check_ends(problem, name, ends_of_pairs, datasets)
    _check_distances(starts, ends)
    apart = (starts != ends).any(1).nonzero().squeeze(1)
    tracked = iter(tracker.track(problem, starts[apart], ends[apart], datasets[apart], progress) if len(apart) else [])
    moving = set(apart.tolist())
    paths = [next(tracked) if pair in moving else _standing(starts[pair]) for pair in range(len(starts))]
    for pair, path in enumerate(paths):
        if not bool(torch.isfinite(path.points).all() and torch.isfinite(path.t).all()):
            raise RambleError(
                f"The path of pair {pair} has weights that are not finite; lower the tracker's rate, or give ends with "
                "smaller weights."
            )
    with Progress(f"{progress.label}: certificates", sum(work_of(problem, len(path.points)) for path in paths)) as bar:
        return [
            certified(problem, path, dataset, tracker.settings.resolution, bar)
            for path, dataset in zip(paths, datasets.tolist(), strict=True)
        ]


def _check_ends(problem: Problem, name: str, weights: Tensor, datasets: Tensor) -> None:
    if weights.dim() != 2 or weights.shape != (len(datasets), problem.n_weights):
        raise RambleError(
            f"{name} has the shape {tuple(weights.shape)}; {len(datasets)} pairs of this network need "
            f"({len(datasets)}, {problem.n_weights})."
        )
    broken = (~torch.isfinite(weights).all(1)).nonzero().flatten().tolist()
    if broken:
        raise RambleError(f"{name} of pair {broken[0]} has weights that are not finite; give a trained network.")
    errors = problem.evaluate(weights.to(problem.device), datasets).errors.tolist()
    for pair, count in enumerate(errors):
        if count > problem.max_errors:
            fewer = f"has at most {problem.max_errors}" if problem.max_errors else "makes none"
            raise RambleError(
                f"{name} of pair {pair} (data set {int(datasets[pair])}) is no solution: it makes {count} training "
                f"errors; train it on until it {fewer}, or allow as many (max_errors = {count})."
            )


def _check_distances(starts: Tensor, ends: Tensor) -> None:
    """Points between two ends are found from their difference."""
    broken = (~finite_rows(ends.cpu() - starts.cpu())).nonzero().flatten().tolist()
    if broken:
        raise RambleError(
            f"W_a and W_b of pair {broken[0]} are so far apart that their difference overflows {ends.dtype}; give "
            "networks with smaller weights."
        )


def _standing(weights: Tensor) -> Path:
    return Path(weights.unsqueeze(0).cpu(), torch.ones(1, dtype=torch.float64), Status.ARRIVED, "W_a is W_b", [])
