"""Paths that are moved as a whole: how their polylines are looked at, certified and reported.

Trackers that walk know at every step whether they are in S. The others lay a polyline between both ends and move it:
it arrives when all of its points, and every straight segment between them, are certified to lie in S. A low loss along
it does not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ramble.certificates.segments import certify_segments
from ramble.problems.problem import Evaluation, Problem, in_batches, stack
from ramble.store.headers import Status
from ramble.tracking.path import Path, Setting, Step, errors_beyond, normalised_distance

BATCH = 128  # points evaluated, or segments certified, at a time


@dataclass(frozen=True)
class _Kept:
    """A polyline whose segments are all certified, with less than the margin asked for."""

    points: Tensor  # (T, P)
    found: Evaluation  # (T,), at the points
    margin: float  # the smallest on its segments
    wanted: float


class Strand:
    """The polyline of one chain, from W_a to W_b at any time.

    Args:
        setting: of this chain alone, B = 1.
        evaluations: spent on this chain before the first look.
    """

    def __init__(self, setting: Setting, evaluations: int = 0) -> None:
        self.setting, self.evaluations = setting, evaluations
        self.steps: list[Step] = []
        self.arrived = False
        self.missed: _Kept | None = None
        self._lacking: tuple[float, float] | None = None  # the margin seen and the one wanted, where no error was seen
        self._unsure = False  # no error was seen, but some may hide between the points
        self.certificate_evaluations = 0

    def look(
        self,
        points: Tensor,
        found: Evaluation,
        eta: float,
        gradients: int,
        rows: Sequence[int] | None = None,
        evaluated: int | None = None,
    ) -> bool:
        """Take the polyline after a round of training, add its row to the table, and tell whether all points lie in S.

        The row's t is the share of the points in S, its loss the mean over the points, its errors and
        margin those of the worst point; of the points looked at, where the look ended at one outside of S.

        Args:
            points: (T, P), the first is W_a and the last W_b to the bit.
            found: at the points looked at, (T,) or fewer.
            eta: rate of the training.
            gradients: spent on this chain so far.
            rows: of the points looked at, rising; all if none are given.
            evaluated: networks evaluated for it, where some of the points were known; all if it is not given.
        """
        self.points, self._lacking, self._unsure = points, None, False
        self.reconsider(found, rows)
        self.evaluations += len(found.errors) if evaluated is None else evaluated
        if self.looked_at_all:
            self.margin_of_ends = float(found.min_margins[[0, -1]].min())
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
        return bool(inside.all())

    def reconsider(self, found: Evaluation, rows: Sequence[int] | None = None) -> None:
        """Take what was found at points of the polyline, see `look`, for the sentence on it."""
        self._looked_at, self._found = (self.points if rows is None else self.points[list(rows)]), found

    @property
    def looked_at_all(self) -> bool:
        """Did the last look reach all points?"""
        return len(self._looked_at) == len(self.points)

    def certified(self, smallest: float, wanted: float, unsure: bool = False) -> None:
        """Take what is known of the polyline last looked at: it arrives with more than the margin wanted.

        One without errors that has less is kept, if no other had more; none of which a segment is unsure.
        """
        self.arrived, self._unsure = smallest > wanted, unsure
        if not self.arrived and smallest > 0:
            self.lacks(smallest, wanted)
        if not self.arrived and smallest > max(0.0, self.missed.margin if self.missed else 0.0):
            self.missed = _Kept(self.points, self._found, smallest, wanted)

    def lacks(self, smallest: float, wanted: float) -> None:
        """Take it that no error was seen on the polyline last looked at, but a margin smaller than the one wanted."""
        self._lacking = smallest, wanted

    def fall_back(self) -> None:
        """Arrive with the best polyline without errors, if there is one and none had the margin wanted."""
        if self.missed and not self.arrived:
            self.arrived, self.points = True, self.missed.points
            self._looked_at, self._found = self.missed.points, self.missed.found

    def refine(self, points: Tensor) -> None:
        """Store more points of the same polyline."""
        self.points = points

    def path(self) -> Path:
        """Return the polyline as it was last seen; t is the normalised distance of its points."""
        status = Status.ARRIVED if self.arrived else Status.STUCK
        points, t = self.points.cpu(), self._t(self.points)
        return Path(points, t, status, self._reason(), self.steps, hop_evaluations=self.certificate_evaluations)

    def _t(self, points: Tensor) -> Tensor:
        return normalised_distance(points.double(), self.setting.starts.double(), self.setting.ends.double()).cpu()

    def _reason(self) -> str:
        """Say whether the path is free of errors and, in any case, how low its loss is."""
        losses, errors = self._found.losses.cpu(), self._found.errors.cpu()
        heights = (
            f"loss {float(losses.mean()):.3g} on average and at most {float(losses.max()):.3g} along it, "
            f"{float(losses[0]):.3g} and {float(losses[-1]):.3g} at its ends"
        )
        if self.arrived and self.missed and self._found is self.missed.found:
            least = f"{self.missed.margin:.3g}, less than the {self.missed.wanted:.3g} asked for (margin_share)"
            return f"all {len(errors) - 1} segments hold, with a margin of {least}; {heights}"
        if self.arrived:
            return f"all {len(errors) - 1} segments hold; {heights}"
        worst, allowed = int(errors.argmax()), self.setting.problem.max_errors
        beyond, what = errors_beyond(allowed), not_a_path(allowed)
        if self._lacking:
            seen, wanted = self._lacking
            return (
                f"not a path yet: no {beyond} were seen, but a margin of {seen:.3g} where {wanted:.3g} is asked for "
                f"(margin_share); {heights}"
            )
        if self._unsure:
            return (
                f"not certified: no {beyond} were seen, but a margin comes too close to zero to rule them out "
                f"between points; {heights}"
            )
        if int(errors[worst]) <= allowed:
            return f"{what}: {beyond} between its points; {heights}"
        return (
            f"{what}: at most {int(errors[worst])} errors "
            f"(t = {float(self._t(self._looked_at)[worst]):.3f}), "
            f"{beyond} at {int((errors > allowed).sum())} of {len(errors)} points; {heights}"
        )


def not_a_path(max_errors: int) -> str:
    """Begin the sentence on a polyline that leaves S."""
    return f"not a path of at most {max_errors} errors" if max_errors else "not a zero-error path"


def evaluate_polylines(problem: Problem, polylines: list[Tensor], datasets: Tensor) -> list[Evaluation]:
    """Evaluate every point of B polylines (T_b, P) on the data sets (B,), all side by side; (T_b,) each."""
    lengths = [len(points) for points in polylines]
    owners = datasets.repeat_interleave(torch.tensor(lengths, device=datasets.device))
    found = stack(list(in_batches(problem, torch.cat(polylines), owners, "train", BATCH)))
    columns = (torch.split(column, lengths) for column in (found.losses, found.errors, found.min_margins))
    return [
        Evaluation(losses, errors, margins, found.max_errors) for losses, errors, margins in zip(*columns, strict=True)
    ]


def certify_strands(strands: list[Strand], resolution: float, margin_share: float = 0.0) -> None:
    """Let those strands arrive whose segments are all certified to lie in S; all segments side by side.

    Args:
        strands: of one problem, with all of their points in S.
        resolution: see `certify_segments`.
        margin_share: smallest margin asked for, as a share of the smaller one of both ends; a positive one leaves room
            between the points of a sampled certificate.
    """
    if not strands:
        return
    problem = strands[0].setting.problem
    counts = [len(strand.points) - 1 for strand in strands]
    starts = torch.cat([strand.points[:-1] for strand in strands])
    ends = torch.cat([strand.points[1:] for strand in strands])
    owners = torch.cat([strand.setting.datasets for strand in strands]).repeat_interleave(torch.tensor(counts))
    margins, tested, unsure = [], [], []
    for rows in torch.split(torch.arange(len(starts)), BATCH):
        # a proof, where there is one, comes once, for the finished path
        found = certify_segments(problem, starts[rows], ends[rows], owners[rows], resolution, sound=False)
        margins.append(found.min_margins.cpu())
        tested.append(found.tested.cpu())
        unsure.append(found.unsure.cpu())
    of_strands = (torch.split(torch.cat(column), counts) for column in (margins, tested, unsure))
    for strand, smallest, spent, open_ones in zip(strands, *of_strands, strict=True):
        least = float(smallest.min())
        # where another segment has an error, there is nothing to be unsure of
        strand.certified(least, margin_share * strand.margin_of_ends, unsure=not least < 0 and bool(open_ones.any()))
        strand.certificate_evaluations += int(spent.sum())


def with_points_between(points: Tensor, count: int) -> Tensor:
    """Return the polyline (T, P) with points put into its segments, evenly over its length, to about `count` in all."""
    lengths = (points[1:].double() - points[:-1].double()).norm(dim=1)
    pieces = (lengths / lengths.sum() * (count - 1)).round().clamp(min=1).long().tolist()
    filled = [
        torch.lerp(start.double(), end.double(), piece / number).to(points)
        for start, end, number in zip(points[:-1], points[1:], pieces, strict=True)
        for piece in range(number)
    ]
    return torch.stack([*filled, points[-1]])


def bend_gradients(gradients: Tensor, shares: Tensor) -> Tensor:
    """Return the gradients (..., S - 1, P) of a polygon's bends from those at one point of each of its S segments.

    A bend takes its share of the point before it and of the point behind it (chain rule).

    Args:
        gradients: (..., S, P).
        shares: (S, 1), where on its segment each point lies.
    """
    return gradients[..., :-1, :] * shares[:-1] + gradients[..., 1:, :] * (1 - shares[1:])


def with_middles(polygons: Tensor) -> Tensor:
    """Return the polygons (..., n, P) with a new bend in the middle of every segment, (..., 2 n - 1, P)."""
    middles = polygons[..., :-1, :] / 2 + polygons[..., 1:, :] / 2  # their sum might overflow
    pairs = torch.stack([polygons[..., :-1, :], middles], -2).flatten(-3, -2)
    return torch.cat([pairs, polygons[..., -1:, :]], -2)
