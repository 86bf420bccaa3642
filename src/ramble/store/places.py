"""Files and folders as users name them: in params.yaml, in the environment, on the command line."""

from pathlib import Path

from ramble.errors import RambleError


def expanded(place: str | Path) -> Path:
    """Return a path whose leading ~ or ~user is that home; raises RambleError where there is no such home."""
    try:
        return Path(place).expanduser()
    except RuntimeError:
        raise RambleError(f"{place}: nobody knows whose home ~ is here; write the whole path.") from None
