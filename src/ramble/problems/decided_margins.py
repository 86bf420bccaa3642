"""The margins of a network whose signs no rounding of float32 decides."""

from abc import abstractmethod
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from ramble.problems.chunks import ChunkedProblem
from ramble.problems.logits import inputs_in
from ramble.problems.margins import margins
from ramble.problems.memory_order import channels_last
from ramble.problems.problem import DOUBTFUL, Split, share_off
from ramble.problems.reestimation import Reestimation

# The same where some samples are evaluated alone: the largest output may be among the others.
FEW_DOUBTFUL = 100 * DOUBTFUL


class DecidedMargins(ChunkedProblem):
    """A problem whose networks are evaluated on chosen samples alone, in float64 where float32 leaves a sign open."""

    _statistics: Reestimation | None  # of batch norm, where they follow the weights
    _data: dict[Split, tuple[Tensor, Tensor]]  # inputs (M, ...) and classes (M,)

    channels_last: bool  # are those of images innermost in memory where the network is evaluated?

    def ordered(self, inputs: Tensor) -> Tensor:
        """Return inputs (M, ...) in the order in memory in which the network is evaluated."""
        return channels_last(inputs) if self.channels_last else inputs.contiguous()

    @abstractmethod
    def _one_by_one(self, weights: Tensor, inputs: Tensor) -> Tensor:
        """Return the logits (m, C) of one network (P,), without derivatives: a place for a faster way."""

    @torch.no_grad()
    def batch_margins(self, weights: Tensor, samples: Tensor) -> Tensor:
        """Return the margins (m,) of one network (P,) on some training samples (m,), in the dtype of the weights.

        For a first look: where rounding could decide a sign, `sample_margins` does not leave it to this dtype.
        """
        return self._margins(partial(self._one_by_one, weights), samples, weights.dtype)

    @torch.no_grad()
    def margins_on(self, weights: Tensor, datasets: Tensor, samples: Tensor) -> Tensor:
        """Return the margins (m,), float64, of one network (1, P) on some training samples (m,) alone."""
        inputs, labels = self._data["train"]

        def logits_of(rows: Tensor) -> Tensor:
            return self._one_by_one(weights[0], self.ordered(inputs_in(inputs[rows], weights.dtype)))

        outputs = self._in_chunks(logits_of, samples)
        found = margins(outputs, labels[samples]).double()
        doubtful = found.abs() <= FEW_DOUBTFUL * outputs.abs().max()
        if weights.dtype == torch.float32 and bool(doubtful.any()):
            found[doubtful] = self._margins(self._exact(weights[0]), samples[doubtful], torch.float64)
        return found

    def largest_inputs(self, count: int) -> Tensor:
        """Return the training samples (m,) with the largest number in their inputs; none where these are whole."""
        inputs, _ = self._data["train"]
        if not inputs.is_floating_point():
            return torch.zeros(0, dtype=torch.long)
        return inputs.flatten(1).abs().amax(1).topk(min(count, len(inputs))).indices

    @torch.no_grad()
    def rounding_share(self, weights: Tensor, datasets: Tensor, samples: Tensor) -> float:
        """Return the same of this network, evaluated on these samples alone."""
        inputs, _ = self._data["train"]
        plain, exact = (
            self._in_chunks(
                lambda rows: logits_of(self.ordered(inputs_in(inputs[rows], dtype))),  # noqa: B023
                samples,
            )
            for logits_of, dtype in (
                (partial(self._one_by_one, weights[0]), weights.dtype),
                (self._exact(weights[0]), torch.float64),
            )
        )
        return share_off(plain, exact)

    def _margins(self, logits_of: Callable[[Tensor], Tensor], samples: Tensor, dtype: torch.dtype) -> Tensor:
        inputs, labels = self._data["train"]

        def margins_of(rows: Tensor) -> Tensor:
            return margins(logits_of(self.ordered(inputs_in(inputs[rows], dtype))), labels[rows])

        return self._in_chunks(margins_of, samples)

    def _decided(self, sample_margins: Tensor, outputs: Tensor, weights: Tensor, datasets: Tensor) -> Tensor:
        """Compute again, in float64, only the samples in doubt: float64 is ten times slower for convolutions."""
        if weights.dtype == torch.float32:
            scale = outputs.flatten(1).abs().amax(1, keepdim=True)
            for row, doubtful in enumerate(sample_margins.abs() <= DOUBTFUL * scale):
                samples = doubtful.nonzero().squeeze(1)
                if len(samples):
                    sample_margins[row, samples] = self._margins(self._exact(weights[row]), samples, torch.float64)
        return sample_margins

    def _exact(self, weights: Tensor) -> Callable[[Tensor], Tensor]:
        """Return inputs -> logits in float64 of the network of float32 weights (P,), whose statistics are float32 too.

        Those are what `network` returns and a file holds; measuring them in float64 would take twenty times as long.
        """
        if self._statistics is None:
            return partial(self._one_by_one, weights.double())
        known = {name: value.double() for name, value in self._statistics.at(weights).items()}
        return partial(self._statistics.logits, weights.double(), statistics=known)
