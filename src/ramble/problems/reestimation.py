"""Batch norm with statistics that follow the weights: those of a fixed part of the training set, at every point.

The network at W normalises, in evaluation mode, by means and variances that its own layers have on the part at W, each
layer behind layers that are normalised so: what batch norm does in training mode with the whole part as one batch. The
variance is that of the part (divided by n, not by n - 1), so that both modes are one function. Statistics are thus a
function of the weights, and the network at W one of the weights and of one input. Derivatives go through it.

The part: 500 training samples, or 250 where an input is more than a thousand numbers, drawn once without replacement
from a generator with seed 0, in their order; all samples where there are no more. A batch of that many is held in
memory at once.
"""

import copy
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm

from ramble.errors import RambleError
from ramble.problems.batch_norm import moving_norms
from ramble.problems.chunks import LARGE
from ramble.problems.logits import as_logits, inputs_in
from ramble.problems.losses import CROSS_ENTROPY, Loss
from ramble.problems.skeleton import Skeleton

# Samples that statistics are those of; networks trained in batches of a hundred tolerate more noise than is left. The
# derivative through 250 colour images of a ResNet20 holds 0.4 GB, and grows with their number.
PART, PART_OF_LARGE = 500, 250
# Points whose statistics are remembered: those that a certificate or a tracker comes back to.
REMEMBERED = 4
FEW = 100  # samples on which the network is tried: by the statistics of a few, some deep networks amplify rounding
BUFFERS = ("running_mean", "running_var", "num_batches_tracked")  # the last one counts batches seen in training

State = Mapping[str, Tensor]
Statistics = dict[str, Tensor]  # by the names of buffers


def part_of(inputs: Tensor) -> Tensor:
    """Return which of the training inputs (M, ...) the statistics are those of, (N,) on the CPU."""
    count, size = len(inputs), PART if inputs[0].numel() <= LARGE else PART_OF_LARGE
    if count <= size:
        return torch.arange(count)
    return torch.randperm(count, generator=torch.Generator().manual_seed(0))[:size].sort().values


