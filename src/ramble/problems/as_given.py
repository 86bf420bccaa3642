"""How far the network that is walked is from the one that a checkpoint holds.

Where batch norm is folded the two are one up to rounding. Where its statistics are re-estimated they are another
network: its statistics are not the running averages that training left, and its errors may be others.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ramble.errors import RambleError
from ramble.problems.logits import inputs_in, logits_of
from ramble.problems.margins import margins
from ramble.problems.network import NetworkProblem

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


@torch.no_grad()
def departure(problem: NetworkProblem, state: Mapping[str, Tensor]) -> Departure:
    """Compare the network of a state_dict, as it is given, with the one at its weights in a problem.

    Raises:
        RambleError: the state_dict is none of this problem's network; see `NetworkProblem.weights_of`.
    """
    weights = problem.weights_of(state).to(problem.device)
    network = problem.as_built()
    try:
        network.load_state_dict(state)
    except RuntimeError as error:  # one that was folded before
        raise RambleError(f"is no state_dict of the network as it is built ({str(error).splitlines()[0]})") from None
    inputs, labels = problem.data("train")
    given = torch.cat([logits_of(network, inputs_in(own, problem.dtype)) for own in torch.split(inputs, BATCH)])
    walked = problem.outputs(weights.unsqueeze(0), torch.zeros(1, dtype=torch.long))[0]
    before, after = margins(given, labels), margins(walked, labels)
    return Departure(
        largest_difference=float((given - walked).abs().max()),
        largest_logit=float(given.abs().max()),
        errors_given=int((~(before > 0)).sum()),
        errors_walked=int((~(after > 0)).sum()),
        min_margin_given=float(before.min()),
        min_margin_walked=float(after.min()),
    )
