"""Imports go downwards only, and nothing that a dry run reads imports torch."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from checkouts import ROOT

PACKAGE = ROOT / "src" / "ramble"
# rooms from the ground up: a module imports from its own room and from those below
FLOORS = (
    {"errors", "settings", "version"},  # what settings are made of: every room has some
    {"store"},
    {"problems"},
    {"certificates", "training"},
    {"measure", "spectra", "tracking"},
    {"studies"},
    {"papers"},
    {"parameters"},
    {"verification"},
    {"api"},
    {"cli"},
    {"__init__", "__main__"},
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
# what is read before any job runs may import settings of every room, but nothing that computes
HEAVY = {"torch", "torchvision", "pyhessian", "matplotlib", "scipy"}
# read by every start of Snakemake: the Snakefile with its rules, and what these call
DRY_RUN = re.compile(r"^\s*(?:from (ramble[\w.]*) import ([\w, ]+)|import (ramble[\w.]*))", re.MULTILINE)


def modules() -> dict[str, Path]:
    """Every module of the package by its full name."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = ["ramble", *file.relative_to(PACKAGE).with_suffix("").parts]
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


MODULES = modules()


def room(module: str) -> str:
    _, *rest = module.split(".")
    return rest[0] if rest else "__init__"


def imported(file: Path) -> Iterator[str]:
    """Yield the modules of the package that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert not node.level, f"{file}: imports are absolute"
            each = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in MODULES else node.module for name in each]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == "ramble")


def is_torch_free(module: str) -> bool:
    """Modules of settings and registries stand beside what they are about, and may be imported from above and below."""
    return not {name.split(".")[0] for name in reach(module)} & HEAVY


def reach(module: str) -> set[str]:
    """All modules that importing one imports, with the packages around them; those of others by their first name."""
    found, waiting = set[str](), [module]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        if name not in MODULES:
            continue
        parts = name.split(".")
        waiting += [".".join(parts[:length]) for length in range(1, len(parts))]
        for node in at_import(ast.parse(MODULES[name].read_text()).body):
            if isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
            elif node.module:
                each = [f"{node.module}.{alias.name}" for alias in node.names]
                waiting += [one if one in MODULES else node.module for one in each]
    return found


def at_import(body: list[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports that run when a module is imported, not those inside functions."""
    for statement in body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            yield statement
        elif isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING":
            continue
        elif isinstance(statement, ast.If | ast.Try | ast.With | ast.ClassDef):
            for part in ("body", "orelse", "finalbody"):
                yield from at_import(getattr(statement, part, []))


def test_every_room_has_a_floor():
    assert {room(module) for module in MODULES} == FLOOR.keys()


@pytest.mark.parametrize("module", [module for module in MODULES if room(module) != "parameters"])
def test_imports_go_downwards(module):
    own = FLOOR[room(module)]
    upwards = [
        name
        for name in imported(MODULES[module])
        if room(name) != room(module) and FLOOR[room(name)] >= own and not describes_parameters(module, name)
    ]
    assert not upwards, f"{module} imports upwards"


def describes_parameters(module: str, name: str) -> bool:
    """The parameters of a kind of study stand in its package, and are made of models that all kinds share."""
    return room(module) == "studies" and room(name) == "parameters" and is_torch_free(module)


@pytest.mark.parametrize("module", [module for module in MODULES if room(module) == "parameters"])
def test_parameters_import_nothing_that_computes(module):
    assert is_torch_free(module), sorted(reach(module) & HEAVY)


def read_by_dry_runs() -> set[str]:
    """The modules that the Snakefile, its rules and what is around them import."""
    found = set()
    workflow = ROOT / "workflow"
    for file in [ROOT / "Snakefile", *workflow.glob("rules/*.smk"), *workflow.glob("plumbing/*.py")]:
        for module, names, plain in DRY_RUN.findall(file.read_text()):
            each = [f"{module}.{name.strip()}" for name in names.split(",")] if module else [plain]
            found |= {name if name in MODULES else module or plain for name in each}
    return found


def test_nothing_that_a_dry_run_reads_imports_torch():
    wanted = sorted(read_by_dry_runs() | {"ramble.parameters.document"})
    assert len(wanted) > 3
    code = f"import sys, {', '.join(wanted)}\nprint(*sorted({HEAVY!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