class Reestimation:
    """The statistics of one network as a function of its weights.

    Args:
        where: names the network in errors.
        skeleton: of the network.
        state_of: flat weights (P,) -> trainable tensors by name.
        inputs: the part (N, ...), in the dtype of the network, on its device.

    Attributes:
        names: of the buffers that follow the weights, and of counters beside them.
        loss: of the logits; that of the problem, once it is known.

    Raises:
        RambleError: a layer whose statistics cannot be taken; see `batch_norm.moving_norms`; or no batch norm at all.
    """

    loss: Loss

    def __init__(
        self, where: str, skeleton: Skeleton, state_of: Callable[[Tensor], dict[str, Tensor]], inputs: Tensor
    ) -> None:
        self._norms = tuple(moving_norms(where, skeleton.module))
        if not self._norms:
            raise RambleError(f"{where}: the network has no batch norm to re-estimate; leave batch_norm out.")
        self.names = frozenset(_inside(name, buffer) for name in self._norms for buffer in BUFFERS)
        self._where, self._skeleton, self._state_of, self._inputs = where, skeleton, state_of, inputs
        self.loss: Loss = CROSS_ENTROPY
        self._by_dtype: dict[torch.dtype, nn.Module] = {}
        self._remembered: deque[tuple[Tensor, Statistics, Tensor]] = deque(maxlen=REMEMBERED)

    def of_few(self) -> "Reestimation":
        """Return the same with the statistics of a few samples, where any will do."""
        other = copy.copy(self)
        other._inputs, other._remembered = self._inputs[:FEW], deque(maxlen=REMEMBERED)
        return other

    def of_all(self, inputs: Tensor) -> bool:
        """Tell whether the part is all of the training inputs (M, ...)."""
        if len(self._inputs) != len(inputs):
            return False
        return torch.equal(self._inputs, inputs.to(self._inputs.dtype))  # as many may be others: see `on_first`

    def at(self, weights: Tensor) -> Statistics:
        """Return the statistics at W (P,), in its dtype; with a derivative where W requires one and grad is enabled."""
        if torch.is_grad_enabled() and weights.requires_grad:
            return self._measure(weights, self._inputs, derivatives=True)[0]
        return self._known(weights)[0]

    def logits_of_part(self, weights: Tensor) -> Tensor:
        """Return the logits (N, C) of the part at W (P,), without derivatives; nothing where they are known."""
        return self._known(weights)[1]

    def logits(self, weights: Tensor, inputs: Tensor, statistics: State | None = None) -> Tensor:
        """Return the logits (M, C) of inputs (M, ...) at W (P,), with the statistics there if none are given."""
        state = {**self._state_of(weights), **(self.at(weights) if statistics is None else statistics)}
        return as_logits(functional_call(self._in(weights.dtype), state, (inputs,)))

    def batch_loss_and_gradient(
        self, weights: Tensor, inputs: Tensor, labels: Tensor, output_gain: float
    ) -> tuple[Tensor, Tensor]:
        """Return the mean loss () and its gradient (P,) on a batch that is normalised by its own statistics.

        Raises:
            RambleError: a batch of one sample, which such a layer makes equal to every other.
        """
        if len(labels) == 1:
            raise RambleError(
                f"{self._where}: a minibatch of one sample has no batch norm statistics of its own; take larger ones."
            )
        leaf = weights.detach().requires_grad_()
        _, logits = self._measure(leaf, inputs)
        loss = self.loss.mean(logits, labels, output_gain)
        (gradient,) = torch.autograd.grad(loss, leaf)
        return loss.detach(), gradient

    def loss_and_gradient_of_part(self, weights: Tensor, labels: Tensor, output_gain: float) -> tuple[Tensor, Tensor]:
        """Return the mean loss () and its gradient (P,) on the part, of classes (N,)."""
        leaf = weights.detach().requires_grad_()
        statistics, logits = self._measure(leaf, self._inputs)
        self._remember(weights, statistics, logits)
        loss = self.loss.mean(logits, labels, output_gain)
        (gradient,) = torch.autograd.grad(loss, leaf)
        return loss.detach(), gradient

    def partial_derivatives(
        self, weights: Tensor, inputs: Tensor, labels: Tensor, output_gain: float
    ) -> tuple[Tensor, Tensor]:
        """Return the mean loss () on some inputs and its derivatives in W and in the statistics at W, one flat vector.

        Losses of more inputs than fit into memory are sums over chunks, and so are these; see `pulled_back`.
        """
        leaf = weights.detach().requires_grad_()
        statistics = {name: value.requires_grad_() for name, value in self._copied(weights).items()}
        with torch.enable_grad():
            loss = self.loss.mean(self.logits(leaf, inputs, statistics), labels, output_gain)
            parts = torch.autograd.grad(loss, [leaf, *statistics.values()], materialize_grads=True)
        return loss.detach(), torch.cat([part.flatten() for part in parts])

    def pulled_back(self, weights: Tensor, derivatives: Tensor) -> Tensor:
        """Return the gradient (P,) at W of a loss with such partial derivatives: the statistics follow W."""
        leaf = weights.detach().requires_grad_()
        statistics, _ = self._measure(leaf, self._inputs, derivatives=True)
        own, *along = torch.split(derivatives, [len(weights), *(len(value) for value in statistics.values())])
        # behind nothing but inputs and frozen weights they are constants
        moving = [both for both in zip(statistics.values(), along, strict=True) if both[0].requires_grad]
        if not moving:
            return own
        (through,) = torch.autograd.grad([each for each, _ in moving], leaf, [each for _, each in moving])
        return own + through

    def _copied(self, weights: Tensor) -> Statistics:
        return {name: value.clone() for name, value in self._known(weights)[0].items()}

    def _known(self, weights: Tensor) -> tuple[Statistics, Tensor]:
        """Return statistics and the part's logits at W, remembered or measured."""
        for point, statistics, logits in self._remembered:
            if point.dtype == weights.dtype and torch.equal(point, weights):
                return statistics, logits
        with torch.no_grad():
            return self._remember(weights, *self._measure(weights, self._inputs))

    def _remember(self, weights: Tensor, statistics: Statistics, logits: Tensor) -> tuple[Statistics, Tensor]:
        known = {name: value.detach() for name, value in statistics.items()}, logits.detach()
        self._remembered.append((weights.detach().clone(), *known))
        return known

    def _measure(self, weights: Tensor, inputs: Tensor, derivatives: bool = False) -> tuple[Statistics, Tensor]:
        """Return the statistics of a batch (N, ...) at W, with derivatives where they are asked for, and its logits."""
        module = self._in(weights.dtype)
        try:
            with _measuring(module, derivatives) as norms:
                logits = functional_call(module, self._state_of(weights), (inputs_in(inputs, weights.dtype),))
                return self._found(norms), as_logits(logits)
        except torch.OutOfMemoryError:
            raise RambleError(
                f"{self._where}: the device has no memory for the batch norm statistics of {len(inputs)} inputs; take "
                "one with more (device)."
            ) from None

    def _found(self, norms: Mapping[str, "_Norm"]) -> Statistics:
        statistics: Statistics = {}
        for name, norm in norms.items():
            if not norm.found:
                raise RambleError(
                    f"{self._where}: batch norm '{name}' is not called by the forward pass in evaluation mode; call "
                    "the layer itself and not a function with its statistics, and leave what only training uses out of "
                    "the network and of its checkpoints."
                )
            if len(norm.found) > 1:
                raise RambleError(
                    f"{self._where}: batch norm '{name}' is used {len(norm.found)} times in a forward pass, and keeps "
                    "one mean for all of them; use one layer for each place."
                )
            ((mean, variance),) = norm.found
            statistics |= {_inside(name, "running_mean"): mean, _inside(name, "running_var"): variance}
        return statistics

    def _in(self, dtype: torch.dtype) -> nn.Module:
        if dtype not in self._by_dtype:
            self._by_dtype[dtype] = _with_norms_replaced(self._skeleton.copied(dtype), self._norms)
        return self._by_dtype[dtype]


