"""What all models share: bounds of numbers, names, and things named by an import path."""

import ast
import importlib.util
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(gt=0, le=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Model(BaseModel):
    """Base of all models: unknown keys are errors, values never change, "3" is not 3."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


@cache
def _body(file: str) -> list[ast.stmt]:
    return ast.parse(Path(file).read_text(encoding="utf-8")).body


def _importable(path: str) -> str:
    """Check an import path without importing it, which would load torch.

    Raises ValueError naming what is missing.
    """
    module, _, attribute = path.rpartition(".")
    try:
        spec = importlib.util.find_spec(module) if module else None
    except ImportError:
        spec = None
    if spec is None or spec.origin is None:
        raise ValueError(f"no module '{module}' can be imported; give package.module.Name of an installed module")
    if spec.origin.endswith(".py"):
        body = _body(spec.origin)
        names = {node.name for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
        targets = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
        imported = {
            alias.asname or alias.name for node in body if isinstance(node, ast.ImportFrom) for alias in node.names
        }
        if attribute not in names | imported:
            own = ", ".join(sorted(name for name in names if not name.startswith("_") and not name.isupper()))
            has = f"it has {own}" if own else "give package.module.Name"
            raise ValueError(f"module '{module}' has no '{attribute}'; {has}")
    return path


def _keywords(path: str, positional: int) -> dict[str, bool] | None:
    """Return the names of what a function, or a class's own __init__, takes, and whether it must be given.

    What the first `positional` parameters take is left out. None where the module's source alone does not tell.
    """
    module, _, name = path.rpartition(".")
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    for node in _body(spec.origin):
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

    path: str = Field(description="package.module.Name")
    arguments: Annotated[dict[str, Any], Field(validate_default=True)] = {}

    _check = field_validator("path")(_importable)

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
