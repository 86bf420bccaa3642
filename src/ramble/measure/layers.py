"""How large the values of a network's layers are, and the gradients that come back to them."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy


@dataclass(frozen=True)
class Layer:
    """One layer with weights, from the input on.

    Attributes:
        name: of the layer in the network.
        output: root mean square of its outputs over samples and units.
        gradient: of the derivative of the mean loss in its outputs, times the number of samples: of one sample's loss.
        weight_gradient: of the derivative of the mean loss in its weights.
    """

    name: str
    output: float
    gradient: float
    weight_gradient: float


def layer_sizes(network: nn.Module, inputs: Tensor, labels: Tensor) -> list[Layer]:
    """Return a row for each layer that has a matrix or kernel of weights, in the order in which they are called.

    The network is taken as it is, in evaluation mode; the loss is the cross-entropy of its logits.

    Args:
        network: logits (M, C) of inputs (M, ..).
        inputs: (M, ..), of the type of the weights.
        labels: (M,) classes.
    """
    outputs: dict[str, Tensor] = {}
    layers = {name: one for name, one in network.named_modules() if _has_matrix(one)}

    def keep(name: str) -> None:
        def hook(_: nn.Module, __: tuple[Tensor, ...], output: Tensor) -> None:
            output.retain_grad()
            outputs[name] = output

        handles.append(layers[name].register_forward_hook(hook))

    handles: list[torch.utils.hooks.RemovableHandle] = []
    training = network.training
    network.eval().zero_grad()
    try:
        for name in layers:
            keep(name)
        cross_entropy(network(inputs), labels).backward()
    finally:
        for handle in handles:
            handle.remove()
        network.train(training)
    return [_row(name, layers[name], output, len(inputs)) for name, output in outputs.items()]


def _has_matrix(module: nn.Module) -> bool:
    weight = getattr(module, "weight", None)
    return isinstance(weight, nn.Parameter) and weight.dim() >= 2


def _row(name: str, layer: nn.Module, output: Tensor, samples: int) -> Layer:
    weight = layer.weight
    assert isinstance(weight, nn.Parameter)
    assert weight.grad is not None
    assert output.grad is not None
    return Layer(name, _size(output), samples * _size(output.grad), _size(weight.grad))


def _size(values: Tensor) -> float:
    """Return the root mean square; squares would overflow where values explode, so these are divided by the largest."""
    values = values.detach().double()
    largest = float(values.abs().max())
    return largest * float((values / largest).square().mean().sqrt()) if 0 < largest < torch.inf else largest


def product_sizes(matrices: Tensor, vector: Tensor, factors: Mapping[str, float]) -> dict[str, Tensor]:
    """Return |W_l .. W_1 x| / |x| (l,) after each of some layers W_i times c, for several c by their names.

    Args:
        matrices: W_i (layers, N, N) before the multiplication by c, float64.
        vector: x (N,).
        factors: c by name.
    """
    found = {}
    for name, factor in factors.items():
        values, sizes = vector, []
        for matrix in matrices:
            values = factor * (matrix @ values)
            sizes.append(values.norm() / vector.norm())
        found[name] = torch.stack(sizes)
    return found
