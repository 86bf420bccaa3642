"""In which order ways between two networks are tried: the straight line, then a tracker."""

from dataclasses import dataclass

import torch

from ramble.problems.given import Given
from ramble.store.checkpoints import Checkpoint
from ramble.store.progress import Progress
from ramble.tracking.connect import connect
from ramble.tracking.guarded_settings import GuardedSettings
from ramble.tracking.line_settings import LineSettings
from ramble.tracking.path import Path
from ramble.tracking.settings import TrackerSettings
from ramble.tracking.tracker import tracker_of

ZERO = torch.zeros(1, dtype=torch.long)


@dataclass(frozen=True)
class Budget:
    """How long a tracker may take; None: as long as its defaults say."""

    steps: int | None = None


@dataclass(frozen=True)
class Route:
    """The path that was found, or the last that was tried, and what was seen before."""

    path: Path
    tracker: str  # the algorithm
    line_errors: int  # most at the points looked at on the straight line
    gradients: int  # of all that was tried
    evaluations: int


def settings_for(budget: Budget) -> TrackerSettings:
    """Return the settings of the tracker that is used where the straight line does not do."""
    return GuardedSettings() if budget.steps is None else GuardedSettings(max_rounds=budget.steps)


def find_route(given: Given, budget: Budget, seed: int, checkpoint: Checkpoint | None) -> Route:
    """Return the straight line where it is free of errors, else what the tracker finds.

    Args:
        given: the problem and both ends, which have been checked.
        budget: of the tracker.
        seed: of all that it draws.
        checkpoint: of the tracker, where its state is to be kept.

    Raises:
        RambleError: as `connect` does.
    """
    line = _tracked(given, LineSettings(), seed, None)
    errors = max(step.train_errors for step in line.steps)
    if line.joins:
        return Route(line, "line", errors, line.gradients, line.evaluations)
    settings = settings_for(budget)
    path = _tracked(given, settings, seed, checkpoint)
    algorithm: str = settings.algorithm  # type: ignore[attr-defined]
    return Route(path, algorithm, errors, path.gradients, line.evaluations + path.evaluations)


def _tracked(given: Given, settings: TrackerSettings, seed: int, checkpoint: Checkpoint | None) -> Path:
    tracker = tracker_of(settings, seed, [checkpoint] if checkpoint else [])
    starts, ends = given.weights[:1], given.weights[1:]
    with Progress(f"tracker {settings.algorithm}", settings.budget) as progress:  # type: ignore[attr-defined]
        (path,) = connect(given.problem, tracker, starts, ends, ZERO, progress)
    return path
