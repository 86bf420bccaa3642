"""Training sets: results/<study>/data/<dataset>.safetensors."""

import importlib.util
import inspect
import traceback
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from ramble.errors import RambleError, kind_of
from ramble.store.tensors import write_tensors


def load(import_path: str) -> Any:
    """Return the class or function called package.module.Name; raises RambleError when it cannot be imported."""
    name, _, attribute = import_path.rpartition(".")
    if not name or importlib.util.find_spec(name.partition(".")[0]) is None:
        raise RambleError(f"{import_path}: no module '{name}'; give package.module.Name of an installed module.")
    try:
        module = importlib.import_module(name)
    except (Exception, SystemExit) as error:  # the module's own code runs when it is imported
        what = f"{type(error).__name__}: {error}{_place(error)}"
        raise RambleError(f"{import_path}: importing the module raised {what}; correct the module.") from error
    if not callable(found := getattr(module, attribute, None)):
        what = f"is {kind_of(found)}" if hasattr(module, attribute) else f"is not in {module.__file__}"
        raise RambleError(f"{import_path}: {what}; name a class or a function.")
    return found


def _place(error: BaseException) -> str:
    """Return the line of a module that was imported, where an exception was raised in one."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    inside = frame.filename != __file__ and not frame.filename.startswith("<") and "importlib" not in frame.filename
    return f", {frame.filename}, line {frame.lineno}" if inside else ""


def build(key: str, path: str, /, *given: Any, **arguments: Any) -> Any:
    """Call the class or function called `path`.

    Raises RambleError when it does not take these arguments; `key` is where params.yaml gives them.
    """
    try:
        maker = load(path)
    except RambleError as error:
        raise RambleError(f"{key.removesuffix('.arguments')}.path: {error}") from error
    try:
        signature = inspect.signature(maker)
    except (TypeError, ValueError):  # something compiled does not say what it takes
        return maker(*given, **arguments)
    try:
        signature.bind(*given, **arguments)
    except TypeError as error:
        names = ", ".join(arguments) or "no arguments"
        raise RambleError(f"{key}: {path} cannot be called with {names} ({error}); correct them.") from None
    return maker(*given, **arguments)


def make_data(path: str, arguments: dict[str, Any], seed: int, name: str, outputs: Sequence[str]) -> None:
    """Make one data set per output file with the maker called `path`."""
    for dataset, output in enumerate(outputs):
        tensors = build(f"study '{name}', data.arguments", path, seed, name, dataset, **arguments)
        named = isinstance(tensors, dict) and all(isinstance(key, str) for key in tensors)
        if not named or not tensors or not all(isinstance(value, Tensor) for value in tensors.values()):
            raise RambleError(
                f"study '{name}', data.path: {path} returned {kind_of(tensors)}, not tensors by their names; "
                "return a dictionary {name: tensor} with at least one."
            )
        write_tensors(output, tensors, {"study": name, "dataset": dataset, "seed": seed, "maker": path})
