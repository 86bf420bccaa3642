"""A path that is moved as a whole: how one chain's polyline is looked at, certified and reported.

Trackers that walk know at every step whether they are in S. The baselines of mode connectivity do not walk: they
lay a curve between both ends and lower the loss along it. What they end with is judged here, by the same standard.
"""

import torch
from torch import Tensor

from ramble.certificates.segments import certify_segments
from ramble.problems.problem import Evaluation, Problem, in_batches, stack
from ramble.tracking.path import Path, Setting, Status, Step, normalised_distance

BATCH = 128  # points evaluated at a time


def evaluate_polylines(problem: Problem, polylines: list[Tensor], datasets: Tensor) -> list[Evaluation]:
    """Evaluate every point of B polylines (T_b, P) on the data sets (B,), all side by side; (T_b,) each."""
    lengths = [len(points) for points in polylines]
    owners = datasets.repeat_interleave(torch.tensor(lengths, device=datasets.device))
    found = stack(list(in_batches(problem, torch.cat(polylines), owners, "train", BATCH)))
    columns = (torch.split(column, lengths) for column in (found.losses, found.errors, found.min_margins))
    return [Evaluation(*parts) for parts in zip(*columns, strict=True)]


class Strand:
    """The polyline of one chain, from W_a to W_b at any time.

    It arrives when none of its points has an error and every straight segment between them is certified to lie in S;
    a low loss along it does not count.

    Args:
        setting: of this chain alone, B = 1.
        resolution: see `certify_segments`.
        evaluations: spent on this chain before the first look.
    """

    def __init__(self, setting: Setting, resolution: float, evaluations: int = 0) -> None:
        self.setting, self.resolution, self.evaluations = setting, resolution, evaluations
        self.steps: list[Step] = []
        self.arrived = False
        self.hop_evaluations = 0

    def look(self, points: Tensor, found: Evaluation, eta: float, gradients: int) -> None:
        """Take the polyline after a round of training and add its row to the table.

        The row's t is the share of the points without errors, its loss the mean over the points, its errors and
        margin those of the worst point.

        Args:
            points: (T, P), the first is W_a and the last W_b to the bit.
            found: (T,), at the points.
            eta: rate of the training.
            gradients: spent on this chain so far.
        """
        self._points, self._found = points, found
        self.evaluations += len(points)
        inside = found.in_solution_space
        self.steps.append(
            Step(
                step=len(self.steps) + 1,
                t=float(inside.double().mean()),
                train_loss=float(found.losses.mean()),
                train_errors=int(found.errors.max()),
                min_margin=float(found.min_margins.min()),
                accepted=bool(inside.all()),
                gamma=0.0,  # no elastic moves
                eta=eta,
                gradients=gradients,
                evaluations=self.evaluations,
            )
        )
        if inside.all():
            self._certify()

    def _certify(self) -> None:
        starts, ends = self._points[:-1], self._points[1:]
        datasets = self.setting.datasets.expand(len(starts))
        # a proof, where there is one, comes once, for the finished path
        segments = certify_segments(self.setting.problem, starts, ends, datasets, self.resolution, sound=False)
        self.hop_evaluations += int(segments.tested.sum())
        self.arrived = bool(segments.hold.all())

    def path(self) -> Path:
        """Return the polyline as it was last seen; t is the normalised distance of its points."""
        start, end = self.setting.starts.double(), self.setting.ends.double()
        t = normalised_distance(self._points.double(), start, end).cpu()
        status = Status.ARRIVED if self.arrived else Status.STUCK
        points = self._points.cpu()
        return Path(points, t, status, self._reason(t), self.steps, hop_evaluations=self.hop_evaluations)

    def _reason(self, t: Tensor) -> str:
        """Say whether the path is free of errors and, in any case, how low its loss is."""
        losses, errors = self._found.losses.cpu(), self._found.errors.cpu()
        heights = (
            f"loss {float(losses.mean()):.3g} on average and at most {float(losses.max()):.3g} along it, "
            f"{float(losses[0]):.3g} and {float(losses[-1]):.3g} at its ends"
        )
        if self.arrived:
            return f"all {len(errors) - 1} segments hold; {heights}"
        worst = int(errors.argmax())
        if not int(errors[worst]):
            return f"not a zero-error path: errors between its points; {heights}"
        return (
            f"not a zero-error path: at most {int(errors[worst])} errors (t = {float(t[worst]):.3f}), "
            f"errors at {int((errors > 0).sum())} of {len(errors)} points; {heights}"
        )
