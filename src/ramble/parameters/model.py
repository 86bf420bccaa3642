"""What all models share: bounds of numbers, names, and things named by an import path."""

import ast
import importlib.util
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(gt=0, le=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Model(BaseModel):
    """Base of all models: unknown keys are errors, values never change, "3" is not 3."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


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
        body = ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body
        names = {node.name for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
        targets = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
        names |= {
            alias.asname or alias.name for node in body if isinstance(node, ast.ImportFrom) for alias in node.names
        }
        if attribute not in names:
            raise ValueError(f"module '{module}' has no '{attribute}'; it has {', '.join(sorted(names))}")
    return path


class Maker(Model):
    """A class or function by import path, and its keyword arguments."""

    path: str = Field(description="package.module.Name")
    arguments: dict[str, Any] = {}

    _check = field_validator("path")(_importable)
