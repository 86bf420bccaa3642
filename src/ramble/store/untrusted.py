"""Files that anybody may have put there, read without hanging, and their text, shown without harm."""

import os
import stat
from pathlib import Path

from ramble.errors import RambleError, printable

FETCH = "make it with snakemake, or fetch it with dvc pull"
SHOWN = 80  # characters of a text that a sentence quotes


def read_regular(path: str | Path, missing: str = FETCH, most: int | None = None) -> bytes:
    """Return the content of a regular file: as many bytes as it has when it is opened, and none of anything else.

    Pipes, sockets, devices and folders are refused before a byte is read, and so is what exceeds the memory or `most`.

    Args:
        path: links are followed.
        missing: what to do where there is no such file.
        most: bytes that it may have.

    Raises:
        RambleError: there is no such file, it is not a regular one, too large, or cannot be read.
    """
    try:
        _refuse_others(path, Path(path).stat(), most)  # opening a device may already do something
        # a pipe that came in between would wait for a writer
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            found = os.fstat(file.fileno())
            _refuse_others(path, found, most)
            return file.read(found.st_size)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RambleError(f"{path}: is missing; {missing}.") from error
    except (OSError, ValueError) as error:  # a ValueError is a name that no file can have
        reason = getattr(error, "strerror", None) or error
        raise RambleError(f"{path}: cannot be read ({reason}); name a file that can.") from error
    except MemoryError as error:
        raise RambleError(f"{path}: does not fit into the memory; name the right file.") from error


def _refuse_others(path: str | Path, found: os.stat_result, most: int | None) -> None:
    if not stat.S_ISREG(found.st_mode):
        what = "a folder" if stat.S_ISDIR(found.st_mode) else "a pipe, a socket or a device"
        raise RambleError(f"{path}: is {what}, not a file; name a file.")
    if most is not None and found.st_size > most:
        raise RambleError(f"{path}: is larger than {most} bytes; name the right file.")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if found.st_size > memory:
        raise RambleError(f"{path}: has {found.st_size} bytes, more than this machine's memory; name the right file.")


def quoted(text: str) -> str:
    """Return the beginning of a text in quotation marks, as `printable` shows it."""
    return f"'{printable(text[:SHOWN])}{'...' if len(text) > SHOWN else ''}'"
