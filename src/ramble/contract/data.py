"""Training sets: results/<study>/data/<dataset>.safetensors."""

import importlib
from collections.abc import Sequence
from typing import Any

from ramble.artifacts import write_tensors
from ramble.errors import RambleError


def load(import_path: str) -> Any:
    """Return the class or function called package.module.Name; raises RambleError when it cannot be imported."""
    module, _, name = import_path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise RambleError(f"{import_path}: cannot be imported ({error}); give package.module.Name.") from error


def make_data(path: str, arguments: dict[str, Any], seed: int, name: str, outputs: Sequence[str]) -> None:
    """Make one data set per output file with the maker called `path`."""
    maker = load(path)
    for dataset, output in enumerate(outputs):
        tensors = maker(seed, name, dataset, **arguments)
        write_tensors(output, tensors, {"study": name, "dataset": dataset, "seed": seed, "maker": path})
