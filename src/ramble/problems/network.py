"""Any torch module as a problem: one training set, classes as labels, cross-entropy as loss."""

import logging
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, vmap

from ramble.errors import RambleError
from ramble.problems.curvature import AutogradCurvature, MinibatchCurvature
from ramble.problems.margins import margins, mean_loss
from ramble.problems.problem import DOUBTFUL, Problem, Split, layers_of

logger = logging.getLogger("ramble")

# Images evaluated at a time: the activations of more fall out of the caches, and memory would grow with the data.
CHUNK = 500

T = TypeVar("T")


class NetworkProblem(Problem):
    """A network given as an `nn.Module` and one data set held on the device.

    Subclasses say which network (`build_network`) and pass the tensors. Chains are looped over on the CPU and
    batched with vmap on a GPU: for LeNet5 on 100 images and one CPU thread, three gradients take 54 ms one by one and
    72 ms with vmap. Where a device runs out of memory fewer inputs, and one network at a time, are tried, and kept to.

    Args:
        splits: inputs and integer labels of "train" and, where there are any, "validation" and "test".
        device: where data and weights live.
    """

    n_datasets = 1

    def __init__(self, splits: Mapping[Split, tuple[Tensor, Tensor]], device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self._chunk, self._batches_chains = CHUNK, self.device.type == "cuda"
        self.splits = tuple(splits)
        self._data = {
            split: (_channels_last(inputs.to(self.device)), labels.to(self.device, torch.int64))
            for split, (inputs, labels) in splits.items()
        }
        # the skeleton's own weights never matter; meta tensors keep it from drawing random numbers
        with torch.device("meta"):
            self._skeleton = self.build_network()
        self._skeleton.eval()
        self.shapes = {name: tuple(value.shape) for name, value in self._skeleton.state_dict().items()}
        self._refuse_other_state()
        self.layers = layers_of(self.shapes)
        self.metadata = {}

    @property
    def n_samples(self) -> int:
        """M, the number of training samples."""
        return len(self._data["train"][1])

    @abstractmethod
    def build_network(self) -> nn.Module:
        """Return the network; its initialisation is what `initial_weights` draws."""

    def _refuse_other_state(self) -> None:
        """Paths are made of weights: what else a network keeps would stay behind, and one weight has one name."""
        others = sorted(set(self.shapes) - {name for name, _ in self._skeleton.named_parameters()})
        if others:
            raise RambleError(
                f"{type(self).__name__}.build_network: '{others[0]}' is kept beside the weights (running statistics "
                "of batch norm, a buffer, a weight under a second name); use layers without it, such as GroupNorm"
            )

    def data(self, split: Split) -> tuple[Tensor, Tensor]:
        """Return the inputs and labels of a split, as the network sees them."""
        return self._data[split]

    def network(self, weights: Tensor) -> nn.Module:
        """Return the network with the flat weights (P,) loaded, in their dtype, on the device."""
        with torch.random.fork_rng(devices=[]):  # the initial weights are drawn only to be overwritten
            network = self.build_network().to(self.device, weights.dtype)
        network.load_state_dict(self.unflatten(weights))
        return network.requires_grad_().eval()

    def curvature(self, network: nn.Module) -> MinibatchCurvature:
        """Return products with second derivatives of a network of this problem: a place for a faster way."""
        return AutogradCurvature(network)

    def initial_weights(self, random: torch.Generator) -> Tensor:
        """Build the network anew with torch's global generator seeded from `random`, and leave that one as it was."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(torch.randint(2**62, (), generator=random)))
            return self.flatten(self.build_network().state_dict()).detach().float()

    def labels(self, datasets: Tensor, split: Split = "train") -> Tensor:
        """Return the classes (B, M)."""
        return self._data[split][1].expand(len(datasets), -1)

    def outputs(self, weights: Tensor, datasets: Tensor, split: Split = "train") -> Tensor:
        """Return the logits (B, M, C)."""
        inputs = self._data[split][0].to(weights.dtype)

        def together() -> Tensor:
            batched = vmap(self._logits, in_dims=(0, None))
            return torch.cat([batched(weights, chunk) for chunk in torch.split(inputs, self._chunk)], dim=1)

        def looped() -> Tensor:
            return torch.stack([self._in_chunks(partial(self._one_by_one, row), inputs) for row in weights])

        with torch.no_grad():
            return self._together_or_looped(len(weights), together, looped)

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

    def gradients(self, weights: Tensor, datasets: Tensor, output_gain: float = 1.0) -> tuple[Tensor, Tensor]:
        """Return losses (B,) and gradients (B, P)."""
        return self._together_or_looped(
            len(weights),
            lambda: self._gradients_batched(weights, output_gain),
            lambda: self._gradients_looped(weights, output_gain),
        )

    def _gradients_looped(self, weights: Tensor, output_gain: float) -> tuple[Tensor, Tensor]:
        inputs, labels = self._data["train"]
        batches = [(inputs.to(weights.dtype), labels)] * len(weights)
        return self._looped(weights, batches, output_gain)

    def _gradients_batched(self, weights: Tensor, output_gain: float) -> tuple[Tensor, Tensor]:
        inputs, labels = self._data["train"]
        return self._batched(weights, inputs.to(weights.dtype), labels, output_gain, each=None)

    def batch_gradients(self, weights: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean losses (B,) and gradients (B, P) on minibatches: training samples (B, m), a batch per network."""
        inputs, labels = self._data["train"]
        return self._together_or_looped(
            len(weights),
            lambda: self._batched(weights, inputs[samples].to(weights.dtype), labels[samples], 1.0, each=0),
            lambda: self._looped(weights, [(inputs[own].to(weights.dtype), labels[own]) for own in samples], 1.0),
        )

    def _looped(
        self, weights: Tensor, batches: Sequence[tuple[Tensor, Tensor]], output_gain: float
    ) -> tuple[Tensor, Tensor]:
        try:
            found = [self._loss_and_gradient(row, *own, output_gain) for row, own in zip(weights, batches, strict=True)]
        except torch.OutOfMemoryError:
            raise RambleError(
                f"The device has no memory for the gradient of one network on {len(batches[0][1])} training samples; "
                "lower `batch` of the solutions and trackers, or the number of training samples where they have none."
            ) from None
        losses, gradients = zip(*found, strict=True)
        return torch.stack(losses), torch.stack(gradients)

    def _batched(
        self, weights: Tensor, inputs: Tensor, labels: Tensor, output_gain: float, each: int | None
    ) -> tuple[Tensor, Tensor]:
        def loss(row: Tensor, inputs: Tensor, labels: Tensor) -> Tensor:
            return mean_loss(self._logits(row, inputs), labels, output_gain)

        gradients, losses = vmap(grad_and_value(loss), in_dims=(0, each, each))(weights, inputs, labels)
        return losses, gradients

    @torch.no_grad()
    def batch_margins(self, weights: Tensor, samples: Tensor) -> Tensor:
        """Return the margins (m,) of one network (P,) on some training samples (m,), in the dtype of the weights.

        For a first look: where rounding could decide a sign, `sample_margins` does not leave it to this dtype.
        """
        inputs, labels = self._data["train"]

        def margins_of(rows: Tensor) -> Tensor:
            return margins(self._one_by_one(weights, _channels_last(inputs[rows].to(weights.dtype))), labels[rows])

        return self._in_chunks(margins_of, samples)

    def _decided(self, sample_margins: Tensor, outputs: Tensor, weights: Tensor, datasets: Tensor) -> Tensor:
        """Compute again, in float64, only the samples in doubt: float64 is ten times slower for convolutions."""
        if weights.dtype == torch.float32:
            scale = outputs.flatten(1).abs().amax(1, keepdim=True)
            for row, doubtful in enumerate(sample_margins.abs() <= DOUBTFUL * scale):
                samples = doubtful.nonzero().squeeze(1)
                if len(samples):
                    sample_margins[row, samples] = self.batch_margins(weights[row].double(), samples)
        return sample_margins

    def _logits(self, weights: Tensor, inputs: Tensor) -> Tensor:
        """Return the logits (m, C) of one network (P,), or of many under vmap."""
        logits: Tensor = functional_call(self._skeleton, self.unflatten(weights), (inputs,))
        return logits

    def _one_by_one(self, weights: Tensor, inputs: Tensor) -> Tensor:
        """Return the same where networks are looped over, without derivatives: a place for a faster way."""
        return self._logits(weights, inputs)

    def _loss_and_gradient(
        self, weights: Tensor, inputs: Tensor, labels: Tensor, output_gain: float
    ) -> tuple[Tensor, Tensor]:
        """Return the mean loss () and its gradient (P,) where networks are looped over: a place for a faster way."""
        leaf = weights.detach().requires_grad_()
        loss = mean_loss(self._logits(leaf, inputs), labels, output_gain)
        (gradient,) = torch.autograd.grad(loss, leaf)
        return loss.detach(), gradient


def _channels_last(inputs: Tensor) -> Tensor:
    """Return images (M, C, H, W) with the channels innermost in memory, everything else as it is.

    Pooling and convolutions then run vectorised: a gradient of LeNet5 takes a quarter less time on a CPU. `.to` would
    change nothing for one channel, whose strides fit both orders.
    """
    if inputs.dim() != 4:
        return inputs
    return torch.empty_like(inputs, memory_format=torch.channels_last).copy_(inputs)
