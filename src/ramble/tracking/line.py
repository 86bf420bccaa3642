"""The control: the straight segment from W_a to W_b, wherever it leads."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ramble.certificates.segments import certify_segments
from ramble.problems.problem import Problem
from ramble.store.progress import Progress
from ramble.tracking.line_settings import LineSettings
from ramble.tracking.path import Path, Status, Step
from ramble.tracking.tracker import Tracker


@dataclass(frozen=True)
class LineTracker(Tracker):
    """Points evenly spread on the straight segment, its ends included."""

    settings: LineSettings

    def track(self, problem: Problem, starts: Tensor, ends: Tensor, datasets: Tensor, progress: Progress) -> list[Path]:
        """Return the straight segments from starts to ends (B, P); one arrives when it lies in S as a whole."""
        starts, ends = starts.to(problem.device), ends.to(problem.device)
        times = torch.linspace(0, 1, self.settings.points)
        points = torch.stack([torch.lerp(starts, ends, t) for t in times.tolist()])  # (T, B, P)
        points[-1] = ends  # lerp may miss it by one bit
        steps: list[list[Step]] = [[] for _ in starts]
        for number, (t, weights) in enumerate(zip(times.tolist(), points, strict=True)):
            found = problem.evaluate(weights, datasets)
            losses, errors, margins = found.losses.tolist(), found.errors.tolist(), found.min_margins.tolist()
            for chain, own in enumerate(steps):
                own.append(
                    Step(
                        step=number,
                        t=t,
                        train_loss=losses[chain],
                        train_errors=errors[chain],
                        min_margin=margins[chain],
                        accepted=errors[chain] == 0,
                        gamma=t,
                        eta=0.0,
                        gradients=0,
                        evaluations=number + 1,
                    )
                )
            progress.advance(1)
        certificates = certify_segments(problem, starts, ends, datasets, self.settings.resolution)
        return [
            Path(points[:, chain].cpu(), times.double(), *_verdict(bool(holds), rows), rows)
            for chain, (holds, rows) in enumerate(zip(certificates.hold.tolist(), steps, strict=True))
        ]


def _verdict(holds: bool, steps: list[Step]) -> tuple[Status, str]:
    if holds:
        return Status.ARRIVED, "the straight segment lies in S"
    outside = next((step for step in steps if step.train_errors), None)
    return Status.LEFT_S, f"errors from t = {outside.t:.4f}" if outside else "errors between the points"
