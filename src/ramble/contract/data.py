"""Training sets: results/<study>/data/<dataset>.safetensors."""

import importlib
import inspect
from collections.abc import Sequence
from typing import Any

from ramble.errors import RambleError
from ramble.tensors import write_tensors


def load(import_path: str) -> Any:
    """Return the class or function called package.module.Name; raises RambleError when it cannot be imported."""
    module, _, name = import_path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise RambleError(f"{import_path}: cannot be imported ({error}); give package.module.Name.") from error


def build(key: str, path: str, /, *given: Any, **arguments: Any) -> Any:
    """Call the class or function called `path`.

    Raises RambleError when it does not take these arguments; `key` is where params.yaml gives them.
    """
    maker = load(path)
    try:
        inspect.signature(maker).bind(*given, **arguments)
    except TypeError as error:
        names = ", ".join(arguments)
        raise RambleError(f"{key}: {path} cannot be called with {names} ({error}); correct them.") from None
    return maker(*given, **arguments)


def make_data(path: str, arguments: dict[str, Any], seed: int, name: str, outputs: Sequence[str]) -> None:
    """Make one data set per output file with the maker called `path`."""
    for dataset, output in enumerate(outputs):
        tensors = build(f"study '{name}', data.arguments", path, seed, name, dataset, **arguments)
        write_tensors(output, tensors, {"study": name, "dataset": dataset, "seed": seed, "maker": path})
