"""Long computations that go on after being killed.

A checkpoint is a hidden neighbour of the output it leads to, and never an output itself: Snakemake deletes the outputs
of a job that failed. It is written whole or not at all, and holds everything that the rest of the computation depends
on, so that a run that was killed ends with the same artifact as one that was not, whenever its checkpoints were
written. It has a digest as every artifact has: what is damaged is refused rather than gone on from.
"""

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import torch
from torch import Tensor

from ramble.errors import RambleError, printable
from ramble.store.tensors import read_tensors, write_tensors

EVERY = 60.0  # seconds between two checkpoints: LeNet5's takes a few milliseconds

logger = logging.getLogger("ramble")

T = TypeVar("T")


@dataclass(frozen=True)
class State:
    """Where a computation stands."""

    tensors: dict[str, Tensor]
    facts: dict[str, Any]  # what JSON can hold: counters, rates, rows of a table

    def tensor(self, name: str, *shape: int) -> Tensor:
        """Return a tensor; raises LookupError or ValueError when it is missing or has another shape (-1: any size)."""
        found = self.tensors[name]
        sizes = zip(found.shape, shape, strict=False)
        if found.dim() != len(shape) or any(size != wanted for size, wanted in sizes if wanted != -1):
            raise ValueError(f"{name} has the shape {tuple(found.shape)}, not {shape}")
        return found


class Checkpoint:
    """The state of one computation on disk.

    Args:
        file: where it is kept, see `checkpoint_of`.
        key: of everything the result depends on, see `key_of`; a state is only ever taken up under its own key.
        every: seconds between two states written.
    """

    def __init__(self, file: str | Path, key: str, every: float = EVERY) -> None:
        self.file, self.key, self.every = Path(file), key, every
        self._written = time.monotonic()

    def load(self) -> State | None:
        """Return the last state, tensors on the CPU; None where there is none.

        Raises:
            RambleError: the file belongs to other settings, is none of ours, or is damaged.
        """
        if not os.path.lexists(self.file):
            return None
        tensors, header = read_tensors(self.file, cure="delete it to begin anew")
        if (key := header.get("key", "none")) != self.key:
            raise RambleError(
                f"{self.file}: this checkpoint belongs to the settings {printable(key)}, this run has "
                f"{self.key}; take back what was changed to finish that run, or delete the file to begin anew."
            )
        try:
            facts = json.loads(header["facts"])
        except (KeyError, ValueError, RecursionError) as error:
            raise self._senseless(error) from error
        logger.info("going on from %s", self.file)
        return State(tensors, facts)

    def resume(self, take_up: Callable[[State], T]) -> T | None:
        """Return what a computation makes of the last state; None where there is none.

        Raises:
            RambleError: as `load` does; or the state lacks what `take_up` needs, or it is of another kind or shape.
        """
        state = self.load()
        if state is None:
            return None
        try:
            return take_up(state)
        except (LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise self._senseless(error) from error

    def _senseless(self, error: Exception) -> RambleError:
        return RambleError(
            f"{self.file}: this checkpoint does not hold what the run goes on from ({type(error).__name__}: "
            f"{printable(str(error))}); delete it to begin anew."
        )

    @property
    def due(self) -> bool:
        """Is it time for the next state?"""
        return time.monotonic() - self._written >= self.every

    def save(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Write the state in place of the last one."""
        write_tensors(self.file, tensors, {"key": self.key, "facts": json.dumps(facts)})
        self._written = time.monotonic()

    def remove(self) -> None:
        """Delete the state once the artifact is written, and what a killed run left half-written beside it."""
        for file in (self.file, *self.file.parent.glob(f".{self.file.stem}.partial-*{self.file.suffix}")):
            file.unlink(missing_ok=True)


def checked(kind: type, facts: Mapping[str, Any], names: Sequence[str] = ()) -> dict[str, Any]:
    """Return what JSON kept of a dataclass's fields: those called `names`, or all.

    Raises TypeError or ValueError when one is missing, unknown, of another type than its field, or a negative count.
    """
    hints = get_type_hints(kind)
    if set(facts) != set(names or hints):
        raise ValueError(f"there are {', '.join(facts) or 'no facts'}, not {', '.join(names or hints)}")
    for name, value in facts.items():
        wanted = hints[name]
        if type(value) is not wanted and not (wanted is float and type(value) is int):
            raise TypeError(f"{name} = {value!r} is no {wanted.__name__}")
        if type(value) is int and value < 0:
            raise ValueError(f"{name} = {value} is negative")
    return dict(facts)


def checkpoint_of(output: str | Path) -> Path:
    """Return where the state is kept of the computation that makes the file `output`."""
    output = Path(output)
    return output.with_name(f".{output.stem}.checkpoint.safetensors")


def checkpoint_of_job(output: str | Path, settings: Mapping[str, object], tensors: Mapping[str, Tensor]) -> Checkpoint:
    """Return the checkpoint of a job's output, under a key of its settings and of the tensors that it reads.

    `checkpoint_seconds`, one of the settings, says how often it is written, and is of no consequence for the result.
    """
    others = {name: value for name, value in settings.items() if name != "checkpoint_seconds"}
    every = settings["checkpoint_seconds"]
    assert isinstance(every, float)
    return Checkpoint(checkpoint_of(output), key_of(others, tensors), every)


def key_of(settings: Mapping[str, object], tensors: Mapping[str, Tensor] | None = None) -> str:
    """Return a hash of settings (typed ones, and what JSON can hold) and of tensors, in any order of their names."""
    text = json.dumps(settings, sort_keys=True, default=lambda typed: typed.model_dump(mode="json"))
    digest = hashlib.sha256(text.encode())
    for name, tensor in sorted((tensors or {}).items()):
        plain = tensor.detach().cpu().contiguous()
        digest.update(f"{name} {plain.dtype} {tuple(plain.shape)}".encode())
        digest.update(plain.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]
