"""Which source files a script runs, and a digest of their content."""

import hashlib
import importlib.util
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent
# What looks like an import statement, wherever it stands. One too many is a file too many; to parse all modules takes
# longer than all else that a dry run does in this package. Looked for by its literal middle, which is quick.
IMPORT = re.compile(r"import[ \t]+")
BEFORE = re.compile(r"(?:^|[:;])[ \t]*(?:from[ \t]+([\w.]+)[ \t]+)?$", re.MULTILINE)  # in its line
AFTER = re.compile(r"\([^)]*\)|(?:.*\\\n)*.*")
WORD = re.compile(r"[\w.]+")


def code_files(script: str | Path, *import_paths: str) -> list[Path]:
    """Return a script and all the files of this package that it runs, sorted.

    That is every module that the script imports, directly or not, and the modules that `import_paths`
    (package.module.Name, loaded at run time) lie in, with their imports.
    """
    starts = (Path(script), *map(_module_file, import_paths))
    return sorted({found for start in starts for found in source_files(start)})


def code_digest(files: Iterable[Path]) -> str:
    """Return a digest of the content of files.

    It changes when one of them does and at no other time, so a workflow that records it re-runs exactly the steps
    whose code changed - and none when a change is taken back.
    """
    digest = hashlib.sha256()
    for file in files:
        digest.update(_content(file))
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


def _module_file(import_path: str) -> Path:
    """Return the source file of the module that package.module.Name lies in."""
    spec = importlib.util.find_spec(import_path.rpartition(".")[0])
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin)


@cache
def _content(file: Path) -> bytes:
    return file.read_bytes()


@cache
def _imports(file: Path) -> frozenset[Path]:
    """Return the files of this package that one file names in its import statements, or in what looks like one."""
    names: set[str] = set()
    text = _content(file).decode()
    for found in IMPORT.finditer(text):
        before = BEFORE.search(text, text.rfind("\n", 0, found.start()) + 1, found.start())
        after = AFTER.match(text, found.end())
        if before and after:
            module, words = before[1], WORD.findall(after[0])
            names.update([module, *(f"{module}.{word}" for word in words)] if module else words)
    return frozenset().union(*map(_files, names))


@cache
def _files(name: str) -> frozenset[Path]:
    """Return the files that importing a dotted name of this package runs."""
    parts, modules = name.split("."), _modules()
    if parts[0] != PACKAGE.name:
        return frozenset()
    prefixes = (".".join(parts[:depth]) for depth in range(1, len(parts) + 1))
    return frozenset(modules[prefix] for prefix in prefixes if prefix in modules)


@cache
def _modules() -> dict[str, Path]:
    """Return the files of this package by dotted names, of packages and of modules: asked for file by file is slow."""
    files = {file.relative_to(PACKAGE.parent).with_suffix(""): file for file in PACKAGE.rglob("*.py")}
    return {".".join(place.parts).removesuffix(".__init__"): file for place, file in files.items()}
