"""One run of a study: its settings from what its job is given, and what its points say of it."""

import json
from typing import Any, Protocol

from ramble.problems.problem import Problem
from ramble.training.run_settings import Augmentation, Initialisation, Optimiser, RunSettings, Schedule
from ramble.training.runs import TrainedRun


class Given(Protocol):
    """What a job is given by the parameters; what the run has none of is not there."""

    optimiser: Optimiser
    epochs: int
    points: list[int]


def settings_of(given: Given, batch: int) -> RunSettings:
    """Return how the network is trained."""
    values = vars(given)
    schedule: Schedule | None = values.get("schedule")
    return RunSettings(
        optimiser=given.optimiser,
        schedule=schedule,
        initialisation=values.get("initialisation", Initialisation()),
        augmentation=values.get("augmentation", Augmentation()),
        batch=batch,
        epochs=given.epochs,
        points=given.points,
    )


def facts_of(problem: Problem, settings: RunSettings, number: int, run: TrainedRun) -> dict[str, Any]:
    """Return what the header of a run's points says: the run, its weights, and how it was trained."""
    status = "diverged" if run.diverged else "finished"
    told = json.dumps(settings.model_dump(mode="json"), sort_keys=True)
    return {"number": number, "weights": problem.n_weights, "status": status, "settings": told, **problem.metadata}
