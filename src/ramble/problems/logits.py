"""What a network says of its inputs, in the one form that the rest of the package knows: logits (M, C), C >= 2."""

import torch
from torch import Tensor, nn


def logits_of(network: nn.Module, inputs: Tensor) -> Tensor:
    """Return the logits (M, C) of inputs (M, ...).

    A binary network has a single logit z, as (M, 1) or (M,): it stands for the two logits (0, z) of the classes 0 and
    1, whose cross-entropy is the binary cross-entropy of z and whose margin is z or -z.
    """
    return as_logits(network(inputs))


def as_logits(outputs: Tensor) -> Tensor:
    """Return a network's outputs (M, C), (M, 1) or (M,) as logits (M, C), C >= 2."""
    if outputs.dim() == 1:
        outputs = outputs.unsqueeze(1)
    if outputs.shape[1] == 1:
        outputs = torch.cat([torch.zeros_like(outputs), outputs], dim=1)
    return outputs


def inputs_in(inputs: Tensor, dtype: torch.dtype) -> Tensor:
    """Return inputs (M, ...) in the dtype of the weights; whole numbers, as an embedding takes them, stay whole."""
    return inputs.to(dtype) if inputs.is_floating_point() else inputs
