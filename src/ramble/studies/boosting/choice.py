"""What a network is chosen by, and what it is judged by: the errors of averaged predictions on one split."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ramble.errors import RambleError
from ramble.problems.network import NetworkProblem
from ramble.problems.problem import Split
from ramble.store.progress import Progress


@dataclass(frozen=True)
class Candidate:
    """Networks that predict together; most often it is a single one."""

    name: str  # where they come from: "point 12"
    weights: Tensor  # (k, P)


@dataclass(frozen=True)
class Score:
    """How a candidate does on one split."""

    wrong: Tensor  # (M,) bool, the samples it misclassifies; a tie counts
    loss: float  # mean negative logarithm of the true class's probability

    @property
    def errors(self) -> int:
        """Misclassified samples."""
        return int(self.wrong.sum())


@dataclass(frozen=True)
class Chosen:
    """The candidate that did best on the validation split."""

    candidate: Candidate
    validation: Score
    candidates: int  # how many it was chosen from


def probabilities(problem: NetworkProblem, weights: Tensor, split: Split) -> Tensor:
    """Return the mean (M, C) of the class probabilities of networks (k, P), float64.

    In float64 two classes come out alike only where their float32 logits are.
    """
    dataset = torch.zeros(1, dtype=torch.long)
    total = torch.zeros((), dtype=torch.float64, device=problem.device)
    for row in weights.to(problem.device):
        (logits,) = problem.outputs(row[None], dataset, split)
        total = total + logits.double().softmax(-1)
    return total / len(weights)


def score(problem: NetworkProblem, candidate: Candidate, split: Split) -> Score:
    """Let a candidate predict the samples of a split."""
    predicted = probabilities(problem, candidate.weights, split)
    (labels,) = problem.labels(torch.zeros(1, dtype=torch.long), split)
    true = predicted.gather(1, labels[:, None]).squeeze(1)
    largest_other = predicted.scatter(1, labels[:, None], -torch.inf).amax(1)
    # not `<=`: networks whose outputs overflowed classify nothing
    return Score((~(true > largest_other)).cpu(), float(-true.log().mean()))


def choose(problem: NetworkProblem, candidates: Sequence[Candidate], progress: Progress) -> Chosen:
    """Return the candidate with the fewest validation errors; of equals that with the lowest loss, then the first.

    The bar advances by one per candidate.

    Raises:
        RambleError: the problem has no validation split.
    """
    if "validation" not in problem.splits:
        raise RambleError(
            "boosting: the data have no validation images, and the test set must not choose; let the data maker return "
            "some (mnist_images: data.arguments.validation)."
        )
    found = []
    for candidate in candidates:
        found.append(Chosen(candidate, score(problem, candidate, "validation"), len(candidates)))
        progress.advance(1, choosing=candidate.name)
    return min(found, key=lambda chosen: (chosen.validation.errors, _finite(chosen.validation.loss)))


def _finite(loss: float) -> float:
    """Order a loss that is not a number behind all others."""
    return loss if loss == loss else float("inf")
