"""Batch norm folded into the layer before it: in evaluation mode the two are one affine map.

With running mean m, variance v, weight g and bias b, a layer W x + c followed by batch norm is W' x + c', where
W' = g W / sqrt(v + eps) and c' = g (c - m) / sqrt(v + eps) + b, by output channel. That is exact in real arithmetic;
W' and c' are computed in float64 and rounded once. The folded network has no statistics, and is walked as it is.

Which layer comes before is seen while the network runs: the one whose output is the input of batch norm, the very
tensor. That nothing else takes that output is held against the network itself, at random weights and statistics.
"""

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils import parametrize
from torch.nn.utils.fusion import fuse_conv_bn_weights

from ramble.errors import RambleError
from ramble.problems.batch_norm import moving_norms
from ramble.problems.skeleton import Skeleton, load

# A tensor, and how often it was written to: the same tensor may not be the same numbers any more.
Seen = tuple[Tensor, int]
Calls = dict[str, list[tuple[Seen, Seen]]]  # by module: what it took and what it gave, at every call
Layer = nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Linear
# Of the largest output: what float64 outputs may change by. Folding rounds to 1e-16; an output that something else
# takes shows whole.
ROUNDING = 1e-9
TRIALS = 3
INSTEAD = "give batch_norm='reestimate' instead"


