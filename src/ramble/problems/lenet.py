"""LeNet5 on MNIST (section 3.2)."""

from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ramble.errors import RambleError, check_number
from ramble.problems.checks import tensor_called
from ramble.problems.curvature import MinibatchCurvature
from ramble.problems.lenet_derivatives import LeNet5Curvature, Tape
from ramble.problems.losses import CROSS_ENTROPY
from ramble.problems.network import NetworkProblem
from ramble.problems.pooled_convolution import patches, pooled_convolution
from ramble.problems.problem import Split


class LeNet5(nn.Sequential):
    """Two convolutions (6 and 16 kernels of 5 x 5, the first padded by 2) with 2 x 2 max-pooling, then 120-84-10.

    Logits (M, 10) of images (M, 1, 28, 28). 61,706 weights; ReLU; Xavier weights and zero biases. Pooling stands
    before the ReLU: the two commute, and a quarter of the values is left for the second.
    """

    def __init__(self) -> None:
        super().__init__(
            OrderedDict(
                conv1=nn.Conv2d(1, 6, 5, padding=2),
                pool1=nn.MaxPool2d(2),
                relu1=nn.ReLU(),
                conv2=nn.Conv2d(6, 16, 5),
                pool2=nn.MaxPool2d(2),
                relu2=nn.ReLU(),
                flatten=nn.Flatten(),
                fc1=nn.Linear(400, 120),
                relu3=nn.ReLU(),
                fc2=nn.Linear(120, 84),
                relu4=nn.ReLU(),
                fc3=nn.Linear(84, 10),
            )
        )
        for module in self:
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                assert module.bias is not None
                nn.init.zeros_(module.bias)


class LeNet5Problem(NetworkProblem):
    """LeNet5 on one set of images.

    Args:
        datasets: one dictionary with `train_images` (M, 28, 28) uint8, `train_labels` (M,), the same for `test`, and
            where there are any for `validation`.
        input_mean: subtracted from pixel / 255.
        input_std: divides the difference; positive.
        loss: "cross-entropy", or "squared-error" (see `losses`).
        device: where images and weights live.

    Raises:
        RambleError: mean or deviation is no such number; images are not uint8, and would be normalised twice, or are of
            another size; what `NetworkProblem` refuses.
    """

    def __init__(
        self,
        datasets: Sequence[dict[str, Tensor]],
        *,
        input_mean: float,
        input_std: float,
        loss: str = CROSS_ENTROPY.name,
        device: torch.device | str = "cpu",
    ) -> None:
        check_number("problem.arguments.input_mean", input_mean)
        check_number("problem.arguments.input_std", input_std, above=0)
        if len(datasets) != 1:
            raise RambleError(f"problem LeNet5Problem: takes one data set and is given {len(datasets)}; give one.")
        (tensors,) = datasets
        splits: list[Split] = ["train", "test"]
        if "validation_images" in tensors:
            splits.insert(1, "validation")
        for name in (f"{split}_images" for split in splits):
            images = tensor_called("problem LeNet5Problem", tensors, name)
            if images.dtype != torch.uint8:
                raise RambleError(
                    f"problem LeNet5Problem: {name} are {images.dtype}, not raw pixels (uint8), and would be "
                    "normalised twice; let the data maker return them as they are."
                )
            if images.dim() != 3 or images.shape[1:] != (28, 28):
                raise RambleError(
                    f"problem LeNet5Problem: {name} have the shape {tuple(images.shape)}; give (M, 28, 28)."
                )

        def pixels(images: Tensor) -> Tensor:
            return ((images.float() / 255 - input_mean) / input_std).unsqueeze(1)

        labels = {split: tensor_called("problem LeNet5Problem", tensors, f"{split}_labels") for split in splits}
        given = {split: (pixels(tensors[f"{split}_images"]), labels[split]) for split in splits}
        super().__init__(given, device, loss=loss)
        self.metadata = {"input_mean": input_mean, "input_std": input_std}
        # another network, of a subclass, has other derivatives
        self._written_out = self.device.type == "cpu" and type(self._skeleton.module) is LeNet5
        modules = list(self._skeleton.module.named_children())
        self._after_first_stage = nn.Sequential(OrderedDict(modules[3:]))

    def build_network(self) -> nn.Module:
        """Return a LeNet5 with fresh Xavier weights."""
        return LeNet5()

    def curvature(self, network: nn.Module) -> MinibatchCurvature:
        """Return products written out for LeNet5 on a CPU, else those of autograd."""
        return LeNet5Curvature(network, self.loss) if self._written_out else super().curvature(network)

    def _one_by_one(self, weights: Tensor, inputs: Tensor) -> Tensor:
        """Take convolution, pooling and ReLU of the first stage in one."""
        if not self._written_out:
            return super()._one_by_one(weights, inputs)
        state = self.unflatten(weights)
        maps = pooled_convolution(inputs, state.pop("conv1.weight"), state.pop("conv1.bias"))
        logits: Tensor = functional_call(self._after_first_stage, state, (maps,))
        return logits

    def _loss_and_gradient(
        self, weights: Tensor, inputs: Tensor, labels: Tensor, output_gain: float
    ) -> tuple[Tensor, Tensor]:
        """Take the gradient that is written out."""
        if not self._written_out:
            return super()._loss_and_gradient(weights, inputs, labels, output_gain)
        pixels = self._train_pixels if inputs is self.data("train")[0] else patches(inputs, 5)
        tape = Tape(pixels, list(self.unflatten(weights).values()), self.loss)
        return self.loss.mean(tape.logits, labels, output_gain), tape.gradient(labels, output_gain)

    @cached_property
    def _train_pixels(self) -> Tensor:
        """What the first stage sees of the training images, for gradients on all of them again and again."""
        return patches(self.data("train")[0], 5)
