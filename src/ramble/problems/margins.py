"""Margin, loss and its derivatives in the logits, binary and multi-class.

A binary network has one output z per sample and labels +-1; its class probability is
p = (1 + tanh z) / 2 = sigmoid(2 z). A multi-class network has one logit per class.

Where the network is sure, p of the true class is 1 but for rounding, and what is computed from 1 - p is nothing but
rounding: in float32 from a margin of about 17. Everything here is therefore a sum over the *other* classes: the loss,
its derivatives and its curvature keep their relative precision until exp(-margin) underflows (float32: at a margin of
87, float64: at 708).
"""

import torch
from torch import Tensor
from torch.nn import functional

EXACT_SOFTPLUS = 40.0  # torch takes softplus(x) = x above its threshold of 20, where float64 still sees a difference


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


def membership_margins(sample_margins: Tensor, max_errors: int) -> Tensor:
    """Return the margin (...) that decides whether a network is a solution: the (K + 1)-th smallest over its samples.

    It is positive exactly where at most K samples are misclassified; a margin that is no number counts as an error.

    Args:
        sample_margins: (..., M).
        max_errors: K < M, errors that a solution may make.
    """
    if not max_errors:
        return sample_margins.amin(-1)
    numbers = sample_margins.nan_to_num(-torch.inf, posinf=torch.inf, neginf=-torch.inf)
    return numbers.kthvalue(max_errors + 1, dim=-1).values


def mean_loss(outputs: Tensor, labels: Tensor, output_gain: float = 1.0) -> Tensor:
    """Return the mean cross-entropy over the samples, shape (...), of the outputs times `output_gain`.

    Binary: -log p(label) = softplus(-2 label z), the cross-entropy of p = (1 + tanh z) / 2. Multi-class, with m the
    class of the largest logit: (z_m - z_true) + log(1 + sum_(j != m) exp(z_j - z_m)). No term of it, nor of its first
    and second derivatives, is a difference of nearly equal numbers. NaN where a largest logit is infinite.
    """
    if not _is_multiclass(labels):
        doubled = -2 * output_gain * margins(outputs, labels)
        return functional.softplus(doubled, threshold=EXACT_SOFTPLUS).mean(-1)
    logits = output_gain * outputs
    target = labels.expand(outputs.shape[:-1]).unsqueeze(-1)
    largest = logits.argmax(-1, keepdim=True)
    below = logits - logits.gather(-1, largest)  # z_j - z_m
    others = below.scatter(-1, largest, -torch.inf).exp().sum(-1)
    # a gradient of zero where the two are one: 1 - 1 would round away what else arrives at that logit
    missing = torch.where(largest == target, 0.0, below.gather(-1, target)).squeeze(-1)
    overflow = below.detach().gather(-1, largest).squeeze(-1)  # inf - inf is NaN, else zero
    return (others.log1p() - missing + overflow).mean(-1)


def loss_signals(logits: Tensor, labels: Tensor) -> Tensor:
    """Return p_j - [j is true] (B, C), the derivative of each sample's cross-entropy in its logits (B, C).

    For the true class that is minus the sum of the other p_j.
    """
    others = logits.softmax(1).scatter(1, labels.unsqueeze(1), 0.0)
    return others.scatter(1, labels.unsqueeze(1), -others.sum(1, keepdim=True))


def curved(shares: Tensor, tangents: Tensor) -> Tensor:
    """Return (diag p - p p^T) t / B for each sample: the curvature of the mean cross-entropy in the logits.

    With s_j = t_j - t_m, m the most probable class, it is p_j (s_j - sum_(k != m) p_k s_k): a constant added to t
    changes nothing, and where p_m is 1 but for rounding only the other classes count.

    Args:
        shares: p (B, C), the softmax.
        tangents: t (B, C), how the logits move.
    """
    likely = shares.argmax(1, keepdim=True)
    moves = tangents - tangents.gather(1, likely)
    return shares * (moves - (shares * moves).sum(1, keepdim=True)) / len(shares)


def _is_multiclass(labels: Tensor) -> bool:
    """Tell by the dtype: binary labels are the numbers +-1.0, classes are integers."""
    return not labels.is_floating_point()
