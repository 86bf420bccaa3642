"""In which order ways between two networks are tried: the straight line, then a tracker."""

from dataclasses import dataclass

import torch

from ramble.errors import RambleError, check_count
from ramble.problems.given import Given
from ramble.store.checkpoints import Checkpoint
from ramble.store.progress import Progress
from ramble.tracking.adaptive_settings import AdaptiveSettings
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


def find_route(given: Given, settings: AdaptiveSettings, seed: int, checkpoint: Checkpoint | None) -> Route:
    """Return the straight line where it is free of errors, else what the tracker finds.

    Args:
        given: the problem and both ends, which have been checked.
        settings: of the tracker.
        seed: of all that it draws.
        checkpoint: of the tracker, where its state is to be kept.

    Raises:
        RambleError: as `connect` does.
    """
    line = _tracked(given, LineSettings(), seed, None)
    errors = max(step.train_errors for step in line.steps)
    if line.joins:
        return Route(line, "line", errors, line.gradients, line.evaluations)
    path = _tracked(given, settings, seed, checkpoint)
    return Route(path, settings.algorithm, errors, path.gradients, line.evaluations + path.evaluations)


def _tracked(given: Given, settings: LineSettings | AdaptiveSettings, seed: int, checkpoint: Checkpoint | None) -> Path:
    tracker = tracker_of(settings, seed, [checkpoint] if checkpoint else [])
    starts, ends = given.weights[:1], given.weights[1:]
    with Progress(f"tracker {settings.algorithm}", settings.budget) as progress:
        (path,) = connect(given.problem, tracker, starts, ends, ZERO, progress)
    return path
