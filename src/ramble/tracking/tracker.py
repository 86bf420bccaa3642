"""What all trackers are, and the one loop that all of them run in."""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor

from ramble.problems.data import load
from ramble.problems.problem import Problem
from ramble.store.checkpoints import Checkpoint, State
from ramble.store.headers import Status
from ramble.store.progress import Progress
from ramble.tracking.path import Path, Setting
from ramble.tracking.settings import TrackerSettings


class Run(ABC):
    """Where some chains stand that walk side by side."""

    steps: int = 0  # of the budget, the one being taken included; counted by the loop

    @property
    @abstractmethod
    def over(self) -> bool:
        """Has every chain ended?"""

    @abstractmethod
    def step(self) -> Mapping[str, object]:
        """Take one step of the budget; return what the progress bar shows beside the count."""

    @abstractmethod
    def paths(self) -> list[Path]:
        """Return one path per chain; those that have not ended are out of budget."""

    def state(self) -> State | None:
        """Return all that the rest of the run depends on; None where a killed run begins anew."""
        return None


@dataclass(frozen=True)
class Tracker(ABC):
    """Anything that walks from starts to ends.

    Attributes:
        settings: of the algorithm.
        seed: of all that it draws; without consequence where it draws nothing.
        checkpoints: taken up where they hold a state, and written after steps, by a tracker whose runs have one: the
            first for all chains together, or one per chain where they walk one after the other; or none.
        until: when (`time.monotonic`) to stop after a step, the state kept in the checkpoint; each call takes one step
            at least, so that calls that follow each other come to an end.
    """

    together: ClassVar[bool] = True  # do all chains walk side by side?

    settings: TrackerSettings
    seed: int = 0
    checkpoints: Sequence[Checkpoint] = ()
    until: float = math.inf

    @abstractmethod
    def begin(self, setting: Setting) -> Run:
        """Return the run of some chains where they start."""

    def taken_up(self, setting: Setting, state: State) -> Run:
        """Return the run where a checkpoint says that it stands."""
        raise ValueError(f"{type(self).__name__} keeps no state")

    def track(self, problem: Problem, starts: Tensor, ends: Tensor, datasets: Tensor, progress: Progress) -> list[Path]:
        """Walk from every start to its end; not to arrive is a result, with its status and reason.

        Args:
            problem: the networks.
            starts: W_a (B, P).
            ends: W_b (B, P).
            datasets: (B,), the training set of each chain.
            progress: advanced by one per step of the budget.

        Returns:
            One path per chain.

        Raises:
            RambleError: weights are no longer finite, a checkpoint is of other settings, or the problem lacks what the
                algorithm needs.
        """
        setting = Setting(problem, starts.to(problem.device), ends.to(problem.device), datasets)
        chains = torch.arange(len(starts))
        groups = [chains] if self.together else list(torch.split(chains, 1))
        checkpoints: Sequence[Checkpoint | None] = self.checkpoints or [None] * len(groups)
        return [
            path
            for rows, checkpoint in zip(groups, checkpoints, strict=False)
            for path in self._walk(setting.select(rows), checkpoint, progress)
        ]

    def _walk(self, setting: Setting, checkpoint: Checkpoint | None, progress: Progress) -> list[Path]:
        run = checkpoint.resume(partial(self.taken_up, setting)) if checkpoint else None
        run = run or self.begin(setting)
        progress.resume(run.steps)
        while not run.over and run.steps < self.settings.budget:
            run.steps += 1
            progress.advance(1, **run.step())
            late = time.monotonic() >= self.until and not run.over and run.steps < self.settings.budget
            if checkpoint and (checkpoint.due or late) and (state := run.state()):
                checkpoint.save(state.tensors, state.facts)
            if late:
                return [self._out_of_time(path, run.steps) for path in run.paths()]
        return run.paths()

    def _out_of_time(self, path: Path, steps: int) -> Path:
        """Return a path that may not have arrived yet with what it lacked."""
        if path.arrived:
            return path
        reason = f"time was up after {steps} of at most {self.settings.budget} rounds: {path.reason}"
        return replace(path, status=Status.OUT_OF_TIME, reason=reason)


def tracker_of(
    settings: TrackerSettings, seed: int = 0, checkpoints: Sequence[Checkpoint] = (), until: float = math.inf
) -> Tracker:
    """Return the tracker that takes these settings."""
    tracker: Tracker = load(settings.tracker)(settings, seed=seed, checkpoints=checkpoints, until=until)
    return tracker
