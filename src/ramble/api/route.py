"""In which order ways between two networks are tried: the straight line, that to b with its units reordered, a tracker.

The units of a layer can be put into another order without changing what the network computes. A line to b reordered
joins a with the function of b, not with its weights; whoever wants these keeps the order.
"""

import math
from dataclasses import dataclass

import torch

from ramble.errors import RambleError, check_count, check_number
from ramble.problems.given import Given
from ramble.store.checkpoints import Checkpoint
from ramble.store.progress import Progress
from ramble.tracking.adaptive_settings import AdaptiveSettings
from ramble.tracking.aligned_settings import AlignedSettings
from ramble.tracking.connect import connect
from ramble.tracking.line_settings import LineSettings
from ramble.tracking.path import Path
from ramble.tracking.tracker import tracker_of

MOST_ATTEMPTS = 10
ZERO = torch.zeros(1, dtype=torch.long)


@dataclass(frozen=True)
class Route:
    """The path that was found, or the last that was tried, and what was seen before."""

    path: Path
    tracker: str  # the algorithm
    line_errors: int  # most at the points looked at on the straight line
    aligned_errors: int | None  # likewise on the line to b with its units reordered; None where that was not tried
    not_aligned: str  # why it was not, in words
    gradients: int  # of all that was tried
    evaluations: int


def settings_for(attempts: int | None) -> AdaptiveSettings:
    """Return the settings of the tracker that is used where a straight line does not do."""
    if attempts is None:
        return AdaptiveSettings()
    check_count("attempts", attempts)
    if attempts > MOST_ATTEMPTS:
        raise RambleError(f"attempts = {attempts} is more than {MOST_ATTEMPTS}, and each doubles the time; give fewer.")
    return AdaptiveSettings(attempts=attempts)


def deadline(began: float, seconds: float | None) -> float:
    """Return when so many seconds are over, as `time.monotonic` counts; raises RambleError where they are none."""
    if seconds is None:
        return math.inf
    check_number("seconds", seconds, above=0)
    return began + seconds


def find_route(
    given: Given, settings: AdaptiveSettings, seed: int, checkpoint: Checkpoint | None, keep_order: bool, until: float
) -> Route:
    """Return the first of the three ways that is free of errors, or else the last.

    Args:
        given: the problem and both ends, which have been checked.
        settings: of the tracker.
        seed: of all that it draws.
        checkpoint: of the tracker, where its state is to be kept.
        keep_order: of the units of b.
        until: when the tracker stops, on the clock of `time.monotonic`.

    Raises:
        RambleError: as `connect` does.
    """
    line = _tracked(given, LineSettings(), seed, None)
    errors, spent = most_errors(line), line.evaluations
    if line.joins:
        return Route(line, "line", errors, None, "the straight line is free of errors", 0, spent)
    aligned, why = (None, "the order of units is kept") if keep_order else _aligned(given, seed)
    aligned_errors = most_errors(aligned) if aligned else None
    spent += aligned.evaluations if aligned else 0
    if aligned and aligned.joins:
        return Route(aligned, "aligned", errors, aligned_errors, why, 0, spent)
    path = _tracked(given, settings, seed, checkpoint, until)
    return Route(path, settings.algorithm, errors, aligned_errors, why, path.gradients, spent + path.evaluations)


def most_errors(path: Path) -> int:
    """Return the most training errors at the points that a tracker looked at."""
    return max(step.train_errors for step in path.steps)


def _aligned(given: Given, seed: int) -> tuple[Path | None, str]:
    """Return the line to b with its units reordered, or why there is none."""
    try:
        return _tracked(given, AlignedSettings(), seed, None), ""
    except RambleError as error:
        return None, str(error).partition("; leave out")[0].removeprefix("GivenProblem: ")


def _tracked(
    given: Given,
    settings: LineSettings | AlignedSettings | AdaptiveSettings,
    seed: int,
    checkpoint: Checkpoint | None,
    until: float = math.inf,
) -> Path:
    tracker = tracker_of(settings, seed, [checkpoint] if checkpoint else [], until)
    starts, ends = given.weights[:1], given.weights[1:]
    with Progress(f"tracker {settings.algorithm}", settings.budget) as progress:
        (path,) = connect(given.problem, tracker, starts, ends, ZERO, progress)
    return path
