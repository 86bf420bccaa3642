"""Which source files a script runs, and a digest of their content."""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent


def code_digest(script: str | Path) -> str:
    """Return a digest of a script and of every module of this package that it imports, directly or not.

    The digest changes when one of those files does and at no other time, so a workflow that records it re-runs
    exactly the steps whose code changed - and none when a change is taken back.
    """
    digest = hashlib.sha256()
    for file in sorted(source_files(Path(script)), key=lambda file: file.name):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def source_files(script: Path) -> set[Path]:
    """Return the script and the files of this package that it imports, transitively."""
    seen: set[Path] = set()
    waiting = [script.resolve()]
    while waiting:
        file = waiting.pop()
        if file not in seen:
            seen.add(file)
            waiting.extend(_imports(file))
    return seen


@cache
def _imports(file: Path) -> frozenset[Path]:
    """Return the files of this package that one file names in its import statements."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found for name in names for found in _files(name))


def _files(name: str) -> set[Path]:
    """Return the files that importing a dotted name of this package runs."""
    parts = name.split(".")
    if parts[0] != PACKAGE.name:
        return set()
    files = {PACKAGE.joinpath(*parts[1:depth], "__init__.py") for depth in range(1, len(parts) + 1)}
    files.add(PACKAGE.joinpath(*parts[1:]).with_suffix(".py"))
    return {file for file in files if file.is_file()}