class _Norm(nn.Module):
    """A batch norm layer as a function of its weights and statistics, with derivatives in both."""

    running_mean: Tensor
    running_var: Tensor
    weight: Tensor | None
    bias: Tensor | None

    def __init__(self, norm: _BatchNorm) -> None:
        super().__init__()
        self.weight, self.bias, self.eps = norm.weight, norm.bias, norm.eps  # the same tensors: tied ones stay tied
        self.register_buffer("running_mean", norm.running_mean)
        self.register_buffer("running_var", norm.running_var)
        self.measures = self.derivatives = False
        self.found: list[tuple[Tensor, Tensor]] = []  # mean and variance of each batch

    def forward(self, inputs: Tensor) -> Tensor:
        """Return inputs (N, C, ...) normalised, scaled and shifted, by channel."""
        mean, variance = self.running_mean, self.running_var
        count = inputs.numel() // inputs.shape[1]
        if self.measures and not self.derivatives and count > 1:
            return self._of_torch(inputs, count)
        if self.measures:
            variance, mean = torch.var_mean(inputs, [0, *range(2, inputs.dim())], correction=0)
            self.found.append((mean, variance))
        scale = (variance + self.eps).rsqrt()
        scale = scale if self.weight is None else scale * self.weight
        shift = -mean * scale if self.bias is None else self.bias - mean * scale
        # torch's own layer has no derivative in the statistics of evaluation mode; in weight and bias it has
        return functional.batch_norm(inputs, torch.zeros_like(mean), torch.ones_like(mean), scale, shift, eps=0.0)

    def _of_torch(self, inputs: Tensor, count: int) -> Tensor:
        """Measure by torch's own layer in training mode: a third of the time, statistics without derivatives."""
        mean, variance = torch.zeros_like(self.running_mean), torch.zeros_like(self.running_var)
        outputs = functional.batch_norm(
            inputs, mean, variance, self.weight, self.bias, training=True, momentum=1.0, eps=self.eps
        )
        # torch keeps the variance divided by n - 1
        self.found.append((mean, variance * ((count - 1) / count)))
        return outputs


def _with_norms_replaced(network: nn.Module, norms: Sequence[str]) -> nn.Module:
    """Make layers of a network functions of their statistics, under all of their names."""
    layers = dict(network.named_modules(remove_duplicate=False))
    replaced = {id(norm): _Norm(norm) for norm in map(layers.get, norms) if isinstance(norm, _BatchNorm)}
    for name, layer in layers.items():
        if id(layer) in replaced:
            if not name:
                return replaced[id(layer)].eval()
            parent, _, last = name.rpartition(".")
            layers[parent]._modules[last] = replaced[id(layer)].eval()
    return network


def _inside(name: str, buffer: str) -> str:
    """Return the name of a layer's buffer; the network may be one layer, whose name is empty."""
    return f"{name}.{buffer}" if name else buffer


@contextmanager
def _measuring(module: nn.Module, derivatives: bool) -> Iterator[dict[str, _Norm]]:
    """Let the layers, which are given by name, normalise by the statistics of their inputs, and keep these.

    Derivatives of what is normalised there are always; of the statistics themselves where they are asked for.
    """
    norms = {name: norm for name, norm in module.named_modules() if isinstance(norm, _Norm)}
    for norm in norms.values():
        norm.measures, norm.derivatives, norm.found = True, derivatives, []
    try:
        yield norms
    finally:
        for norm in norms.values():
            norm.measures, norm.derivatives, norm.found = False, False, []
