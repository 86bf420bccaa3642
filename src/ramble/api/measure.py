"""Losses and eigenvalues at the points of a path between given networks."""

from os import PathLike
from pathlib import Path

import pandas as pd
import torch

from ramble.api.connection import Connection
from ramble.api.digests import with_digests
from ramble.errors import RambleError, check_count, kind_of
from ramble.measure.profile import profile as profile_of
from ramble.problems.joined import Sources, reopen
from ramble.problems.network import NetworkProblem
from ramble.problems.problem import Problem, place_of
from ramble.spectra.along import placed
from ramble.spectra.krylov import KrylovEngine
from ramble.spectra.settings import KrylovSettings
from ramble.store.points import Points, read_points, spread_points
from ramble.store.progress import Progress

Walked = Connection | str | PathLike[str]


def profile(path: Walked | Problem, points: Walked | None = None, sources: Sources = Sources()) -> pd.DataFrame:  # noqa: B008
    """Return losses, errors and smallest margins on every split, a row per point, and the digests of the splits.

    Args:
        path: what `ramble.connect` returned, or the file that it wrote; or a problem, and then the points.
        points: of the problem, a path or its file.
        sources: in place of the network, the data and the ends that the file names.

    Raises:
        RambleError: the file is no such path, or names what is not there or has changed.
    """
    problem, along = _problem_and_points(path, points, sources, with_test=True)
    with Progress("profile", len(along.points) * len(problem.splits)) as progress:
        return with_digests(profile_of(problem, along, progress), problem)


def spectrum(
    path: Walked | Problem,
    points: Walked | None = None,
    *,
    top: int = 20,
    count: int = 5,
    seed: int = 0,
    sources: Sources = Sources(),  # noqa: B008
) -> pd.DataFrame:
    """Return the largest eigenvalues of the Hessian of the training loss, with error bars, a row per point.

    Args:
        path: as `profile` takes it.
        points: likewise.
        top: number of eigenvalues.
        count: of points, evenly spread along the path, at most.
        seed: of the random vectors.
        sources: as `profile` takes them.

    Raises:
        RambleError: as `profile`, and where there are fewer than `top` weights.
    """
    check_count("top", top)
    check_count("points", count, 2)
    problem, along = _problem_and_points(path, points, sources)
    if not isinstance(problem, NetworkProblem):
        raise RambleError("The spectrum of a path is measured for networks; name a path between networks.")
    engine = KrylovEngine(KrylovSettings(top=top, budget=max(200, 4 * top)), seed)
    weights, rows = torch.from_numpy(along.points), []
    chosen = spread_points(along.position, count)
    with Progress("spectra", len(chosen)) as progress:
        for point in chosen:
            found = engine.rows(problem, weights[point], place_of(problem, along.dataset), f"{along.name}/{point}")
            rows.append(placed(found, along, point))
            progress.advance(1, point=point)
    return pd.concat(rows, ignore_index=True)


def _problem_and_points(
    path: Walked | Problem, points: Walked | None, sources: Sources, with_test: bool = False
) -> tuple[Problem, Points]:
    if isinstance(path, Problem):
        if points is None:
            raise RambleError("A problem alone has no points; give a path, or its file, after it.")
        return path, points.stored if isinstance(points, Connection) else read_points(Path(points))
    if isinstance(path, Connection):
        return path.problem, path.stored
    if not isinstance(path, str | PathLike):
        raise RambleError(f"What was given is {kind_of(path)}, and no path; give what ramble.connect returned.")
    joined = reopen(Path(path), sources, with_test)
    joined.refuse_others()
    return joined.given.problem, joined.path
