"""The interface behind which every network and data set hides.

A problem is D training sets that share one network. Weights are flat: the trainable tensors in state_dict order, each
once. They always come in batches of B *chains*: `weights` (B, P) with `datasets` (B,), the training set of each chain.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import torch
from torch import Tensor

from ramble.errors import RambleError
from ramble.problems.contents import same
from ramble.problems.losses import CROSS_ENTROPY, Loss
from ramble.problems.margins import margins, membership_margins
from ramble.settings import check_errors

Split = Literal["train", "validation", "test"]

# A float32 margin closer to zero than this share of the largest output is decided again in float64.
# Rounding of a float32 forward pass stays below 1e-5 of it for the depths and widths met here.
DOUBTFUL = 1e-4

# Samples evaluated between two moves of a progress bar, or one network where it has more of them.
VISIBLE = 10_000


@dataclass(frozen=True)
class Evaluation:
    """How B networks do on their data sets."""

    losses: Tensor  # (B,) mean loss
    errors: Tensor  # (B,) int64, misclassified samples; a tie counts
    min_margins: Tensor  # (B,) smallest margin over the samples, but for the `max_errors` smallest ones
    max_errors: int = 0  # K, errors that a solution may make

    @property
    def in_solution_space(self) -> Tensor:
        """(B,) bool: at most K errors."""
        return self.errors <= self.max_errors


@dataclass(frozen=True)
class Layer:
    """One layer of the network: the weights that the norm rule rescales together."""

    name: str
    columns: slice  # of the flat weights


@dataclass(frozen=True)
class Unavoidable:
    """Training errors that every network makes, because two samples contradict each other."""

    count: int
    why: str  # which two


class Problem(ABC):
    """D training sets that share one network; see the module's text for the shapes."""

    shapes: dict[str, tuple[int, ...]]  # of the network's trainable tensors, in state_dict order
    dtype: torch.dtype = torch.float32  # of weights as they are drawn and stored
    loss: Loss = CROSS_ENTROPY
    layers: tuple[Layer, ...]
    n_datasets: int
    numbers: Sequence[int] | None = None  # of the training sets in their files' names, where these are not 0, 1, ..
    splits: tuple[Split, ...]
    metadata: dict[str, object]  # what a stranger needs to feed the network
    device: torch.device
    max_errors: int = 0  # K: S holds the networks with at most K training errors, and no training set is larger
    unavoidable: Unavoidable | None = None  # training errors that every network makes

    @abstractmethod
    def outputs(self, weights: Tensor, datasets: Tensor, split: Split = "train") -> Tensor:
        """Return the outputs (B, M) or (B, M, C) of B networks, in the dtype of `weights`."""

    @abstractmethod
    def labels(self, datasets: Tensor, split: Split = "train") -> Tensor:
        """Return the labels (B, M): +-1.0 for a binary network, int64 classes otherwise."""

    @abstractmethod
    def gradients(self, weights: Tensor, datasets: Tensor, output_gain: float = 1.0) -> tuple[Tensor, Tensor]:
        """Return mean training losses (B,) and their gradients (B, P)."""

    @abstractmethod
    def initial_weights(self, random: torch.Generator) -> Tensor:
        """Draw one network's initial weights (P,), in the problem's dtype on the CPU."""

    def allow_errors(self, max_errors: float) -> None:
        """Let networks be solutions that make some training errors: so many, or such a share of the training set.

        Membership in S is then decided by the (K + 1)-th smallest training margin, here and in all certificates.

        Raises:
            RambleError: it is neither a whole number nor a share below 1, comes to all training samples, or to fewer
                than every network misclassifies, since equal inputs have different labels.
        """
        samples = self.labels(torch.zeros(1, dtype=torch.long)).shape[1]
        self.max_errors = allowed_errors(max_errors, samples)
        self.refuse_unavoidable()

    def refuse_unavoidable(self) -> None:
        """Raise RambleError where every network makes more training errors than are allowed."""
        found = self.unavoidable
        if found and found.count > self.max_errors:
            errors = f"{found.count} error{'s' * (found.count > 1)}"
            raise RambleError(
                f"{found.why}, so every network makes at least {errors}; remove one of the two, or allow as many "
                f"(max_errors = {found.count})."
            )

    @property
    def following(self) -> frozenset[str]:
        """Names in the state_dict of what follows from the weights: no constants."""
        return frozenset()

    @property
    def n_weights(self) -> int:
        """P, the number of weights."""
        return sum(torch.Size(shape).numel() for shape in self.shapes.values())

    def flatten(self, state: Mapping[str, Tensor]) -> Tensor:
        """Return the trainable tensors of a state_dict as flat weights (P,)."""
        return torch.cat([state[name].reshape(-1) for name in self.shapes])

    def unflatten(self, weights: Tensor) -> dict[str, Tensor]:
        """Return flat weights (..., P) as trainable tensors (..., *shape) by their first names."""
        parts = torch.split(weights, [torch.Size(shape).numel() for shape in self.shapes.values()], dim=-1)
        return {
            name: part.reshape((*weights.shape[:-1], *shape))
            for part, (name, shape) in zip(parts, self.shapes.items(), strict=True)
        }

    def state_dict(self, weights: Tensor) -> dict[str, Tensor]:
        """Return flat weights (P,) as the network's whole state_dict, no two tensors in the same memory."""
        return {name: value.detach().clone() for name, value in self.unflatten(weights).items()}

    def weights_of(self, state: Mapping[str, Tensor]) -> Tensor:
        """Return the flat weights (P,) of a whole state_dict.

        Raises:
            RambleError: it is none of this problem's network: other names, shapes or dtypes, or another value of what
                is the same in all of its networks (frozen weights, constants, tied weights under both names).
        """
        expected = self.state_dict(torch.zeros(self.n_weights, dtype=self.dtype))
        forms, wanted = ({name: tuple(value.shape) for name, value in each.items()} for each in (state, expected))
        if forms != wanted:
            raise RambleError(f"holds {forms}, the network of this study has {wanted}")
        weights = self.flatten(state)
        if weights.dtype != self.dtype:
            raise RambleError(f"holds weights in {weights.dtype}, those of the network of this study are {self.dtype}")
        for name, value in self.state_dict(weights).items():
            if name not in self.following and not same(value.cpu(), state[name].cpu()):
                raise RambleError(
                    f"holds another '{name}' than the network of this study, which keeps it constant, or has it under "
                    "two names"
                )
        return weights

    def evaluate(self, weights: Tensor, datasets: Tensor, split: Split = "train") -> Evaluation:
        """Return losses, errors and smallest margins of B networks; on the training set those that decide membership.

        Where float32 leaves it open whether a training margin is positive, that network is evaluated again in float64:
        training errors decide membership, test errors are a statistic.
        """
        return self.examine(weights, datasets, split)[0]

    @torch.no_grad()
    def examine(self, weights: Tensor, datasets: Tensor, split: Split = "train") -> tuple[Evaluation, Tensor]:
        """Return the evaluation of `evaluate`, and the margins (B, M) of all samples, float64."""
        outputs, labels = self.outputs(weights, datasets, split), self.labels(datasets, split)
        sample_margins = margins(outputs, labels).double()
        if split == "train":
            sample_margins = self._decided(sample_margins, outputs, weights, datasets)
        max_errors = self.max_errors if split == "train" else 0
        errors = (~(sample_margins > 0)).sum(-1)
        smallest = membership_margins(sample_margins, max_errors).to(weights.dtype)
        losses = self.loss.mean(outputs, labels)
        # a network whose outputs overflowed classifies nothing
        broken = ~torch.isfinite(losses)
        errors = torch.where(broken, torch.full_like(errors, sample_margins.shape[-1]), errors)
        return Evaluation(losses, errors, smallest, max_errors), sample_margins

    @torch.no_grad()
    def sample_margins(self, weights: Tensor, datasets: Tensor) -> Tensor:
        """Return the training margins (B, M), float64; computed in float64 where float32 leaves a sign open."""
        outputs = self.outputs(weights, datasets)
        return self._decided(margins(outputs, self.labels(datasets)).double(), outputs, weights, datasets)

    def margins_on(self, weights: Tensor, datasets: Tensor, samples: Tensor) -> Tensor:
        """Return the margins (m,) of one network (1, P) on some training samples (m,) of its set (1,), float64."""
        return self.sample_margins(weights, datasets)[0, samples]

    def largest_inputs(self, count: int) -> Tensor:
        """Return the training samples (m,) with the largest inputs, where inputs are numbers of any size."""
        return torch.zeros(0, dtype=torch.long)

    @torch.no_grad()
    def rounding_share(self, weights: Tensor, datasets: Tensor, samples: Tensor) -> float:
        """Return how far the outputs of a float32 network (1, P) on training samples (m,) of its set (1,) are off.

        That is from float64's, as a share of the largest of these outputs; infinite where they are not finite.
        """
        plain, exact = (self.outputs(each, datasets)[0, samples] for each in (weights, weights.double()))
        return share_off(plain, exact)

    def _decided(self, sample_margins: Tensor, outputs: Tensor, weights: Tensor, datasets: Tensor) -> Tensor:
        """Compute training margins again in float64 for the networks of which float32 leaves one's sign open."""
        if weights.dtype == torch.float32:
            scale = outputs.flatten(1).abs().amax(1)
            doubtful = (sample_margins.abs().amin(-1) <= DOUBTFUL * scale).nonzero().squeeze(1)
            if len(doubtful):
                sure = self.sample_margins(weights[doubtful].double(), datasets[doubtful.to(datasets.device)])
                sample_margins[doubtful] = sure
        return sample_margins


