"""The order in memory of images, in which a network is evaluated."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ramble.problems.logits import as_logits, inputs_in
from ramble.problems.skeleton import Skeleton
from ramble.problems.trial import FEW, ROUNDING, shaken

if TYPE_CHECKING:
    from ramble.problems.network import NetworkProblem


def channels_last(inputs: Tensor) -> Tensor:
    """Return images (M, C, H, W) with the channels innermost in memory, everything else as it is.

    Pooling and convolutions then run vectorised: a gradient of LeNet5 takes a quarter less time on a CPU. `.to` would
    change nothing for one channel, whose strides fit both orders.
    """
    if inputs.dim() != 4:
        return inputs
    return torch.empty_like(inputs, memory_format=torch.channels_last).copy_(inputs)


def takes_channels_last(problem: "NetworkProblem", skeleton: Skeleton, inputs: Tensor) -> bool:
    """Tell whether a network gives what it should where the channels of images (M, C, H, W) are innermost in memory.

    Convolutions are faster so. But `view` fails on such inputs, and what goes by strides would read other numbers.
    """
    if inputs.dim() != 4:
        return False
    with torch.no_grad():
        initial = problem.initial_weights(torch.Generator().manual_seed(0)).to(problem.device)
        network = skeleton.fresh(problem.unflatten(shaken(initial, problem).double()))
        few = inputs_in(inputs[:FEW].to(problem.device), torch.float64).contiguous()
        try:
            plain, other = (as_logits(network(own.clone())) for own in (few, channels_last(few)))
        except Exception:  # what else is wrong with the network is found by the other trials
            return False
        return torch.allclose(plain, other, rtol=0, atol=ROUNDING * float(plain.abs().nan_to_num().max()))
