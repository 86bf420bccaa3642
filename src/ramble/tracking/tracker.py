"""What all trackers are: an algorithm with its settings, a seed, and where it keeps its state."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from ramble.problems.data import load
from ramble.problems.problem import Problem
from ramble.store.checkpoints import Checkpoint
from ramble.store.progress import Progress
from ramble.tracking.path import Path
from ramble.tracking.settings import TrackerSettings


@dataclass(frozen=True)
class Tracker(ABC):
    """Anything that walks from starts to ends.

    Attributes:
        settings: of the algorithm.
        seed: of all that it draws; without consequence where it draws nothing.
        checkpoints: taken up where they hold a state, and written on the way, by a tracker that can be killed and go
            on: one per chain; or none.
    """

    settings: TrackerSettings
    seed: int = 0
    checkpoints: Sequence[Checkpoint] = ()

    @abstractmethod
    def track(self, problem: Problem, starts: Tensor, ends: Tensor, datasets: Tensor, progress: Progress) -> list[Path]:
        """Return one path per chain.

        Args:
            problem: the networks.
            starts: W_a (B, P).
            ends: W_b (B, P).
            datasets: (B,), the training set of each chain.
            progress: advanced by one per step of the budget.
        """


def tracker_of(settings: TrackerSettings, seed: int = 0, checkpoints: Sequence[Checkpoint] = ()) -> Tracker:
    """Return the tracker that takes these settings."""
    tracker: Tracker = load(settings.tracker)(settings, seed=seed, checkpoints=checkpoints)
    return tracker
