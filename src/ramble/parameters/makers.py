"""Things named by an import path, checked from their source alone: to import them would load torch.

Whoever writes params.yaml has code run by it: what a path names is called by the jobs.
"""

import ast
import importlib.util
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from ramble.settings import Model

GIVE = "give package.module.Name of an installed module"
VALUES = (ast.Constant, ast.JoinedStr, ast.List, ast.Tuple, ast.Set, ast.Dict)  # that nobody can call
BRANCHES = ("body", "orelse", "handlers", "finalbody", "cases")


@cache
def _source(module: str) -> Path:
    """Return the source file of a module; raises ValueError where it has none, or cannot be found."""
    if module.partition(".")[0] in sys.stdlib_module_names:
        raise ValueError(f"module '{module}' is of Python itself and makes nothing of ours; {GIVE}")
    try:
        spec = importlib.util.find_spec(module) if module else None  # imports the packages around it
    except ModuleNotFoundError:
        spec = None
    except (Exception, SystemExit) as error:
        raise ValueError(
            f"module '{module}' cannot be found, for importing what is around it raised {type(error).__name__} "
            f"({error}); correct that package"
        ) from None
    if spec is None or spec.origin is None:
        raise ValueError(f"no module '{module}' can be imported; {GIVE}")
    if not spec.origin.endswith(".py"):
        raise ValueError(f"module '{module}' is no Python source, of which changes are seen; call it from one")
    return Path(spec.origin)


@cache
def _body(file: Path) -> list[ast.stmt]:
    try:
        return ast.parse(file.read_bytes()).body
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"{file} cannot be read as Python ({error}); correct it") from None


def _statements(body: list[Any]) -> Iterator[Any]:
    """Yield the statements that run when a module is imported, those in if, try and with among them."""
    for node in body:
        yield node
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for branch in BRANCHES:
                yield from _statements(getattr(node, branch, []))


def _given_names(node: Any) -> dict[str, bool]:
    """Return the names that a statement gives, and whether what they stand for may be called."""
    match node:
        case ast.ClassDef() | ast.FunctionDef():
            return {node.name: True}
        case ast.Import():
            return {alias.asname or alias.name.partition(".")[0]: False for alias in node.names}
        case ast.ImportFrom():
            return {alias.asname or alias.name: True for alias in node.names}
        case ast.Assign() | ast.AnnAssign():
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            named = [one for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)]
            plain = isinstance(node.value, VALUES) and all(isinstance(target, ast.Name) for target in targets)
            return {one.id: not plain for one in named}
    return {}


def _callable_thing(path: str) -> str:
    """Check an import path without importing it; raises ValueError naming what is missing."""
    module, _, attribute = path.rpartition(".")
    body = _body(_source(module))
    names: dict[str, bool] = {}
    for node in _statements(body):
        names |= _given_names(node)
    if "*" in names or "__getattr__" in names:  # only the module itself can tell
        return path
    if attribute not in names:
        own = [node.name for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
        own = sorted(name for name in own if not name.startswith("_"))
        has = f"it has {', '.join(own)}" if own else "give package.module.Name"
        raise ValueError(f"module '{module}' has no '{attribute}'; {has}")
    if not names[attribute]:
        raise ValueError(f"{path} is neither a class nor a function; name one")
    return path


def _keywords(path: str, positional: int) -> dict[str, bool] | None:
    """Return the names of what a function, or a class's own __init__, takes, and whether it must be given.

    What the first `positional` parameters take is left out. None where the module's source alone does not tell.
    """
    module, _, name = path.rpartition(".")
    for node in _body(_source(module)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name and not node.decorator_list:
            if isinstance(node, ast.FunctionDef):
                return _names(node.args, positional)
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                    return _names(method.args, positional + 1)  # self
    return None


def _names(taken: ast.arguments, positional: int) -> dict[str, bool] | None:
    if taken.kwarg:
        return None
    ordered = [*taken.posonlyargs, *taken.args]
    needed = len(ordered) - len(taken.defaults)
    names = {one.arg: number < needed for number, one in enumerate(ordered) if number >= positional}
    return names | {one.arg: not has for one, has in zip(taken.kwonlyargs, taken.kw_defaults, strict=True)}


class Maker(Model):
    """A class or function by import path, and its keyword arguments."""

    positional: ClassVar[int] = 1  # of what it takes, given by the jobs: a problem's data sets
    given: ClassVar[tuple[str, ...]] = ("device",)  # likewise, by name

    path: str = Field(description="package.module.Name, whose code the jobs run: trust a params.yaml like a program")
    arguments: Annotated[dict[str, Any], Field(validate_default=True)] = {}  # noqa: RUF012

    _check = field_validator("path")(_callable_thing)

    @field_validator("arguments")
    @classmethod
    def _taken(cls, arguments: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        """Compare the names with what is taken; values are for the class or function itself to check."""
        path = info.data.get("path")
        names = _keywords(path, cls.positional) if path else None
        if names is None:
            return arguments
        own = {name: needed for name, needed in names.items() if name not in cls.given}
        for name in arguments:
            if name not in own:
                raise ValueError(f"{path} takes no '{name}'; it takes {', '.join(own)}")
        for name, needed in own.items():
            if needed and name not in arguments:
                raise ValueError(f"{name} is missing, which {path} needs; add it")
        return arguments
