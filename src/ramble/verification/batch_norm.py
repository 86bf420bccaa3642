"""The network at some weights, for a check: with statistics of batch norm by torch's own training mode.

Shares with the problem only which training samples the statistics are those of, and the network as it was built.
"""

import torch
from torch import Tensor, nn

from ramble.problems.logits import inputs_in
from ramble.problems.network import NetworkProblem
from ramble.problems.reestimation import part_of


@torch.no_grad()
def network_at(problem: NetworkProblem, weights: Tensor) -> nn.Module:
    """Return the network at weights (P,), in their dtype and in evaluation mode.

    Statistics that follow the weights are measured in float32, by one pass with a momentum of 1; torch keeps variances
    divided by n - 1, and those of the part are divided by n.
    """
    if not problem.following:
        return problem.network(weights)
    network, own = problem.as_built().float(), problem.unflatten(weights.float())
    for name, value in network.named_parameters():
        if name in own:
            value.copy_(own[name])
    counts = _measure(network, problem)
    for norm, count in counts.items():
        assert isinstance(norm.running_var, Tensor)
        norm.running_var *= (count - 1) / count
    return network.eval().to(weights.dtype)


def _measure(network: nn.Module, problem: NetworkProblem) -> dict[nn.Module, int]:
    """Let layers whose statistics follow take those of the part; return how many numbers a channel had in each."""
    counts: dict[nn.Module, int] = {}

    def count(norm: nn.Module, given: tuple[Tensor, ...]) -> None:
        counts[norm] = given[0].numel() // given[0].shape[1]

    handles = []
    for name, module in network.named_modules():
        if f"{name}.running_mean".lstrip(".") in problem.following:
            module.train()
            module.momentum = 1.0
            handles.append(module.register_forward_pre_hook(count))
    inputs = problem.data("train")[0]
    network(inputs_in(inputs[part_of(inputs).to(inputs.device)], torch.float32))
    for handle in handles:
        handle.remove()
    return counts