class Folding:
    """What is folded into what, in one network.

    Args:
        where: names the network in errors.
        skeleton: of the network, not folded.
        sample: a few inputs (m, ...), which it is run on.

    Raises:
        RambleError: some batch norm cannot be folded; the sentence names it and says why.
    """

    def __init__(self, where: str, skeleton: Skeleton, sample: Tensor) -> None:
        self._where, self.skeleton = where, skeleton
        self._norms = tuple(moving_norms(where, skeleton.module))
        if not self._norms:
            raise RambleError(f"{where}: the network has no batch norm to fold; leave batch_norm out.")
        plain = skeleton.copied(torch.float64)
        inputs = sample.double() if sample.is_floating_point() else sample
        self._before = self._layers_before(plain, inputs)
        random = torch.Generator().manual_seed(0)
        for _ in range(TRIALS):
            _shake(plain, random)
            self._refuse_difference(plain, inputs)

    def folded(self, network: nn.Module) -> nn.Module:
        """Return a copy of a network of this make, in evaluation mode, with batch norm folded; names stay.

        A tensor moves along paths where it comes from one that does, of the layer or of batch norm.
        """
        network = copy.deepcopy(network).eval()
        layers = dict(network.named_modules(remove_duplicate=False))
        for name, before in self._before.items():
            norm, layer = layers[name], layers[before]
            assert isinstance(norm, _BatchNorm)
            assert isinstance(layer, Layer)
            _fold(norm, layer)
            for other, module in layers.items():
                if module is norm:
                    parent, _, last = other.rpartition(".")
                    layers[parent]._modules[last] = nn.Identity()
        return network

    def folded_state(self, state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """Return a state_dict of the network as folded; one that has nothing to fold is returned as it is.

        Raises:
            RambleError: it has statistics, and is none of this network's.
        """
        if not any(f"{name}.running_mean" in state for name in self._norms):
            return state
        # in the dtype that it has, which is looked at later
        network = self.skeleton.copied(next(value.dtype for value in state.values() if value.is_floating_point()))
        both = state, network.state_dict()
        forms, wanted = ({name: tuple(value.shape) for name, value in each.items()} for each in both)
        if forms != wanted:
            raise RambleError(f"holds {forms}, the network of this study has {wanted} before batch norm is folded")
        load(network, state)
        folded: Mapping[str, Tensor] = self.folded(network).state_dict()
        return folded

    def _layers_before(self, network: nn.Module, inputs: Tensor) -> dict[str, str]:
        """Return the name of the layer before each batch norm."""
        found = {}
        with _calls(network) as calls, torch.no_grad():
            with suppress(Exception):  # a network that fails is refused later, by its own words
                network(inputs)
            for name in self._norms:
                found[name] = self._layer_before(name, calls)
        shared = {name for name, own in found.items() if list(found.values()).count(own) > 1}
        if shared:
            raise RambleError(
                f"{self._where}: batch norms '{min(shared)}' and '{max(shared)}' come after one layer, "
                f"'{found[min(shared)]}', which cannot take both; {INSTEAD}."
            )
        layers = dict(network.named_modules())
        for name, before in found.items():
            self._refuse_kept_weights(name, before, layers[before], network)
        return found

    def _layer_before(self, name: str, calls: "Calls") -> str:
        own = calls.get(name, [])
        if len(own) != 1:
            how, remedy = f"used {len(own)} times in a forward pass", "use one layer for each place"
            if not own:
                how = "not called as a layer in evaluation mode"
                remedy = "leave what only training uses out of the network and of its checkpoints"
            raise RambleError(f"{self._where}: batch norm '{name}' is {how} and cannot be folded; {remedy}.")
        ((taken, _),) = own
        makers = [other for other, made in calls.items() if other != name and any(_same(out, taken) for _, out in made)]
        makers = [other for other in makers if other not in self._norms]
        if len(makers) != 1:
            raise RambleError(
                f"{self._where}: no convolution or linear layer stands straight before batch norm '{name}', so it "
                f"cannot be folded; {INSTEAD}."
            )
        if len(calls[makers[0]]) > 1:
            raise RambleError(
                f"{self._where}: '{makers[0]}', before batch norm '{name}', is used {len(calls[makers[0]])} times in a "
                f"forward pass, so batch norm cannot be folded into it; {INSTEAD}."
            )
        return makers[0]

    def _refuse_kept_weights(self, name: str, before: str, layer: nn.Module, network: nn.Module) -> None:
        """Refuse a layer whose weights are computed, or are those of another layer too."""
        if parametrize.is_parametrized(layer):
            raise RambleError(
                f"{self._where}: the weights of '{before}', before batch norm '{name}', are computed by a "
                f"parametrisation, so batch norm cannot be folded into them; {INSTEAD}."
            )
        own = {id(value) for value in layer.parameters(recurse=False)}
        names = [other for other, value in network.named_parameters(remove_duplicate=False) if id(value) in own]
        foreign = [other for other in names if other.rpartition(".")[0] != before]
        if foreign:
            raise RambleError(
                f"{self._where}: '{foreign[0]}' is tied to '{before}', before batch norm '{name}', so batch norm "
                f"cannot be folded into it; {INSTEAD}."
            )

    def _refuse_difference(self, network: nn.Module, inputs: Tensor) -> None:
        """Refuse to fold where that changes what a network, float64, makes of inputs."""
        with torch.no_grad():
            try:
                expected = network(inputs)
            except Exception:  # the same: its own words are said where it is tried
                return
            try:
                found = self.folded(network)(inputs)
            except Exception as error:
                raise RambleError(
                    f"{self._where}: the network fails once batch norm is folded ({type(error).__name__}: {error}), "
                    f"for it looks at the layer itself; {INSTEAD}."
                ) from error
        if not isinstance(expected, Tensor) or not expected.isfinite().all():
            return
        off, largest = float((found - expected).abs().max()), float(expected.abs().max())
        if not off <= ROUNDING * largest:
            raise RambleError(
                f"{self._where}: folding batch norm changes the outputs, by {off:.2g} where the largest is "
                f"{largest:.2g}: the output of a layer before batch norm is used elsewhere too, or batch norm looks at "
                f"the batch in evaluation mode; {INSTEAD}."
            )


def _same(first: Seen, second: Seen) -> bool:
    return first[0] is second[0] and first[1] == second[1]


def _fold(norm: _BatchNorm, layer: Layer) -> None:
    """Give a layer the weights and the bias that it has together with the batch norm after it."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    given = (layer.weight, layer.bias, norm.running_mean, norm.running_var, norm.weight, norm.bias)
    weight, bias, mean, variance, scale, shift = (None if each is None else each.detach().double() for each in given)
    assert weight is not None
    assert mean is not None
    assert variance is not None
    weight_moves = any(value.requires_grad for value in (layer.weight, norm.weight) if value is not None)
    bias_moves = any(value.requires_grad for value in (layer.bias, norm.bias) if value is not None)
    dtype = layer.weight.dtype
    folded_weight, folded_bias = fuse_conv_bn_weights(weight, bias, mean, variance, norm.eps, scale, shift)
    layer.weight = nn.Parameter(folded_weight.detach().to(dtype), requires_grad=weight_moves)
    layer.bias = nn.Parameter(folded_bias.detach().to(dtype), requires_grad=weight_moves or bias_moves)


def _shake(network: nn.Module, random: torch.Generator) -> None:
    """Move all weights and statistics at random, so that none is one that hides what is done to it."""
    with torch.no_grad():
        for value in network.parameters():
            noise = torch.randn(value.shape, generator=random, dtype=torch.float64)
            value.add_(0.3 * noise.to(value))
        for norm in network.modules():
            if isinstance(norm, _BatchNorm) and norm.running_mean is not None and norm.running_var is not None:
                norm.running_mean += torch.randn(norm.running_mean.shape, generator=random).to(norm.running_mean)
                norm.running_var += torch.rand(norm.running_var.shape, generator=random).to(norm.running_var)


@contextmanager
def _calls(network: nn.Module) -> Iterator[Calls]:
    """Keep, by name, what layers that matter here take and give while the network runs inside."""
    calls: Calls = {}
    handles = []
    for name, module in network.named_modules():
        if isinstance(module, _BatchNorm | Layer):

            def keep(_: nn.Module, given: tuple[Tensor, ...], made: Tensor, name: str = name) -> None:
                calls.setdefault(name, []).append(((given[0], given[0]._version), (made, made._version)))

            handles.append(module.register_forward_hook(keep))
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()
