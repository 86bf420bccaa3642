"""Networks and data named by strings, `my.nets:resnet20` or `nets.py:resnet20`: how a command is told of them.

Whoever gives such a string has the code run that it names.
"""

import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import Tensor, nn

from ramble.errors import RambleError, kind_of
from ramble.problems.samples import whole_set
from ramble.store.places import expanded

GIVE = "give my.module:name, or file.py:name"


def named_network(text: str) -> nn.Module | Callable[[], nn.Module]:
    """Return the module, or what builds one, that a string names; raises RambleError where it is neither."""
    found = _named(text)
    if not isinstance(found, nn.Module) and not callable(found):
        raise RambleError(f"{text}: is {kind_of(found)}; name an nn.Module, or a function that returns one.")
    return found  # type: ignore[no-any-return]


def named_data(text: str) -> tuple[Tensor, Tensor]:
    """Return the inputs and labels that a string names: the object itself, or what a function of that name returns.

    Raises:
        RambleError: there is nothing of that name, it raises an exception, or is no data set; see `whole_set`.
    """
    found = _named(text)
    return whole_set(text, called(text, found) if inspect.isroutine(found) or inspect.isclass(found) else found)


def called(where: str, maker: Callable[[], Any]) -> Any:
    """Return what a user's function without arguments returns; raises RambleError where it raises, or takes some."""
    try:
        inspect.signature(maker).bind()
    except TypeError as error:
        raise RambleError(f"{where}: is called without arguments ({error}); name a function that needs none.") from None
    except ValueError:  # something compiled does not say what it takes
        pass
    try:
        return maker()
    except RambleError:
        raise
    except (Exception, SystemExit) as error:
        raise RambleError(f"{where}: raised {_told(error)}; correct it.") from error


def name_of(thing: object) -> str:
    """Return the string under which a function or class is found again, or nothing where there is none."""
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", "")
    found = sys.modules.get(module or "")
    if module in (None, "__main__") or found is None or getattr(found, name, None) is not thing:
        return ""
    return f"{module}:{name}"


def _named(text: str) -> Any:
    module_name, colon, name = text.rpartition(":")
    if not colon or not module_name or not name:
        raise RambleError(f"{text}: names no object of a module; {GIVE}.")
    module = _from_file(text, module_name) if module_name.endswith(".py") else _imported(text, module_name)
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            raise RambleError(f"{text}: there is no '{part}' in {module_name}; {GIVE}.")
        found = getattr(found, part)
    return found


def _imported(text: str, name: str) -> ModuleType:
    """Import a module, from the folder of work too: a console script does not look there by itself."""
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise RambleError(f"{text}: there is no module '{error.name}' here; {GIVE}.") from None
        raise RambleError(f"{text}: importing it raised {_told(error)}; correct it.") from error
    except (Exception, SystemExit) as error:  # the module's own code runs when it is imported
        raise RambleError(f"{text}: importing it raised {_told(error)}; correct it.") from error


def _from_file(text: str, name: str) -> ModuleType:
    """Run a file as a module, which may import what lies beside it."""
    file = expanded(name).resolve()
    if not file.is_file():
        raise RambleError(f"{text}: there is no file {name}; {GIVE}.")
    if str(file.parent) not in sys.path:
        sys.path.insert(0, str(file.parent))
    for module in sys.modules.values():  # the network and the data may be in one file, which runs once
        if getattr(module, "__file__", None) == str(file):
            return module
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # its classes are looked up there; an installed module of the same name stays what it is
    own = file.stem if file.stem not in sys.modules else f"{file.stem} of {file.parent}"
    sys.modules[own] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[own]
        raise RambleError(f"{text}: running the file raised {_told(error)}; correct it.") from error
    return module


def _told(error: BaseException) -> str:
    """Say what was raised, and where in the user's code."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    inside = frame.filename != __file__ and not frame.filename.startswith("<")
    return f"{type(error).__name__}: {error}" + (f" ({frame.filename}, line {frame.lineno})" if inside else "")
