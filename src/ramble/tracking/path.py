"""What every tracker returns, and what every tracker needs on the way."""

from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from ramble.problems.problem import Problem
from ramble.store.headers import Ending, Status


@dataclass(frozen=True)
class Step:
    """One row of a path's table: the state after one step of the tracker."""

    step: int
    t: float
    train_loss: float
    train_errors: int
    min_margin: float  # that decides membership in S
    accepted: bool  # was the elastic move kept?
    gamma: float
    eta: float
    gradients: int  # so far
    evaluations: int  # membership tests so far


@dataclass(frozen=True)
class Path(Ending):
    """The walk of one chain."""

    points: (
        Tensor  # (T, P) float32 on the CPU; points[0] is W_a, and points[-1] is W_b (see `end_order`) when it arrived
    )
    t: Tensor  # (T,) float64, normalised distance of each point
    status: Status
    reason: str
    steps: list[Step] = field(repr=False)
    hop_evaluations: int = 0  # membership tests spent on last hops
    certificate: str = "none"  # of the polygon through the points: "exact", "sound", "sampled", or "none"
    certificate_reason: str = ""  # why it is not proven, naming the layer or the segment; empty when it is
    certified_segments: int = 0  # of them, from the start
    min_margin: float = float("nan")  # smallest on the segments looked at: lower bound, or found when sampled
    certificate_points: int = 0  # networks evaluated for the certificate
    certificate_resolution: float = float("nan")  # shortest piece that a proof was tried on, as a share of its segment
    end_order: Tensor | None = None  # (P,) int64, where the last point is W_b[end_order]: W_b with its units reordered

    @property
    def relative_length(self) -> float:
        """Length of the polygon through the points over the distance between its ends; 1 where it is one point."""
        exact = self.points.double()
        if len(exact) == 1:
            return 1.0
        return float(exact.diff(dim=0).norm(dim=1).sum() / (exact[-1] - exact[0]).norm())

    @property
    def gradients(self) -> int:
        """Gradients spent."""
        return self.steps[-1].gradients if self.steps else 0

    @property
    def evaluations(self) -> int:
        """Membership tests spent."""
        return (self.steps[-1].evaluations if self.steps else 0) + self.hop_evaluations


def errors_beyond(max_errors: int) -> str:
    """Say which errors a network outside of S makes."""
    return f"more than {max_errors} error{'s' * (max_errors > 1)}" if max_errors else "errors"


def normalised_distance(weights: Tensor, starts: Tensor, ends: Tensor) -> Tensor:
    """Return t = 1 - |W_b - W_x| / |W_b - W_a| (B,), float64: 0 at W_a and 1 at W_b."""
    weights, starts, ends = weights.double(), starts.double(), ends.double()
    left, whole = torch.linalg.vector_norm(ends - weights, dim=1), torch.linalg.vector_norm(ends - starts, dim=1)
    t: Tensor = 1 - left / whole
    return t


class NormRule:
    """Rescales every layer to the norm that Algorithm 1 prescribes (section 2.2).

    n_l = |W_b| - (|W_b| - |W_a|) / |W_b - W_a| * |W_b - W_x|, Frobenius norms of layer l: a linear interpolation of
    the norms in the distance to W_b. The distance is clamped to the initial one; beyond it the printed formula
    would leave [|W_a|, |W_b|] and blow up.

    Args:
        problem: for its layers.
        starts: W_a (B, P).
        ends: W_b (B, P).
    """

    def __init__(self, problem: Problem, starts: Tensor, ends: Tensor) -> None:
        self._problem, self._ends = problem, ends
        self._start_norms, self._end_norms, self._distances = map(self._norms, (starts, ends, ends - starts))

    def __call__(self, weights: Tensor) -> Tensor:
        """Return the weights W_x (B, P) rescaled; layers of norm zero stay as they are."""
        norms = self._norms(weights)
        # two ends that share a layer have one norm for it, whatever the ratio
        shares = (self._norms(self._ends - weights) / self._distances).nan_to_num(0.0, posinf=1.0).clamp(max=1.0)
        wanted = self._end_norms - (self._end_norms - self._start_norms) * shares
        factors = torch.where(norms > 0, wanted / norms, torch.ones_like(norms))
        scaled = torch.empty_like(weights)
        for layer, factor in zip(self._problem.layers, factors, strict=True):
            torch.mul(weights[:, layer.columns], factor.unsqueeze(1), out=scaled[:, layer.columns])
        return scaled

    def _norms(self, weights: Tensor) -> Tensor:
        """Return the norms (L, B) of the layers of B networks; squares of large weights may overflow, norms may not."""
        parts = [weights[:, layer.columns] for layer in self._problem.layers]
        norms = torch.stack([torch.linalg.vector_norm(part, dim=1) for part in parts])
        if bool(torch.isfinite(norms).all()):
            return norms
        return torch.stack([torch.linalg.vector_norm(part.double(), dim=1) for part in parts]).to(weights.dtype)


