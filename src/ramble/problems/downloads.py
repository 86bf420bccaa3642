"""Folders of data in torchvision's layouts: given, or downloaded once, aside, and renamed when they are whole."""

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ramble.errors import RambleError
from ramble.store.places import expanded


def data_folder(data_root: object, name: str, inside: str, fetch: Callable[[str], object]) -> Path:
    """Return the folder `inside` of the data root; where it is missing, and no other root was given, download it.

    Args:
        data_root: as params.yaml names it; the environment variable RAMBLE_DATA_ROOT overrides it. Only the folder
            named by `data_root` is ever downloaded into.
        name: of the data, in errors.
        inside: its folder, in torchvision's layout.
        fetch: downloads it into the folder that it is given.

    Raises:
        RambleError: the root is none, cannot be written to, or the download failed.
    """
    if not isinstance(data_root, str | Path):
        raise RambleError(f"data.arguments.data_root = {data_root!r} is not the name of a folder; correct the value.")
    given = os.environ.get("RAMBLE_DATA_ROOT")
    root = expanded(given or data_root)
    folder = root / inside
    try:
        there = folder.exists()
    except (OSError, ValueError) as error:
        raise _unfit(root, name, error) from error
    if not given and not there:
        _download(root, name, Path(inside).parts[0], fetch)
    return folder


def _download(root: Path, name: str, top: str, fetch: Callable[[str], object]) -> None:
    """Fetch data aside, then rename their folder, so that a download that failed leaves nothing behind."""
    missing = [folder for folder in (root, *root.parents) if not folder.exists()]
    try:
        with _scratch(root, name) as scratch:
            fetch(scratch)
            (Path(scratch) / top).rename(root / top)
    except (OSError, RuntimeError) as error:
        raise RambleError(
            f"{root}/{top}: the download failed ({error}); connect to the network, or point RAMBLE_DATA_ROOT at a "
            f"folder that holds {name} in torchvision's layout."
        ) from error
    finally:
        for folder in missing:  # the innermost first
            with suppress(OSError, ValueError):  # not empty: the images are there
                folder.rmdir()


def _scratch(root: Path, name: str) -> tempfile.TemporaryDirectory[str]:
    try:
        root.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(dir=root, prefix=f".{name.lower()}-partial-")
    except (OSError, ValueError) as error:
        raise _unfit(root, name, error) from error


def _unfit(root: Path, name: str, error: Exception) -> RambleError:
    reason = getattr(error, "strerror", None) or error
    return RambleError(f"data_root {str(root)!r}: no folder for {name} ({reason}); name one that can be written to.")
