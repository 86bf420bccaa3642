"""Any torch module as a problem: one training set, and classes as labels."""

import copy
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Self

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, vmap

from ramble.errors import RambleError
from ramble.problems.batch_norm import BatchNorm, refuse_unknown_way
from ramble.problems.behaviour import refuse_misbehaviour
from ramble.problems.checks import class_numbers, contradictions, stored_inputs, whole_labels
from ramble.problems.chunks import mean_over_chunks, stacked
from ramble.problems.curvature import AutogradCurvature, MinibatchCurvature, flat
from ramble.problems.decided_margins import DecidedMargins
from ramble.problems.folding import Folding
from ramble.problems.logits import as_logits, inputs_in
from ramble.problems.losses import CROSS_ENTROPY, loss_called
from ramble.problems.memory_order import takes_channels_last
from ramble.problems.problem import Split, layers_of
from ramble.problems.reestimation import FEW, Reestimation, part_of
from ramble.problems.skeleton import Skeleton, drawn


class NetworkProblem(DecidedMargins):
    """A network given as an `nn.Module` and one data set held on the device.

    Subclasses say which network (`build_network`) and pass the tensors; both are checked here, before anything is
    computed. Flat weights hold the trainable tensors, each once; frozen weights, buffers and other constants are in
    every network as `build_network` makes them (with torch's generator at seed 0, should it draw them), and what it
    returns is never written to.

    Chains are looped over on the CPU and batched with vmap on a GPU: for LeNet5 on 100 images and one CPU thread, three
    gradients take 54 ms one by one and 72 ms with vmap. Where a device runs out of memory fewer inputs, and one network
    at a time, are tried, and kept to.

    Args:
        splits: inputs and labels of "train" and, where there are any, "validation" and "test". Inputs (M, ...) are kept
            in the dtype of the trainable weights (float32 or float64), or whole. Labels (M,) are classes 0..C-1; where
            the network has one logit, 0 and 1 or -1 and +1.
        device: where data and weights live.
        batch_norm: how batch norm is treated, where the network has any: "reestimate" (statistics follow the weights,
            see `reestimation`) or "fold" (they become part of the layer before, see `folding`); None refuses it.
        loss: "cross-entropy", or "squared-error" (see `losses`).

    Raises:
        RambleError: the loss is unknown; the data or the network are none that a path without an error can be about;
            see `checks`, `skeleton`, `behaviour`, `reestimation` and `folding`.
    """

    n_datasets = 1
    batched_on: tuple[str, ...] = ("cuda",)  # kinds of devices on which vmap is tried

    def __init__(
        self,
        splits: Mapping[Split, tuple[Tensor, Tensor]],
        device: torch.device | str = "cpu",
        *,
        batch_norm: BatchNorm | None = None,
        loss: str = CROSS_ENTROPY.name,
    ) -> None:
        self.device = torch.device(device)
        self._batches_chains = self.device.type in self.batched_on
        where = type(self).__name__
        if "train" not in splits:
            raise RambleError(f"{where}: there is no split 'train' (but {list(splits)}); give inputs and labels of it.")
        refuse_unknown_way(where, batch_norm)
        self.batch_norm, self._folding = batch_norm, None
        self._skeleton = Skeleton(f"{where}.build_network", self.build_network, self.device)
        if batch_norm == "fold":
            sample = stored_inputs(where, "train", splits["train"][0], torch.float64)[:FEW].to(self.device)
            self._folding = Folding(f"{where}.build_network", self._skeleton, sample)
            self._skeleton = Skeleton(f"{where}.build_network", self._built, self.device)
        self.shapes, self.dtype = self._skeleton.shapes, self._skeleton.dtype
        self.layers = layers_of(self.shapes)
        self.metadata = {"batch_norm": batch_norm} if batch_norm else {}
        self.splits = tuple(splits)
        inputs = {split: stored_inputs(where, split, own, self.dtype) for split, (own, _) in splits.items()}
        labels = {split: whole_labels(where, split, own, len(inputs[split])) for split, (_, own) in splits.items()}
        self._start_with_chunks_for(inputs["train"])
        self.channels_last = takes_channels_last(self, self._skeleton, inputs["train"])
        placed = {split: self.ordered(own.to(self.device)) for split, own in inputs.items()}
        follows = self._followed(placed["train"]) if batch_norm == "reestimate" else None
        self._statistics = follows and follows.of_few()  # enough for the trial
        outputs, alike = refuse_misbehaviour(self, f"{where}.build_network", self._skeleton, placed)
        self._batches_chains &= alike
        self._statistics = follows
        self.loss = loss_called(where, loss, single=outputs == 1)
        if follows:
            follows.loss = self.loss
        classes = class_numbers(where, labels, outputs)
        self.unavoidable = contradictions(where, inputs["train"], classes["train"])
        self._data = {split: (own, classes[split].to(self.device)) for split, own in placed.items()}

    def _followed(self, inputs: Tensor) -> Reestimation:
        """Return the statistics of batch norm on a part of the training inputs (M, ...) as a function of weights."""
        part = self.ordered(inputs[part_of(inputs).to(self.device)])
        self._batches_chains = False  # what is remembered of a point is remembered for one
        self.metadata["batch_norm_samples"] = len(part)
        return Reestimation(f"{type(self).__name__}.build_network", self._skeleton, self.unflatten, part)

    @property
    def following(self) -> frozenset[str]:
        """Names in the state_dict of what follows from the weights: statistics of batch norm, and counters by them."""
        return self._statistics.names if self._statistics else frozenset()

    @property
    def n_samples(self) -> int:
        """M, the number of training samples."""
        return len(self._data["train"][1])

    @abstractmethod
    def build_network(self) -> nn.Module:
        """Return the network; its initialisation is what `initial_weights` draws."""

    def _built(self) -> nn.Module:
        """Return the network that is walked, newly built."""
        return self._folding.folded(self.build_network()) if self._folding else self.build_network()

    def as_built(self) -> nn.Module:
        """Return a new network as `build_network` makes it, in evaluation mode, on the device; batch norm unfolded."""
        return (self._folding.skeleton if self._folding else self._skeleton).copied(self.dtype)

    def weights_of(self, state: Mapping[str, Tensor]) -> Tensor:
        """Return the flat weights (P,) of a whole state_dict, with batch norm folded or not where it is folded here.

        Raises:
            RambleError: see `Problem.weights_of`.
        """
        return super().weights_of(self._folding.folded_state(state) if self._folding else state)

    def data(self, split: Split) -> tuple[Tensor, Tensor]:
        """Return the inputs and labels of a split, as the network sees them."""
        return self._data[split]

    def on_first(self, samples: int) -> Self:
        """Return the problem of the same networks, statistics of batch norm included, on the first training samples.

        Raises:
            RambleError: there are not so many.
        """
        if samples > self.n_samples:
            raise RambleError(
                f"{samples} training samples are asked for, and there are {self.n_samples}; ask for as many at most."
            )
        other = copy.copy(self)
        for name in [name for name in vars(other) if isinstance(getattr(type(self), name, None), cached_property)]:
            del other.__dict__[name]  # computed from all samples
        inputs, labels = self._data["train"]
        other._data = {**self._data, "train": (inputs[:samples], labels[:samples])}
        return other

    def network(self, weights: Tensor) -> nn.Module:
        """Return a new network with the flat weights (P,) loaded, in their dtype, on the device.

        Frozen weights and constants are as they were built, and frozen weights require no gradient.
        """
        return self._skeleton.fresh(self.moving_state(weights)).eval()

    def moving_state(self, weights: Tensor) -> dict[str, Tensor]:
        """Return what of the network's state depends on the flat weights (P,): them, and statistics that follow."""
        follow = self._statistics.at(weights.to(self.device)) if self._statistics else {}
        return self.unflatten(weights) | follow

    def state_dict(self, weights: Tensor) -> dict[str, Tensor]:
        """Return all that the network's `load_state_dict` takes: constants and second names of tied weights too."""
        return {name: value.detach().clone() for name, value in self.network(weights).state_dict().items()}

    def curvature(self, network: nn.Module) -> MinibatchCurvature:
        """Return products with second derivatives of a network of this problem: a place for a faster way."""
        if not self._statistics:
            weights = [value.detach() for value in network.parameters() if value.requires_grad]
            finer = lambda: self.network(flat(weights).double())  # noqa: E731
            return AutogradCurvature(network, self.loss, finer=finer)
        follows, own = self._statistics, dict(network.named_parameters())
        return AutogradCurvature(network, self.loss, lambda inputs: follows.logits(self.flatten(own), inputs))

    def initial_weights(self, random: torch.Generator) -> Tensor:
        """Build the network anew with torch's global generator seeded from `random`, and leave that one as it was."""
        built = drawn(self._built, int(torch.randint(2**62, (), generator=random)), self.device)
        return self.flatten(dict(built.named_parameters())).detach().to("cpu", self.dtype)

    def labels(self, datasets: Tensor, split: Split = "train") -> Tensor:
        """Return the classes (B, M)."""
        return self._data[split][1].expand(len(datasets), -1)

    def outputs(self, weights: Tensor, datasets: Tensor, split: Split = "train") -> Tensor:
        """Return the logits (B, M, C)."""
        inputs = inputs_in(self._data[split][0], weights.dtype)

        def together() -> Tensor:
            batched = vmap(self._logits, in_dims=(0, None))
            return torch.cat([batched(weights, chunk) for chunk in torch.split(inputs, self._chunk)], dim=1)

        def looped() -> Tensor:
            if self._statistics and split == "train" and self._statistics.of_all(inputs):
                return torch.stack([self._statistics.logits_of_part(row) for row in weights])
            return torch.stack([self._in_chunks(partial(self._one_by_one, row), inputs) for row in weights])

        with torch.no_grad():
            return self._together_or_looped(len(weights), together, looped)

    def gradients(self, weights: Tensor, datasets: Tensor, output_gain: float = 1.0) -> tuple[Tensor, Tensor]:
        """Return losses (B,) and gradients (B, P)."""
        return self._together_or_looped(
            len(weights),
            lambda: self._gradients_batched(weights, output_gain),
            lambda: self._gradients_looped(weights, output_gain),
        )

    def _gradients_looped(self, weights: Tensor, output_gain: float) -> tuple[Tensor, Tensor]:
        inputs, labels = self._data["train"]
        whole = inputs_in(inputs, weights.dtype), labels
        if self._statistics:
            return stacked([self._gradient_through_statistics(row, *whole, output_gain) for row in weights])
        return self._looped(weights, [whole] * len(weights), output_gain)

    def _gradient_through_statistics(
        self, weights: Tensor, inputs: Tensor, labels: Tensor, output_gain: float
    ) -> tuple[Tensor, Tensor]:
        assert self._statistics is not None
        if self._statistics.of_all(inputs):
            return self._statistics.loss_and_gradient_of_part(weights, labels, output_gain)
        of = partial(self._statistics.partial_derivatives, weights, output_gain=output_gain)
        loss, derivatives = self._accumulated(of, inputs, labels)
        return loss, self._statistics.pulled_back(weights, derivatives)

    def _gradients_batched(self, weights: Tensor, output_gain: float) -> tuple[Tensor, Tensor]:
        inputs, labels = self._data["train"]
        return self._batched(weights, inputs_in(inputs, weights.dtype), labels, output_gain, each=None)

    def batch_gradients(self, weights: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean losses (B,) and gradients (B, P) on minibatches: training samples (B, m), a batch per network.

        Where statistics of batch norm follow the weights, a minibatch is normalised by its own, as it is in training.
        """
        all_inputs, labels = self._data["train"]

        def inputs(rows: Tensor) -> Tensor:
            return inputs_in(all_inputs[rows], weights.dtype)

        return self._together_or_looped(
            len(weights),
            lambda: self._batched(weights, inputs(samples), labels[samples], 1.0, each=0),
            lambda: self._looped(weights, [(inputs(own), labels[own]) for own in samples], 1.0),
        )

    def _looped(
        self, weights: Tensor, batches: Sequence[tuple[Tensor, Tensor]], output_gain: float
    ) -> tuple[Tensor, Tensor]:
        if self._statistics:
            of = self._statistics.batch_loss_and_gradient
            return stacked([of(row, *own, output_gain) for row, own in zip(weights, batches, strict=True)])
        each = [partial(self._loss_and_gradient, row, output_gain=output_gain) for row in weights]
        return stacked([self._accumulated(of, *own) for of, own in zip(each, batches, strict=True)])

    def _batched(
        self, weights: Tensor, inputs: Tensor, labels: Tensor, output_gain: float, each: int | None
    ) -> tuple[Tensor, Tensor]:
        def loss(row: Tensor, inputs: Tensor, labels: Tensor) -> Tensor:
            return self.loss.mean(self._logits(row, inputs), labels, output_gain)

        def together(some: Tensor, own: Tensor) -> tuple[Tensor, Tensor]:
            gradients, losses = vmap(grad_and_value(loss), in_dims=(0, each, each))(weights, some, own)
            return losses, gradients

        return mean_over_chunks(together, inputs, labels, self._gradient_chunk, 0 if each is None else 1)

    def _logits(self, weights: Tensor, inputs: Tensor) -> Tensor:
        """Return the logits (m, C) of one network (P,), or of many under vmap."""
        if self._statistics:
            return self._statistics.logits(weights, inputs)
        return as_logits(functional_call(self._skeleton.called(weights.dtype), self.unflatten(weights), (inputs,)))

    def _one_by_one(self, weights: Tensor, inputs: Tensor) -> Tensor:
        return self._logits(weights, inputs)

    def _loss_and_gradient(
        self, weights: Tensor, inputs: Tensor, labels: Tensor, output_gain: float
    ) -> tuple[Tensor, Tensor]:
        """Return the mean loss () and its gradient (P,) where networks are looped over: a place for a faster way."""
        leaf = weights.detach().requires_grad_()
        loss = self.loss.mean(self._logits(leaf, inputs), labels, output_gain)
        (gradient,) = torch.autograd.grad(loss, leaf)
        return loss.detach(), gradient
