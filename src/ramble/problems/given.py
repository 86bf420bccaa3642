"""Networks, data and checkpoints that somebody brings, as one problem and two points of it."""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from functools import partial
from inspect import isroutine
from os import PathLike

import numpy as np
import torch
from torch import Tensor, nn

from ramble.errors import RambleError, kind_of
from ramble.problems.batch_norm import BatchNorm, moving_norms
from ramble.problems.built import checked_copy, copy_of
from ramble.problems.contents import same
from ramble.problems.devices import choose_device
from ramble.problems.named import called, name_of, named_data, named_network
from ramble.problems.network import NetworkProblem
from ramble.problems.problem import Split
from ramble.problems.samples import whole_set
from ramble.problems.skeleton import drawn
from ramble.store.foreign import fitted, read_state
from ramble.store.tensors import digest_of

Network = str | nn.Module | Callable[[], nn.Module]  # the name, the network, or what builds it
Data = object  # a name, or what `whole_set` takes
Checkpoint = str | PathLike[str] | Mapping[str, Tensor] | nn.Module


@dataclass(frozen=True)
class Named:
    """What is given, and what it is called in sentences and in files."""

    text: str  # what was given, where that was a string; else a description
    found_by: str  # the string under which it is found again, or nothing


class GivenProblem(NetworkProblem):
    """A network on the samples that it was given with.

    Args:
        build: returns the network; called again and again, with torch's generator seeded.
        splits: as `NetworkProblem` takes them.
        constants: what in the network's state_dict does not move along a path (frozen weights, buffers), as the
            checkpoints have it; in place of what `build` gives.
        device: where data and weights live.
        batch_norm: as `NetworkProblem` takes it.

    Raises:
        RambleError: as `NetworkProblem` does; the weights are not float32, which files of points hold.
    """

    def __init__(
        self,
        build: Callable[[], nn.Module],
        splits: Mapping[Split, tuple[Tensor, Tensor]],
        constants: Mapping[str, Tensor],
        device: torch.device | str = "cpu",
        batch_norm: BatchNorm | None = None,
    ) -> None:
        self._build, self._constants = build, dict(constants)
        super().__init__(splits, device, batch_norm=batch_norm)
        if self.dtype != torch.float32:
            raise RambleError(
                f"The network's weights are {self.dtype}, and files of points hold torch.float32; give network.float() "
                "and checkpoints of it."
            )

    def build_network(self) -> nn.Module:
        """Return the network with the constants of the checkpoints."""
        network = self._build()
        own = network.state_dict()
        with torch.no_grad():
            for name, value in self._constants.items():
                own[name].copy_(value)  # a state_dict's tensors are the network's own
        return network


@dataclass(frozen=True)
class Given:
    """A problem and the two networks that a path is to join."""

    problem: NetworkProblem
    network: Named
    data: Named
    test: Named | None
    ends: tuple[Named, Named]
    states: tuple[dict[str, Tensor], dict[str, Tensor]]  # whole, under the network's own names
    weights: Tensor  # (2, P), W_a and W_b
    networks: tuple[nn.Module | None, nn.Module | None]  # the ends themselves, where they are no files or state_dicts

    def digest(self, split: Split) -> str:
        """Return the digest of a split's inputs and classes, as the network sees them."""
        inputs, classes = self.problem.data(split)
        return digest_of({"inputs": inputs, "classes": classes})

    @property
    def end_digests(self) -> tuple[str, str]:
        """The digests of both state_dicts."""
        first, second = self.states
        return digest_of(first), digest_of(second)


