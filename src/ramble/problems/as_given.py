"""How far the network that is walked is from the one that a checkpoint holds.

The two are one up to rounding, folded batch norm included; where they are not, weights moved into a copy do not make
the network that was given, and it is refused. Where statistics of batch norm are re-estimated they are another network:
its statistics are not the running averages that training left, and its errors may be others.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ramble.errors import RambleError
from ramble.problems.logits import inputs_in, logits_of
from ramble.problems.margins import margins
from ramble.problems.network import NetworkProblem
from ramble.problems.problem import DOUBTFUL
from ramble.problems.skeleton import load
from ramble.problems.trial import first_line

BATCH = 250  # inputs evaluated at a time


@dataclass(frozen=True)
class Departure:
    """What becomes of a checkpoint's network, on the training set."""

    largest_difference: float  # of a logit
    largest_logit: float  # of the given network: what the difference is to be held against
    errors_given: int  # misclassified training samples of the given network; a tie counts
    errors_walked: int  # of the network that is walked
    min_margin_given: float
    min_margin_walked: float

    def __str__(self) -> str:
        """Return it as one sentence."""
        return (
            f"logits differ from the given network's by {self.largest_difference:.3g} at most (the largest is "
            f"{self.largest_logit:.3g}), training errors {self.errors_given} given and {self.errors_walked} walked, "
            f"smallest margin {self.min_margin_given:.3g} given and {self.min_margin_walked:.3g} walked"
        )


def loaded(problem: NetworkProblem, state: Mapping[str, Tensor]) -> nn.Module:
    """Return the network of a state_dict as PyTorch loads it, batch norm unfolded.

    Raises:
        RambleError: the state_dict is none of the network as it is built.
    """
    network = problem.as_built()
    try:
        load(network, state)
    except RuntimeError as error:  # one that was folded before
        raise RambleError(f"is no state_dict of the network as it is built ({str(error).splitlines()[0]})") from None
    return network


@torch.no_grad()
def departure(problem: NetworkProblem, weights: Tensor, network: nn.Module) -> Departure:
    """Compare a network, as it is given, with the one that is walked.

    Args:
        problem: with its training set.
        weights: of the network in the problem (P,).
        network: the network; it is run where it is, in evaluation mode, and left as it was.

    Raises:
        RambleError: it fails on the training inputs, or its logits are others than those at its weights, which only
            re-estimated statistics may make them.
    """
    inputs, labels = problem.data("train")
    before = _logits(network, inputs).to(problem.device, problem.dtype)
    after = problem.outputs(weights.unsqueeze(0).to(problem.device), torch.zeros(1, dtype=torch.long))[0]
    if before.shape != after.shape:
        raise RambleError(
            f"returns logits of the shape {tuple(before.shape)}, and the network of this study {tuple(after.shape)}; "
            "give networks of one make"
        )
    margins_before, margins_after = margins(before, labels), margins(after, labels)
    found = Departure(
        largest_difference=float((before - after).abs().max()),
        largest_logit=float(before.abs().max()),
        errors_given=int((~(margins_before > 0)).sum()),
        errors_walked=int((~(margins_after > 0)).sum()),
        min_margin_given=float(margins_before.min()),
        min_margin_walked=float(margins_after.min()),
    )
    if problem.batch_norm != "reestimate" and not found.largest_difference <= DOUBTFUL * found.largest_logit:
        raise RambleError(f"would be walked as another network: {found}; {_remedy(problem)}")
    return found


def _logits(network: nn.Module, inputs: Tensor) -> Tensor:
    """Return the logits (M, C) of a network wherever it is, of inputs (M, ...)."""
    plain = getattr(network, "_orig_mod", network)  # of torch.compile, which compiles for minutes
    own = next(value for value in plain.parameters() if value.is_floating_point())
    with _evaluated(plain):
        try:
            # in the usual order in memory: the problem's own may be one that the given network was never run in
            chunks = [inputs_in(some, own.dtype).to(own.device).contiguous() for some in torch.split(inputs, BATCH)]
            return torch.cat([logits_of(plain, chunk) for chunk in chunks])
        except Exception as error:  # whatever a user's forward pass says
            raise RambleError(
                f"fails on the training inputs: {first_line(error)}; give a network that takes them"
            ) from error


@contextmanager
def _evaluated(network: nn.Module) -> Iterator[None]:
    """Put a network into evaluation mode inside, and each of its modules back into its own."""
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


def _remedy(problem: NetworkProblem) -> str:
    if problem.batch_norm == "fold":
        return "batch norm cannot be folded here; give batch_norm='reestimate'"
    return (
        "it is of another make than the network named beside it (an activation, a setting), or more than its "
        "state_dict (a hook on loading, a weight kept elsewhere); name what builds this very network"
    )
