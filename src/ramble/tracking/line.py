"""The control: the straight segment from W_a to W_b, wherever it leads."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from ramble.certificates.segments import certify_segments
from ramble.store.headers import Status
from ramble.tracking.line_settings import LineSettings
from ramble.tracking.path import Path, Setting, Step, errors_beyond
from ramble.tracking.tracker import Run, Tracker


@dataclass(frozen=True)
class LineTracker(Tracker):
    """Points evenly spread on the straight segment, its ends included."""

    settings: LineSettings

    def begin(self, setting: Setting) -> "LineRun":
        """Return the segments before their first points are looked at; one arrives when it lies in S as a whole."""
        return LineRun(self.settings, setting)


class LineRun(Run):
    """How far some segments have been looked at."""

    def __init__(self, settings: LineSettings, setting: Setting) -> None:
        self._setting, self._resolution = setting, settings.resolution
        self._times = torch.linspace(0, 1, settings.points)
        lerped = [torch.lerp(setting.starts, setting.ends, t) for t in self._times.tolist()]
        self._points = torch.stack([*lerped[:-1], setting.ends])  # (T, B, P); lerp may miss the end by one bit
        self._rows: list[list[Step]] = [[] for _ in setting.starts]

    @property
    def over(self) -> bool:
        """Has every point been looked at?"""
        return self.steps == len(self._times)

    def step(self) -> Mapping[str, object]:
        """Look at the next point of every segment."""
        number = self.steps - 1
        t, here = float(self._times[number]), self._setting
        found = here.problem.evaluate(self._points[number], here.datasets)
        losses, errors, margins = found.losses.tolist(), found.errors.tolist(), found.min_margins.tolist()
        inside = found.in_solution_space.tolist()
        for chain, own in enumerate(self._rows):
            own.append(
                Step(
                    step=number,
                    t=t,
                    train_loss=losses[chain],
                    train_errors=errors[chain],
                    min_margin=margins[chain],
                    accepted=inside[chain],
                    gamma=t,
                    eta=0.0,
                    gradients=0,
                    evaluations=number + 1,
                )
            )
        return {}

    def paths(self) -> list[Path]:
        """Return the segments, certified."""
        here, times = self._setting, self._times.double()
        found = certify_segments(here.problem, here.starts, here.ends, here.datasets, self._resolution)
        return [
            Path(self._points[:, chain].cpu(), times, *_verdict(holds, unsure, rows, here.problem.max_errors), rows)
            for chain, (holds, unsure, rows) in enumerate(
                zip(found.hold.tolist(), found.unsure.tolist(), self._rows, strict=True)
            )
        ]


def _verdict(holds: bool, unsure: bool, steps: list[Step], max_errors: int) -> tuple[Status, str]:
    if holds:
        return Status.ARRIVED, "the straight segment lies in S"
    if unsure:
        return Status.ARRIVED, "no error was met on the straight segment"
    outside = next((step for step in steps if not step.accepted), None)
    errors = errors_beyond(max_errors)
    return Status.LEFT_S, f"{errors} from t = {outside.t:.4f}" if outside else f"{errors} between the points"