def given_pair(
    network: Network,
    data: Data,
    a: Checkpoint,
    b: Checkpoint,
    *,
    test: Data | None = None,
    max_errors: float = 0,
    batch_norm: BatchNorm | None = None,
    device: str = "auto",
) -> Given:
    """Build the problem of a network and its data, and read two of its checkpoints.

    Args:
        network: an nn.Module, a function that returns one, or a string that names one of these.
        data: training inputs and labels, see `whole_set`, or a string that names them.
        a: W_a, a file, a state_dict or a network.
        b: W_b.
        test: further inputs and labels, or a string that names them.
        max_errors: that a network may make on the training set: so many, or such a share of it below 1.
        batch_norm: as `NetworkProblem` takes it; None: "reestimate" where the network has batch norm.
        device: auto, cpu, cuda or cuda:N.

    Raises:
        RambleError: anything of it is not there, of the wrong kind, or does not fit the rest.
    """
    chosen = choose_device(device)
    build, network_name = _builder(network)
    built = checked_copy(network_name.text, partial(drawn, build, 0, torch.device("cpu")))
    ends = _end("a", a), _end("b", b)
    states = _states(built, network_name.text, ends, (a, b))
    splits: dict[Split, tuple[Tensor, Tensor]] = {}
    splits["train"], data_name = _samples("data", data)
    test_name = None
    if test is not None:
        splits["test"], test_name = _samples("test", test)
    norms = moving_norms(network_name.text, built)
    if norms and batch_norm is None:
        batch_norm = "reestimate"
    constants = _constants(built, set(norms), ends, states)
    try:
        problem = GivenProblem(build, splits, constants, chosen, batch_norm)
        # a count is often a number of NumPy's
        problem.allow_errors(max_errors.item() if isinstance(max_errors, np.generic) else max_errors)
    except RambleError as error:  # whoever gave a network knows it by its own name
        text = str(error).replace("GivenProblem.build_network", network_name.text)
        data_given = test_name if test_name and "'test'" in text else data_name
        raise RambleError(text.replace("GivenProblem", data_given.text)) from None
    weights = torch.stack([_weights(problem, end.text, state) for end, state in zip(ends, states, strict=True)])
    own = a if isinstance(a, nn.Module) else None, b if isinstance(b, nn.Module) else None
    return Given(problem, network_name, data_name, test_name, ends, states, weights, own)


def _builder(network: Network) -> tuple[Callable[[], nn.Module], Named]:
    """Return what builds the network anew, and what it is called."""
    if isinstance(network, str):
        name, found = Named(network, network), named_network(network)
    else:
        name, found = Named(getattr(network, "__name__", type(network).__name__), name_of(network)), network
    if isinstance(found, nn.Module):
        return partial(copy_of, name.text, found), name
    if not callable(found):
        raise RambleError(f"network: is {kind_of(found)}; give an nn.Module, or a function that returns one.")
    first = called(name.text, found)
    if not isinstance(first, nn.Module):
        raise RambleError(f"{name.text}: returns {kind_of(first)}; return an nn.Module.")
    return found, name


def _end(letter: str, end: Checkpoint) -> Named:
    """Return what an end is called: its file, or its letter."""
    return Named(str(end), str(end)) if isinstance(end, str | PathLike) else Named(letter, "")


def _states(
    built: nn.Module, network: str, ends: tuple[Named, Named], given: tuple[Checkpoint, Checkpoint]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return the state_dicts of both ends; raises RambleError where one is none of this network."""
    wanted = built.state_dict()
    first, second = (
        fitted(end.text, _state(end.text, each), wanted, network) for end, each in zip(ends, given, strict=True)
    )
    return first, second


def _constants(
    built: nn.Module, norms: Set[str], ends: tuple[Named, Named], states: tuple[Mapping[str, Tensor], ...]
) -> dict[str, Tensor]:
    """Return what does not move along a path; raises RambleError where the ends have it not in common.

    Statistics of batch norm are each end's own; see `problems.batch_norm` for what becomes of them.
    """
    moving = {name for name, value in built.named_parameters(remove_duplicate=False) if value.requires_grad}
    first, second = states
    constants = {name: value for name, value in first.items() if name not in moving}
    for name, value in constants.items():
        if name.rpartition(".")[0] not in norms and not same(value, second[name]):
            raise RambleError(
                f"{ends[1].text}: has another '{name}' than {ends[0].text}, and that does not move along a path "
                "(requires_grad is False, or it is a buffer); give two networks that have it in common."
            )
    return constants


def _state(name: str, end: Checkpoint) -> Mapping[str, Tensor]:
    if isinstance(end, str | PathLike):
        return read_state(str(end))
    if isinstance(end, nn.Module):
        return end.state_dict()
    if not isinstance(end, Mapping) or not all(isinstance(value, Tensor) for value in end.values()):
        raise RambleError(f"{name}: is {kind_of(end)}; give a file, a state_dict or an nn.Module.")
    return end


def _samples(name: str, data: Data) -> tuple[tuple[Tensor, Tensor], Named]:
    """Return inputs and labels, and what they are called."""
    if isinstance(data, str):
        return named_data(data), Named(data, data)
    if isroutine(data):
        return whole_set(name, called(name, data)), Named(name, name_of(data))
    return whole_set(name, data), Named(name, "")


def _weights(problem: NetworkProblem, end: str, state: Mapping[str, Tensor]) -> Tensor:
    try:
        weights = problem.weights_of(state)
    except RambleError as error:
        raise RambleError(f"{end}: {error}; give two checkpoints of one network.") from None
    if not bool(torch.isfinite(weights).all()):
        raise RambleError(f"{end}: has weights that are not finite; give a trained network.")
    return weights
