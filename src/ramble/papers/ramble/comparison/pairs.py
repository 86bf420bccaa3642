"""What one tracker made of one pair of solutions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ramble.measure.barrier import loss_barrier
from ramble.store.artifacts import read_header, read_table
from ramble.store.headers import Ending, Status
from ramble.store.points import StoredPath, pair_of, read_path


@dataclass(frozen=True)
class PairOutcome(Ending):
    """One path in numbers."""

    study: str
    tracker: str
    status: Status
    certificate: str  # exact, sound, sampled, or none
    gradients: int
    evaluations: int
    detour: float  # length over straight distance; NaN where the path does not reach W_b
    min_margin: float  # on the certified segments
    loss_ratio: float  # largest training loss at a stored point over the larger one at W_a and W_b
    errors: int  # largest number of training errors at a stored point
    max_errors: int  # that a network in the solution space may make
    loss_barrier: float  # nats, see `ramble.measure.barrier`; NaN where the path does not reach W_b

    @property
    def reaches(self) -> bool:
        """Does the path lead to W_b, with errors or without?"""
        return self.detour == self.detour  # not NaN

    def has_low_loss(self, factor: float) -> bool:
        """Does it lead to W_b, with a loss nowhere above `factor` times that of the worse end?"""
        return self.reaches and self.loss_ratio <= factor


def read_outcomes(paths: Sequence[str], profiles: Sequence[str], solutions: Sequence[str]) -> list[PairOutcome]:
    """Read the outcome of every path.

    Args:
        paths: files of any studies and trackers.
        profiles: their profiles, in the same order.
        solutions: among them both ends of every path.
    """
    losses = dict(_end_losses(solutions))
    return [
        outcome(read_path(path), read_table(profile), losses) for path, profile in zip(paths, profiles, strict=True)
    ]


def outcome(path: StoredPath, profile: pd.DataFrame, losses: dict[tuple[str, str], float]) -> PairOutcome:
    """Measure one path; `losses` holds the training loss of every solution by study and <dataset>-<seed>."""
    header = path.header
    dataset, *ends = pair_of(path.name)
    length = detour(path)
    return PairOutcome(
        study=header.study,
        tracker=header.tracker,
        status=header.status,
        certificate=header.certificate,
        gradients=header.gradients,
        evaluations=header.evaluations,
        detour=length,
        min_margin=header.min_margin,
        loss_ratio=float(profile.train_loss.max(skipna=False))
        / max(losses[header.study, f"{dataset}-{end}"] for end in ends),
        errors=int(profile.train_errors.max()),
        max_errors=header.max_errors,
        loss_barrier=loss_barrier(profile) if length == length else float("nan"),
    )


def detour(path: StoredPath) -> float:
    """Return the length of a path over the distance of its ends; NaN where it does not reach W_b."""
    straight = float(np.linalg.norm(path.points[-1].astype(np.float64) - path.points[0]))
    # t is 1 - |W_b - W_x| / |W_b - W_a|: exactly 1 at W_b and nowhere else
    return float(path.walked[-1]) / straight if path.t[-1] == 1.0 and straight > 0 else float("nan")


def _end_losses(solutions: Sequence[str]) -> Iterator[tuple[tuple[str, str], float]]:
    for file in solutions:
        header = read_header(file)
        yield (header["study"], Path(file).stem), float(header["train_loss"])