def share_off(plain: Tensor, exact: Tensor) -> float:
    """Return the largest difference of outputs as a share of the largest, infinite where it is no number."""
    off, largest = float((plain.double() - exact).abs().max()), float(exact.abs().max())
    if off == 0:
        return 0.0
    return off / largest if largest > 0 and math.isfinite(off) else math.inf


def layers_of(shapes: dict[str, tuple[int, ...]]) -> tuple[Layer, ...]:
    """Group a state_dict's tensors by module: weight and bias of one module are one layer."""
    spans: dict[str, tuple[int, int]] = {}
    start = 0
    for name, shape in shapes.items():
        stop = start + torch.Size(shape).numel()
        module = name.rpartition(".")[0]
        spans[module] = (spans.get(module, (start, stop))[0], stop)
        start = stop
    return tuple(Layer(name or "weights", slice(*span)) for name, span in spans.items())


def visible_batch(problem: Problem, split: Split, most: int) -> int:
    """Return how many networks to evaluate at a time so that a progress bar moves: at most `most`, at least one."""
    samples = problem.labels(torch.zeros(1, dtype=torch.long), split).shape[1]
    return max(1, min(most, VISIBLE // max(1, samples)))


def in_batches(problem: Problem, weights: Tensor, datasets: Tensor, split: Split, size: int) -> Iterator[Evaluation]:
    """Evaluate many networks `size` at a time, so that memory stays bounded."""
    for rows in torch.split(torch.arange(len(weights)), size):
        yield problem.evaluate(weights[rows].to(problem.device), datasets[rows], split)


def stack(evaluations: Sequence[Evaluation]) -> Evaluation:
    """Join batches of evaluations."""
    return Evaluation(
        torch.cat([e.losses for e in evaluations]),
        torch.cat([e.errors for e in evaluations]),
        torch.cat([e.min_margins for e in evaluations]),
        evaluations[0].max_errors,
    )


def allowed_errors(max_errors: int | float, samples: int) -> int:
    """Return how many errors on so many training samples a number, or a share as params.yaml writes it, comes to.

    Raises:
        RambleError: it is neither a whole number nor a share below 1, or comes to all samples.
    """
    try:
        check_errors(max_errors)
    except ValueError as error:
        raise RambleError(f"max_errors: {error}.") from None
    # a share as it is written: 0.29 of 100 are 29
    allowed = int(Fraction(str(max_errors)) * samples) if isinstance(max_errors, float) else max_errors
    if allowed >= samples:
        raise RambleError(
            f"max_errors = {max_errors} allows all {samples} training samples to be misclassified, so every network "
            "would be a solution; give less."
        )
    return allowed


def place_of(problem: object, number: int) -> int:
    """Return the place among a problem's training sets of the one whose file has this number.

    Raises RambleError where the problem was not given that one.
    """
    numbers = getattr(problem, "numbers", None)
    if numbers is None:
        return number
    if number not in numbers:
        raise RambleError(f"data set {number} is not among those given, {', '.join(map(str, numbers))}; give its file.")
    return int(numbers.index(number))
