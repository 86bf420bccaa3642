"""Proof that a straight segment of a network's weights makes no error: lower bounds of all its margins.

The network is read as a graph (see `graph`), of operations that are known exactly (see `operations`). Where a bound is
not positive the piece is halved, for the samples concerned only. Where K samples may err, a piece is proven as soon as
no more than K of its samples are without a positive bound.

What was read is held against the network itself, as the problem builds and calls it. On every segment, at a random
point rounded to the weights' own format, the graph's logits of some random samples must equal the real ones in float64,
and the margins that `Problem.sample_margins` gives there in the weights' format. On every piece, at another random
point, the real differences of all its samples' logits must lie in the enclosure of the graph's. A network that is not
what its graph says is not proven.
"""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from ramble.certificates.affine import Form
from ramble.certificates.moving import MovingNetwork, smallest_ahead
from ramble.certificates.values import NotUnderstoodError
from ramble.problems.logits import inputs_in, logits_of
from ramble.problems.margins import membership_margins
from ramble.problems.network import NetworkProblem
from ramble.problems.problem import DOUBTFUL, Problem

# No proof is tried for more samples: one segment takes seconds for a hundred of them.
MOST_SAMPLES = 2000
# By how much the graph and a float64 forward pass may differ, as a share of the sample's largest logit: float64 rounds
# to 1e-16, and a network wide and deep enough to lose six digits of that may be left unproven.
AGREEMENT = 1e-9
# Samples of which graph and network are compared at a point, on every segment: what is read wrongly is wrong for most.
COMPARED = 10
# Samples evaluated at a time.
CHUNK = 500

_OBSTACLES: WeakKeyDictionary[Problem, str] = WeakKeyDictionary()


@dataclass(frozen=True)
class OpenPiece:
    """The part of a segment on which a proof could not decide some samples."""

    low: float  # as a share of the segment
    high: float
    samples: Tensor  # (m,)


@dataclass(frozen=True)
class SoundBound:
    """What the proof of one segment came to."""

    min_margin: float  # rigorous lower bound on the pieces that could be decided, of the (K + 1)-th smallest margin
    pieces: int  # pieces of the segment that were looked at
    reason: str  # why it is not proven; empty when all samples were decided on all pieces
    open_piece: OpenPiece | None = None  # where it is not, if that is why

    @property
    def proven(self) -> bool:
        """Were all pieces decided?"""
        return not self.reason


def obstacle(problem: Problem) -> str:
    """Return why no segment of this problem can be proven, naming the layer; empty where a proof can be tried."""
    if not isinstance(problem, NetworkProblem):
        return f"{type(problem).__name__} is no NetworkProblem, whose network could be read"
    if problem.following:
        return "statistics of batch norm are measured anew at every point, and do not move straight along a segment"
    if problem.n_samples > MOST_SAMPLES:
        return f"{problem.n_samples} training samples; proofs are tried up to {MOST_SAMPLES}"
    if problem not in _OBSTACLES:
        inputs, labels = problem.data("train")
        nothing = torch.zeros(problem.n_weights, dtype=torch.float64, device=problem.device)
        try:
            MovingNetwork(problem, nothing, nothing).bounds(0.0, 1.0, inputs[:1], labels[:1])
            _OBSTACLES[problem] = ""
        except NotUnderstoodError as error:
            _OBSTACLES[problem] = str(error)
    return _OBSTACLES[problem]


def prove_segment(problem: Problem, start: Tensor, end: Tensor, resolution: float) -> SoundBound:
    """Bound the margins of all training samples, but for K at a time, from below on the segment from start to end (P,).

    Args:
        problem: one without an `obstacle`.
        start: weights at t = 0.
        end: weights at t = 1.
        resolution: pieces down to this share of the segment are tried before giving up.

    Returns:
        The smallest lower bound; the network is meant in exact arithmetic, in evaluation mode, on its training inputs
        as they are stored.
    """
    assert isinstance(problem, NetworkProblem)
    real = _RealNetwork(problem, start, end)
    try:
        network = MovingNetwork(problem, start, end)
        if found := real.disagreement_at_a_point():
            return SoundBound(torch.inf, 0, found)
        return _bisect(network, real, resolution, problem.max_errors)
    except NotUnderstoodError as error:
        return SoundBound(torch.inf, 0, str(error))


