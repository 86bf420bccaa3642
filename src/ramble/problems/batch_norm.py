"""Batch norm layers of a network: which there are, and what about them no way of treating them can mend.

In training, batch norm normalises by the mean and the variance of the batch; in evaluation, by running averages of
these, which training leaves in buffers. Flat weights do not hold them, so between two networks something must say what
they are. There are two ways: `folding` and `reestimation`.
"""

import copy
from typing import Literal

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from ramble.errors import RambleError, kind_of

BatchNorm = Literal["fold", "reestimate"]  # the two ways, by the names that settings give them
WAYS: tuple[BatchNorm, ...] = ("fold", "reestimate")


def refuse_unknown_way(where: str, way: object) -> None:
    """Raise RambleError where batch_norm is set to anything but None or one of the ways."""
    if way is not None and way not in WAYS:
        raise RambleError(f"{where}: batch_norm = {way!r} is no way to treat batch norm; give 'fold' or 'reestimate'.")


def moving_norms(where: str, network: nn.Module) -> dict[str, _BatchNorm]:
    """Return by its first name every batch norm layer whose statistics training changes.

    A layer that the network's own `train` leaves in evaluation mode keeps its statistics: they are constants.

    Raises:
        RambleError: such a layer has no running statistics, or a forward pass of its own.
    """
    training = copy.deepcopy(network).train()
    moving = {name for name, norm in training.named_modules() if isinstance(norm, _BatchNorm) and norm.training}
    found = {name: norm for name, norm in network.named_modules() if name in moving and isinstance(norm, _BatchNorm)}
    for name, norm in found.items():
        if not norm.track_running_stats or norm.running_mean is None:
            raise RambleError(
                f"{where}: batch norm '{name}' has no running statistics, so that its outputs always depend on the "
                "other inputs; build it with track_running_stats=True."
            )
        if type(norm).forward is not _BatchNorm.forward:
            raise RambleError(
                f"{where}: '{name}' is {kind_of(norm)}, a batch norm with a forward pass of its own; use "
                "torch's nn.BatchNorm1d, nn.BatchNorm2d or nn.BatchNorm3d."
            )
    return found


def has_batch_norm(network: nn.Module) -> bool:
    """Tell whether a network has batch norm layers with running statistics, so that a way must be chosen."""
    return any(isinstance(norm, _BatchNorm) and norm.track_running_stats for norm in network.modules())