@dataclass(frozen=True)
class Setting:
    """Everything that does not change while B chains are tracked."""

    problem: Problem
    starts: Tensor  # W_a (B, P)
    ends: Tensor  # W_b (B, P)
    datasets: Tensor  # (B,)

    @cached_property
    def norm_rule(self) -> NormRule:
        """Rescales the layers of networks between the ends."""
        return NormRule(self.problem, self.starts, self.ends)

    def select(self, rows: Tensor) -> "Setting":
        """Return the setting of some of the chains only."""
        return Setting(self.problem, self.starts[rows], self.ends[rows], self.datasets[rows])


class Walk:
    """The growing path of one chain.

    Args:
        start: W_a (P,).
        stored_points: about how many points are kept, evenly spread in t.
        max_errors: of a point in S.
    """

    def __init__(self, start: Tensor, stored_points: int, max_errors: int = 0) -> None:
        self.points = [start.cpu()]
        self.times = [0.0]
        self.steps: list[Step] = []
        self.status: Status | None = None
        self.reason = ""
        self.hop_evaluations = 0
        self.last = start
        self._spacing, self._max_errors = 1 / stored_points, max_errors

    @property
    def t(self) -> float:
        """Where the walk is."""
        return self.steps[-1].t

    def add(self, step: Step, weights: Tensor) -> None:
        """Take the state after a step; its weights (P,) are kept when t has risen by the spacing."""
        self.steps.append(step)
        self.last = weights
        if step.t - self.times[-1] >= self._spacing and step.train_errors <= self._max_errors:
            self._keep(weights)

    def gain(self, steps: int) -> float:
        """Return by how much t rose in the last `steps` steps, infinity while the walk is younger."""
        return self.t - self.steps[-1 - steps].t if len(self.steps) > steps else float("inf")

    def arrive(self, weights: Tensor, end: Tensor, kind: str) -> None:
        """End the walk with the certified hop to W_b."""
        self._keep_last(weights)
        self.points.append(end.cpu())
        self.times.append(1.0)
        self.end(Status.ARRIVED, f"straight hop from t = {self.t:.4f} certified ({kind})")

    def end(self, status: Status, reason: str) -> None:
        """End the walk; the stored path reaches to where it stood, unless that is outside S."""
        if status in (Status.STUCK, Status.OUT_OF_BUDGET):
            self._keep_last(self.last)
        self.status, self.reason = status, reason

    def _keep_last(self, weights: Tensor) -> None:
        if not torch.equal(weights.cpu(), self.points[-1]):
            self._keep(weights)

    def _keep(self, weights: Tensor) -> None:
        self.points.append(weights.cpu())
        self.times.append(self.t)

    def path(self) -> Path:
        """Return the finished path."""
        assert self.status is not None
        times = torch.tensor(self.times, dtype=torch.float64)
        return Path(
            torch.stack(self.points),
            times,
            self.status,
            self.reason,
            self.steps,
            self.hop_evaluations,
        )
