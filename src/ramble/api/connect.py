"""From two checkpoints to a certified path."""

import time
from pathlib import Path
from tempfile import TemporaryFile

from ramble.api.connection import Connection
from ramble.api.ends import checked_ends
from ramble.api.folder import FILE, refuse_other_path
from ramble.api.route import deadline, find_route, settings_for
from ramble.errors import RambleError
from ramble.problems.batch_norm import BatchNorm
from ramble.problems.given import Checkpoint, Data, Given, Network, given_pair
from ramble.store.checkpoints import Checkpoint as State
from ramble.store.checkpoints import checkpoint_of, key_of
from ramble.store.headers import Status
from ramble.tracking.adaptive_settings import AdaptiveSettings

EVERY = 5.0  # seconds between two states: whoever interrupts loses no more than that


def connect(
    network: Network,
    data: Data,
    a: Checkpoint,
    b: Checkpoint,
    *,
    test: Data | None = None,
    max_errors: float = 0,
    batch_norm: BatchNorm | None = None,
    out: str | Path | None = None,
    keep_order: bool = False,
    device: str = "auto",
    seed: int = 0,
    attempts: int | None = None,
    seconds: float | None = None,
) -> Connection:
    """Join two trained networks by a path of weights on which no training sample is classified wrongly.

    The straight line is looked at first, then the one to b with its units reordered (`path.reordered` says so), then a
    tracker bends the line. Every straight segment of the path is
    certified, see `ramble.certificates`.

    Args:
        network: an nn.Module, a function that returns one, or a string that names one of these (`my.nets:resnet20`,
            `nets.py:resnet20`).
        data: the training set, (inputs, labels) or what `ramble.problems.samples.whole_set` takes, or a string that
            names it or a function that returns it.
        a: one end: a file (.pt, .pth, .safetensors), a state_dict, or a network.
        b: the other end.
        test: further samples, for the profile alone.
        max_errors: that every network on the path may make on the training set: so many, or such a share below 1.
        batch_norm: where the network has batch norm, "reestimate" (statistics follow the weights; by default) or "fold"
            (they become part of the weights).
        out: the folder that path, tables and picture are written to. While the tracker runs it keeps its state there,
            and an interrupted call goes on from it. A path between the same networks on the same data is replaced.
        keep_order: end at the weights of b, not at these with hidden units in another order, which compute the same.
        device: auto (CUDA where there is one), cpu, cuda or cuda:N.
        seed: of all that is drawn.
        attempts: of the tracker, each as long as all before together; by default 4.
        seconds: of wall time, after which the tracker stops at the end of its round (`status` is then "out-of-time");
            what it has is evaluated and written. Its state stays in `out`, and the same call goes on from it.

    Returns:
        The path, whether it joins or not, with its certificate.

    Raises:
        RambleError: something is not there or does not fit, the ends are one network, one of them makes more errors
            than that, or the folder holds a path between other networks or on other data.
    """
    began, settings = time.monotonic(), settings_for(attempts)
    until = deadline(began, seconds)
    if out is not None:
        _refuse_no_folder(Path(out))
    given = given_pair(network, data, a, b, test=test, max_errors=max_errors, batch_norm=batch_norm, device=device)
    if out is not None:
        refuse_other_path(Path(out), given)
    ends = checked_ends(given)
    state = _state(given, settings, seed, Path(out)) if out is not None else None
    route = find_route(given, settings, seed, state, keep_order, until)
    connection = Connection(given, ends, route, seed, time.monotonic() - began)
    if out is not None:
        connection.save(out)
    if state is not None and connection.path.status != Status.OUT_OF_TIME:
        state.remove()
    return connection


def _refuse_no_folder(folder: Path) -> None:
    """Refuse a folder that cannot be written to before anything is computed."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    try:
        with TemporaryFile(dir=there):  # what root is permitted, and what /proc takes, only trying tells
            pass
    except OSError:
        raise RambleError(
            f"{folder}: {there} is no folder that can be written to; name another with --out (out=..)."
        ) from None


def _state(given: Given, settings: AdaptiveSettings, seed: int, folder: Path) -> State:
    """Return where the tracker keeps its state, under a key of all that its path rests on."""
    inputs, classes = given.problem.data("train")
    tensors = {"ends": given.weights, "inputs": inputs, "classes": classes}
    told = {"tracker": settings, "seed": seed, "device": str(given.problem.device)}
    told |= {"max_errors": given.problem.max_errors, "batch_norm": given.problem.batch_norm}
    return State(checkpoint_of(folder / FILE), key_of(told, tensors), EVERY)
