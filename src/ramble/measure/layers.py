"""How large the values of a network's layers are, and the gradients that come back to them."""

from collections.abc import Callable, Mapping
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
    layers = {name: one for name, one in network.named_modules() if _has_matrix(one)}
    outputs: dict[str, Tensor] = {}

    def kept(name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        return lambda _, __, output: outputs.update({name: output})

    handles = [layer.register_forward_hook(kept(name)) for name, layer in layers.items()]
    training = network.training
    network.eval()
    try:
        loss = cross_entropy(network(inputs), labels)
    finally:
        for handle in handles:
            handle.remove()
        network.train(training)
    weights = [layers[name].get_parameter("weight") for name in outputs]
    gradients = torch.autograd.grad(loss, [*outputs.values(), *weights])
    of_outputs, of_weights = gradients[: len(outputs)], gradients[len(outputs) :]
    return [
        Layer(name, _size(output), len(inputs) * _size(of_output), _size(of_weight))
        for (name, output), of_output, of_weight in zip(outputs.items(), of_outputs, of_weights, strict=True)
    ]


def _has_matrix(module: nn.Module) -> bool:
    weight = getattr(module, "weight", None)
    return isinstance(weight, nn.Parameter) and weight.dim() >= 2


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
