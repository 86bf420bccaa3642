"""A second opinion on a path between given networks."""

from os import PathLike
from pathlib import Path

from ramble.problems.joined import Sources
from ramble.verification.verify import Verdict, verify_joined


def verify(path: str | PathLike[str], sources: Sources = Sources()) -> Verdict:  # noqa: B008
    """Check a stored path by code that knows nothing of how it was found; `.holds` is the outcome.

    Args:
        path: the file that `ramble.connect` or its `save` wrote.
        sources: in place of the network, the data and the ends that the file names.

    Raises:
        RambleError: it cannot be judged: the file is no such path, or what it names is not there.
    """
    return verify_joined(Path(path), sources)
