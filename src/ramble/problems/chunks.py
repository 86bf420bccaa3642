"""As many samples and networks at a time as a device has memory for, and means over chunks of samples."""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import Tensor

from ramble.errors import RambleError
from ramble.problems.problem import Problem

logger = logging.getLogger("ramble")

# Images evaluated at a time: the activations of more fall out of the caches, and memory would grow with the data.
# Inputs of many numbers make large activations: 250 colour images of a ResNet20 hold 0.4 GB for a gradient.
CHUNK, CHUNK_OF_LARGE = 500, 250
LARGE = 1000  # numbers in an input

T = TypeVar("T")


class ChunkedProblem(Problem):
    """A problem that goes on with fewer at a time where memory runs out, and keeps to that."""

    _chunk = CHUNK  # inputs evaluated at a time, at most
    _gradient_chunk = CHUNK  # the same for gradients
    _batches_chains = False  # are networks evaluated side by side?

    def _start_with_chunks_for(self, inputs: Tensor) -> None:
        """Take as many inputs at a time as is usual for such (M, ...)."""
        self._chunk = self._gradient_chunk = CHUNK if inputs[0].numel() <= LARGE else CHUNK_OF_LARGE

    def _together_or_looped(self, chains: int, together: Callable[[], T], looped: Callable[[], T]) -> T:
        """Take all chains at once on a GPU, and one by one once it had no memory for that."""
        if self._batches_chains:
            try:
                return together()
            except torch.OutOfMemoryError:
                self._batches_chains = False
            # outside of the handler, whose exception keeps the tensors alive
            logger.warning("no memory for %d networks at a time; going on one by one", chains)
        return looped()

    def _in_chunks(self, of: Callable[[Tensor], Tensor], rows: Tensor) -> Tensor:
        """Return what `of` makes of all rows, from fewer at a time once the device had no memory for more."""
        size = min(self._chunk, max(1, len(rows)))
        try:
            return torch.cat([of(chunk) for chunk in torch.split(rows, size)])
        except torch.OutOfMemoryError:
            if size == 1:
                raise RambleError(
                    "The device has no memory to evaluate the network on a single input; take one with more (device)."
                ) from None
        self._chunk = size // 2
        logger.warning("no memory for %d inputs at a time; going on with %d", size, self._chunk)
        return self._in_chunks(of, rows)

    def _accumulated(
        self, of: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]], inputs: Tensor, labels: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the mean loss () and its gradient (P,), summed over chunks: memory does not grow with the data."""
        size = min(self._gradient_chunk, len(labels))
        try:
            return mean_over_chunks(of, inputs, labels, size, 0)
        except torch.OutOfMemoryError:
            if size == 1:
                raise RambleError(
                    "The device has no memory for the gradient of one network on a single training sample; take one "
                    "with more (device)."
                ) from None
        self._gradient_chunk = size // 2
        logger.warning("no memory for the gradient of %d inputs at a time; going on with %d", size, size // 2)
        return self._accumulated(of, inputs, labels)


def mean_over_chunks(
    of: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]], inputs: Tensor, labels: Tensor, size: int, axis: int
) -> tuple[Tensor, Tensor]:
    """Return the mean losses and gradients of samples along `axis` from those of `size` samples at a time."""
    count = labels.shape[axis]
    if count <= size:
        return of(inputs, labels)
    chunks = zip(torch.split(inputs, size, axis), torch.split(labels, size, axis), strict=True)
    loss, gradient = torch.zeros(()), torch.zeros(())
    for number, (some, own) in enumerate(chunks):
        share = own.shape[axis] / count
        parts = [share * part for part in of(some, own)]
        loss, gradient = parts if not number else (loss + parts[0], gradient.add_(parts[1]))
    return loss, gradient


def stacked(found: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Return losses (B,) and gradients (B, P) of networks that were looked at one by one."""
    losses, gradients = zip(*found, strict=True)
    return torch.stack(losses), torch.stack(gradients)
