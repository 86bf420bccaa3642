"""Margin and loss from a network's outputs, binary and multi-class.

A binary network has one output z per sample and labels +-1; its class probability is
p = (1 + tanh z) / 2 = sigmoid(2 z). A multi-class network has one logit per class.
"""

import torch
from torch import Tensor
from torch.nn import functional


def margins(outputs: Tensor, labels: Tensor) -> Tensor:
    """Return the margin of every sample; a sample is correct when its margin is > 0, so a tie is an error.

    Args:
        outputs: (..., M) binary outputs z, or (..., M, C) logits.
        labels: broadcastable to (..., M); +-1 for binary outputs, class numbers for logits (integer dtype).

    Returns:
        (..., M): label * z, or the logit of the true class minus the largest other logit.
    """
    if not _is_multiclass(labels):
        return outputs * labels.to(outputs.dtype)
    target = labels.expand(outputs.shape[:-1]).unsqueeze(-1)
    true_logit = outputs.gather(-1, target).squeeze(-1)
    largest_other = outputs.scatter(-1, target, -torch.inf).amax(-1)
    return true_logit - largest_other


def mean_loss(outputs: Tensor, labels: Tensor, output_gain: float = 1.0) -> Tensor:
    """Return the mean cross-entropy over the samples, shape (...), of the outputs times `output_gain`.

    Binary: -log p(label) = softplus(-2 label z), the cross-entropy of p = (1 + tanh z) / 2.
    """
    if not _is_multiclass(labels):
        return functional.softplus(-2 * output_gain * margins(outputs, labels)).mean(-1)
    logits = (output_gain * outputs).flatten(0, -2)
    losses = functional.cross_entropy(logits, labels.expand(outputs.shape[:-1]).flatten(), reduction="none")
    return losses.view(outputs.shape[:-1]).mean(-1)


def _is_multiclass(labels: Tensor) -> bool:
    """Tell by the dtype: binary labels are the numbers +-1.0, classes are integers."""
    return not labels.is_floating_point()
