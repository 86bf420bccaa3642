"""Proof that a straight segment of a ReLU network's weights makes no error: lower bounds of all its margins.

The network must be an `nn.Sequential` of Linear, Conv2d, ReLU, MaxPool2d and Flatten that ends in a Linear layer. Where
a bound is not positive the piece is halved, for the samples concerned only.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ramble.certificates.affine import Form, Piece, affine, constant, convolve, max_pool, relu
from ramble.problems.network import NetworkProblem
from ramble.problems.problem import Problem

# No proof is tried for more samples: one segment takes seconds for a hundred of them.
MOST_SAMPLES = 2000
# Samples bounded at a time: more fall out of the caches, and memory would grow with the data.
CHUNK = 50


@dataclass(frozen=True)
class SoundBound:
    """What the proof of one segment came to."""

    min_margin: float  # rigorous lower bound on the samples and pieces that could be decided
    proven: bool  # were all decided?
    pieces: int  # pieces of the segment that were looked at


@dataclass(frozen=True)
class MovingLayer:
    """The weights of one Linear or Conv2d layer at both ends of the segment, as float64 matrices."""

    start: Tensor  # (..., O, n)
    end: Tensor  # (..., O, n)
    bias_start: Tensor  # (..., O)
    bias_end: Tensor  # (..., O)
    size: Tensor  # (..., O) see Piece

    def piece(self, low: float, high: float) -> Piece:
        """Return the weights on the piece [low, high] of the segment [0, 1]."""
        middle, half = (low + high) / 2, (high - low) / 2
        return Piece(
            torch.lerp(self.start, self.end, middle),
            (self.end - self.start) * half,
            torch.lerp(self.bias_start, self.bias_end, middle),
            (self.bias_end - self.bias_start) * half,
            self.size,
        )


def can_prove(problem: Problem) -> bool:
    """Tell whether this module can bound the problem's network on its training samples, in reasonable time."""
    if not isinstance(problem, NetworkProblem) or problem.n_samples > MOST_SAMPLES:
        return False
    with torch.device("meta"):
        network = problem.build_network()
    if not isinstance(network, nn.Sequential) or not all(_is_supported(layer) for layer in network):
        return False
    return isinstance(network[-1], nn.Linear)


def _is_supported(layer: nn.Module) -> bool:
    match layer:
        case nn.Linear() | nn.ReLU():
            return True
        case nn.Flatten():
            return (layer.start_dim, layer.end_dim) == (1, -1)
        case nn.Conv2d():
            return layer.groups == 1 and layer.padding_mode == "zeros" and not isinstance(layer.padding, str)
        case nn.MaxPool2d():
            plain = (layer.padding, layer.dilation, layer.ceil_mode, layer.return_indices) == (0, 1, False, False)
            return plain and layer.stride == layer.kernel_size
    return False


def prove_segment(problem: Problem, start: Tensor, end: Tensor, resolution: float) -> SoundBound:
    """Bound the margins of all training samples from below on the segment from start to end (P,).

    Args:
        problem: one for which `can_prove` holds.
        start: weights at t = 0.
        end: weights at t = 1.
        resolution: pieces down to this share of the segment are tried before giving up.

    Returns:
        The smallest lower bound; the network is meant in exact arithmetic, on its inputs as they are stored.
    """
    assert isinstance(problem, NetworkProblem)
    network = MovingNetwork(problem, start, end)
    inputs, labels = problem.data("train")
    pending = [(0.0, 1.0, torch.arange(len(labels), device=labels.device))]
    smallest, pieces = torch.inf, 0
    while pending:
        low, high, samples = pending.pop()
        bounds = network.bounds(low, high, inputs[samples], labels[samples])
        pieces += 1
        decided = bounds > 0
        smallest = min(smallest, float(bounds[decided].min())) if decided.any() else smallest
        if not decided.all():
            if high - low <= resolution:
                return SoundBound(smallest, False, pieces)
            middle, rest = (low + high) / 2, samples[~decided]
            pending += [(middle, high, rest), (low, middle, rest)]
    return SoundBound(smallest, True, pieces)


class MovingNetwork:
    """A Sequential whose weights walk from start to end (P,)."""

    def __init__(self, problem: NetworkProblem, start: Tensor, end: Tensor) -> None:
        with torch.device("meta"):
            self._layers = dict(problem.build_network().named_children())
        states = [problem.unflatten(weights.to(problem.device, torch.float64)) for weights in (start, end)]
        self._moving = {
            name: _moving_layer(name, layer, *states)
            for name, layer in self._layers.items()
            if isinstance(layer, nn.Linear | nn.Conv2d)
        }

    def bounds(self, low: float, high: float, inputs: Tensor, labels: Tensor) -> Tensor:
        """Return lower bounds (M,) of the margins of inputs (M, ...) with classes (M,) for all t in [low, high]."""
        pieces = {name: layer.piece(low, high) for name, layer in self._moving.items()}
        chunks = zip(torch.split(inputs, CHUNK), torch.split(labels, CHUNK), strict=True)
        return torch.cat([self._chunk_bounds(pieces, images.double(), classes) for images, classes in chunks])

    def _chunk_bounds(self, pieces: Mapping[str, Piece], inputs: Tensor, labels: Tensor) -> Tensor:
        form = constant(inputs)
        *inner, last = self._layers
        for name in inner:
            form = _through(form, self._layers[name], pieces.get(name))
        # rows of the last layer: true class minus each class, so that what both logits share cancels
        ahead = affine(form.map(lambda values: values.unsqueeze(2)), _differences(pieces[last], labels))
        bounds = ahead.lower.squeeze(2).scatter(1, labels.unsqueeze(1), torch.inf)
        return bounds.amin(1)


def _moving_layer(
    name: str, layer: nn.Linear | nn.Conv2d, start: Mapping[str, Tensor], end: Mapping[str, Tensor]
) -> MovingLayer:
    matrices = [state[f"{name}.weight"].flatten(1) for state in (start, end)]
    nothing = torch.zeros_like(matrices[0][:, 0])
    biases = [state[f"{name}.bias"] if layer.bias is not None else nothing for state in (start, end)]
    size = sum((each.abs().sum(1) for each in matrices), nothing) + sum((each.abs() for each in biases), nothing)
    return MovingLayer(matrices[0], matrices[1], biases[0], biases[1], size)


def _through(form: Form, layer: nn.Module, piece: Piece | None) -> Form:
    """Pass a form through one layer; `piece` where the layer has weights."""
    match layer:
        case nn.Conv2d():
            assert piece is not None
            return convolve(form, piece, layer)
        case nn.Linear():
            assert piece is not None
            # samples side by side as columns: one matrix product for all of them
            columns = form.map(lambda values: values.flatten(0, -2).T.unsqueeze(0))
            return affine(columns, piece).map(lambda values: values[0].T.reshape(*form.centre.shape[:-1], -1))
        case nn.MaxPool2d():
            size = layer.kernel_size
            return max_pool(form, (size, size) if isinstance(size, int) else size)
        case nn.Flatten():
            return form.map(lambda values: values.flatten(1))
    return relu(form)


def _differences(piece: Piece, labels: Tensor) -> Piece:
    """Return the layer (M, C, n) whose outputs are the true class's output minus that of each class."""

    def ahead(rows: Tensor) -> Tensor:
        return rows[labels].unsqueeze(1) - rows.unsqueeze(0)

    size = piece.size[labels].unsqueeze(1) + piece.size.unsqueeze(0)
    return Piece(ahead(piece.centre), ahead(piece.half), ahead(piece.bias_centre), ahead(piece.bias_half), size)