def _bisect(network: MovingNetwork, real: "_RealNetwork", resolution: float, allowed: int) -> SoundBound:
    inputs, labels = real.inputs, real.labels
    every = torch.arange(len(labels), device=labels.device)
    # with the lower bounds (M,) known on each piece, of which those of samples that are not decided are minus infinity
    pending = [(0.0, 1.0, every, torch.full(every.shape, -torch.inf, dtype=torch.float64, device=labels.device))]
    smallest, pieces = torch.inf, 0
    while pending:
        low, high, samples, known = pending.pop()
        differences = network.differences(low, high, inputs[samples], labels[samples])
        pieces += 1
        if found := real.disagreement_on(low, high, samples, differences):
            return SoundBound(smallest, pieces, found)
        bounds = smallest_ahead(differences.lower, labels[samples])
        decided = bounds > 0
        rest = samples[~decided]
        known = known.index_copy(0, samples[decided], bounds[decided])
        if len(rest) <= allowed:
            smallest = min(smallest, float(membership_margins(known, allowed)))
            continue
        if high - low <= resolution:
            reason = _undecided(rest, allowed, low, high, resolution)
            return SoundBound(smallest, pieces, reason, OpenPiece(low, high, rest))
        middle = (low + high) / 2
        pending += [(middle, high, rest, known), (low, middle, rest, known)]
    return SoundBound(smallest, pieces, "")


def _undecided(rest: Tensor, allowed: int, low: float, high: float, resolution: float) -> str:
    margin = f"the margin of training sample {int(rest[0])}"
    if allowed:
        others = "" if len(rest) == 2 else "s"
        margin += f" and those of {len(rest) - 1} other{others}, where {allowed} may err,"
    return (
        f"{margin} could not be bounded away from zero on t in [{low:.6g}, {high:.6g}], the finest piece that the "
        f"resolution {resolution:.6g} allows"
    )


class _RealNetwork:
    """The network as the problem builds and calls it, at random points of a segment from start to end (P,)."""

    def __init__(self, problem: NetworkProblem, start: Tensor, end: Tensor) -> None:
        self._problem = problem
        self._start, self._end = start.to(problem.device), end.to(problem.device)
        self._random = torch.Generator().manual_seed(0)
        self.inputs, self.labels = problem.data("train")

    def disagreement_at_a_point(self) -> str:
        """Return how the graph's logits differ from the network's at a random point, empty where they do not."""
        t = self._share()
        weights = torch.lerp(self._start, self._end, t)
        samples = torch.randperm(len(self.labels), generator=self._random)[:COMPARED].to(self._problem.device)
        labels = self.labels[samples]
        graph = MovingNetwork(self._problem, weights, weights).differences(0.0, 0.0, self.inputs[samples], labels)
        differences, scale = self._differences(weights.double(), samples)
        if found := _outside(graph, 0.0, samples, differences, scale):
            return f"at t = {t:.6g} {found}"
        own = self._problem.sample_margins(weights[None], torch.zeros(1, dtype=torch.long))[0, samples]
        tolerance = DOUBTFUL if weights.dtype == torch.float32 else AGREEMENT
        off = (own - smallest_ahead(graph.centre, labels)).abs() - tolerance * scale
        if bool((off <= 0).all()):
            return ""
        worst = int(off.nan_to_num(torch.inf).argmax())
        return (
            f"at t = {t:.6g} the margin of training sample {int(samples[worst])} in {weights.dtype} is not that of the "
            "network's graph"
        )

    def disagreement_on(self, low: float, high: float, samples: Tensor, enclosure: Form) -> str:
        """Return how real differences of logits lie outside their enclosure at a random point, or nothing."""
        share = self._share()
        t = low + share * (high - low)
        weights = torch.lerp(self._start.double(), self._end.double(), t)
        found = _outside(enclosure, 2 * share - 1, samples, *self._differences(weights, samples))
        return found and f"at t = {t:.6g} {found}"

    def _share(self) -> float:
        return float(torch.rand((), generator=self._random, dtype=torch.float64))

    @torch.no_grad()
    def _differences(self, weights: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        """Return the true class's logit minus that of each class (M, C), and the largest logits' sizes (M,)."""
        network, labels = self._problem.network(weights), self.labels[samples]
        chunks = torch.split(self.inputs[samples], CHUNK)
        logits = torch.cat([logits_of(network, inputs_in(chunk, torch.float64)) for chunk in chunks])
        return logits.gather(1, labels.unsqueeze(1)) - logits, logits.abs().amax(1)


def _outside(enclosure: Form, tau: float, samples: Tensor, found: Tensor, scale: Tensor) -> str:
    """Say which sample's differences of logits, found at tau, lie outside of their enclosure by more than rounding."""
    off = (found - (enclosure.centre + tau * enclosure.slope)).abs() - enclosure.radius - AGREEMENT * scale.unsqueeze(1)
    if bool((off <= 0).all()):
        return ""
    worst = int(off.nan_to_num(torch.inf).amax(1).argmax())
    return f"the logits of training sample {int(samples[worst])} are not those of the network's graph"
