"""A stored path between two given networks, read back: its points, and its problem, by what its header says of both.

The file has all fields of a path's header, and these: maker (`connect`), network, data, test, a and b (the strings that
name them, empty where they were objects).
"""

from dataclasses import dataclass
from pathlib import Path

from ramble.errors import RambleError
from ramble.problems.batch_norm import WAYS, BatchNorm
from ramble.problems.given import Checkpoint, Data, Given, Network, given_pair
from ramble.store.artifacts import read_arrays, read_header
from ramble.store.points import StoredPath, path_in
from ramble.store.untrusted import quoted

MAKER = "connect"
STUDY, PAIR = "given", "0-0-1"  # data set 0, networks 0 (a) and 1 (b)


@dataclass(frozen=True)
class Sources:
    """What is given in place of what a file names: `ramble.Sources`.

    Attributes:
        network: in place of the header's, where it is not None; likewise the others.
        device: auto, cpu, cuda or cuda:N.
    """

    network: Network | None = None
    data: Data | None = None
    test: Data | None = None
    a: Checkpoint | None = None
    b: Checkpoint | None = None
    device: str = "cpu"


@dataclass(frozen=True)
class Joined:
    """A path between two given networks, and its problem."""

    file: Path
    path: StoredPath
    given: Given

    def refuse_others(self) -> None:
        """Raise RambleError where data or networks are not those that the path was made from."""
        header = self.path.header
        first, second = self.given.end_digests
        told = {self.given.data.text: (header.data_digest, self.given.digest("train"))}
        told |= {self.given.ends[0].text: (header.start_digest, first)}
        told |= {self.given.ends[1].text: (header.end_digest, second)}
        for name, (digest, found) in told.items():
            if digest != found:
                raise RambleError(f"{self.file}: was made from another {name}; give what it was made from.")


def is_joined(file: str | Path) -> bool:
    """Tell whether a file is a path between given networks; raises RambleError as `read_header` does."""
    return read_header(file, "make it with ramble connect, or with snakemake").get("maker") == MAKER


def read_joined(file: str | Path) -> StoredPath:
    """Return such a path; raises RambleError as `read_path` does."""
    arrays, texts = read_arrays(file, "make it with ramble connect")
    if texts.get("maker") != MAKER:
        raise RambleError(
            f"{file}: was not made by ramble connect, but by {quoted(texts.get('maker', 'the workflow'))}."
        )
    return path_in(file, 0, arrays, texts)


def reopen(file: str | Path, sources: Sources, with_test: bool = False) -> Joined:
    """Return a path with its problem, built from what its header names, or from what is given in place of that.

    No code runs but what builds the network and the data, and the test data where they are asked for.

    Raises:
        RambleError: the file is no such path, names nothing that is there, or its points are not of this network.
    """
    path = read_joined(file)
    facts = path.header.facts
    named = {
        name: getattr(sources, name) if getattr(sources, name) is not None else facts.get(name, "")
        for name in ("network", "data", "test", "a", "b")
    }
    for name in ("network", "data", "a", "b"):
        if isinstance(named[name], str) and not named[name]:
            raise RambleError(
                f"{file}: does not name its {name}, which was an object of a program when it was made; give it "
                f"(--{name}; from Python, sources=ramble.Sources({name}=..))."
            )
    given = given_pair(
        named["network"],
        named["data"],
        named["a"],
        named["b"],
        test=(named["test"] or None) if with_test or sources.test is not None else None,
        max_errors=path.header.max_errors,
        batch_norm=_batch_norm(file, facts.get("batch_norm")),
        device=sources.device,
    )
    if path.points.shape[1] != given.problem.n_weights:
        raise RambleError(
            f"{file}: its points have {path.points.shape[1]} weights, {given.network.text} has "
            f"{given.problem.n_weights}; give the network that it was made with."
        )
    return Joined(Path(file), path, given)


def _batch_norm(file: str | Path, told: str | None) -> BatchNorm | None:
    for way in WAYS:
        if told == way:
            return way
    if told is not None:
        raise RambleError(f"{file}: its header says batch_norm = {quoted(told)}, which is no way; give another file.")
    return None
