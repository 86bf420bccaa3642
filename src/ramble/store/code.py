"""Which source files a script runs, and a digest of their content.

Followed are the imports of this package and of the user's own modules: all but those of the standard library and of
installed distributions (folders named site-packages or dist-packages, or that hold a .dist-info). Nothing is executed:
modules are found, never imported. Out of sight are data files, and modules whose names are put together at run time.
"""

import hashlib
import importlib.util
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.machinery import FileFinder, ModuleSpec
from pathlib import Path
from pkgutil import get_importer

from ramble.errors import RambleError

PACKAGE = Path(__file__).parents[1]
# What looks like an import statement, wherever it stands. One too many is a file too many; to parse all modules takes
# longer than all else that a dry run does in this package. Looked for by its literal middle, which is quick.
IMPORT = re.compile(r"import(?=[ \t(*])")
BEFORE = re.compile(r"(?:^|[:;])[ \t]*(?:from(?:[ \t]+|(?=\.))([\w.]+)[ \t]*)?$", re.MULTILINE)  # in its line
AFTER = re.compile(r"[ \t]*(?:\((?:[^)#]|#.*)*\)|.*)")
BY_NAME = re.compile(r"""(?:import_module|__import__)\(\s*["']([\w.]+)["']""")
WORD = re.compile(r"[\w.]+")
JOINED = re.compile(r"\\\r?\n")


def code_files(script: str | Path, *import_paths: str) -> list[Path]:
    """Return a script and all files of this package and of the user's modules that it runs, sorted.

    That is every module that the script imports, directly or not, and the modules that `import_paths`
    (package.module.Name, loaded at run time) lie in, with their imports. Raises RambleError where one of these is not
    to be found.
    """
    found = source_files(Path(script))
    for path in import_paths:
        found |= _module_files(path)
    return sorted(found)


def code_digest(files: Iterable[Path]) -> str:
    """Return a digest of the names and contents of files, wherever they lie.

    It changes when one of them does and at no other time, so a workflow that records it re-runs exactly the steps
    whose code changed - and none when a change is taken back.
    """
    return hashlib.sha256(b"".join(sorted(map(first_digest, files)))).hexdigest()[:16]


def code_text(script: str | Path, *import_paths: str) -> str:
    """Return the digest of a script's code and what it is of, as `<digest> of <script> <import path> ..`.

    Raises as `code_files` does.
    """
    return " ".join([code_digest(code_files(script, *import_paths)), "of", Path(script).stem, *import_paths])


def digest_now(file: Path) -> bytes:
    """Return a digest of the name and the content of a file."""
    return _hashed(file, file.read_bytes())


@cache
def first_digest(file: Path) -> bytes:
    """Return what `digest_now` said of the content that this process found when it first looked."""
    return _hashed(file, _content(file))


def _hashed(file: Path, content: bytes) -> bytes:
    return hashlib.sha256(f"{file.name}\n".encode() + content).digest()


def source_files(script: Path) -> set[Path]:
    """Return the script and the files that it imports, transitively."""
    return _with_imports([(script.resolve(), "")])


def _module_files(import_path: str) -> set[Path]:
    """Return the files of the module that package.module.Name lies in, wherever it is installed, and its imports."""
    module = import_path.rpartition(".")[0]
    spec = _spec(module) if module else None
    if spec is None:
        raise RambleError(f"{import_path}: there is no module '{module}'; give package.module.Name.")
    return _with_imports([*_own_files(module), *_located(module)])


def _with_imports(waiting: list[tuple[Path, str]]) -> set[Path]:
    """Return some files, each given with the package it belongs to, and all that they import."""
    seen: set[Path] = set()
    while waiting:
        file, package = waiting.pop()
        if file not in seen:
            seen.add(file)
            waiting.extend(_imports(file, package))
    return seen


@cache
def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise RambleError(
            f"{file}: cannot be read ({error.strerror}), and is imported; give a readable file"
        ) from error


@cache
def _imports(file: Path, package: str) -> frozenset[tuple[Path, str]]:
    """Return the own files, with their packages, that a file names in import statements, or in what looks like them."""
    if file.suffix != ".py":
        return frozenset()
    names = _names(_content(file).decode(errors="replace"), package)
    return frozenset(found for name in names for found in _own_files(name))


def _names(text: str, package: str) -> set[str]:
    """Return the full dotted names that the source of a module in `package` imports."""
    text = JOINED.sub(" ", text)
    names = {_full(found[1], package) for found in BY_NAME.finditer(text)}
    for found in IMPORT.finditer(text):
        before = BEFORE.search(text, text.rfind("\n", 0, found.start()) + 1, found.start())
        after = AFTER.match(text, found.end())
        if before and after:
            words = WORD.findall(after[0])
            if before[1] is None:
                names.update(words)
                continue
            module = _full(before[1], package)
            names.update([module, *(f"{module}.{word}" for word in words)])
            if "*" in after[0]:
                names.update(_listed(module))
    return names


def _full(name: str, package: str) -> str:
    """Return a dotted name without the leading dots of a relative import."""
    below = name.lstrip(".")
    levels = len(name) - len(below)
    if not levels:
        return name
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - levels + 1], *([below] if below else [])])


def _listed(package: str) -> Iterator[str]:
    """Return what a star may import from a package: submodules that its __init__ names, in __all__ or elsewhere."""
    for file, own in _own_files(package):
        if own == package and file.name == "__init__.py":
            yield from (f"{package}.{word}" for word in set(WORD.findall(_content(file).decode(errors="replace"))))


@cache
def _own_files(name: str) -> frozenset[tuple[Path, str]]:
    """Return the files, with their packages, that importing a dotted name runs, as far as it is no installed one's."""
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names or not _is_own(top):
        return frozenset()
    above = name.rpartition(".")[0]
    return frozenset(_located(name)) | (_own_files(above) if above else frozenset())


@cache
def _spec(name: str) -> ModuleSpec | None:
    """Return where a module lies, without importing the packages above it; None where there is no such module."""
    if name == PACKAGE.name:  # this one, whatever else could be imported by its name
        return _spec_below(name, [str(PACKAGE.parent)])
    above = name.rpartition(".")[0]
    if not above:
        try:
            return importlib.util.find_spec(name)  # of a top-level name: imports nothing, and asks hooks too
        except (ImportError, ValueError):
            return None
    package = _spec(above)
    return _spec_below(name, package.submodule_search_locations or ()) if package else None


def _spec_below(name: str, folders: Iterable[str]) -> ModuleSpec | None:
    """Find a module in folders as the import system does, which imports the package above for a namespace's sake."""
    portions: list[str] = []
    for folder in folders:
        finder = get_importer(folder)
        spec = finder.find_spec(name) if isinstance(finder, FileFinder) else None
        if spec and spec.loader:
            return spec
        portions += (spec.submodule_search_locations or []) if spec else []
    namespace = ModuleSpec(name, None, is_package=True)
    namespace.submodule_search_locations = portions
    return namespace if portions else None


@cache
def _located(name: str) -> tuple[tuple[Path, str], ...]:
    """Return the file that importing a module runs, with the package its relative imports start from; none of others.

    Namespace packages and what is built in have no file.
    """
    spec = _spec(name)
    if spec is None or not spec.has_location or not spec.origin:
        return ()
    package = name if spec.submodule_search_locations is not None else name.rpartition(".")[0]
    return ((Path(spec.origin).resolve(), package),)


@cache
def _is_own(top: str) -> bool:
    """Whether a top-level module exists and belongs to no installed distribution."""
    spec = _spec(top)
    if spec is None:
        return False
    folders = spec.submodule_search_locations
    places = [Path(folder).parent for folder in folders or ()]
    if folders is None and spec.has_location and spec.origin:
        places = [Path(spec.origin).parent]
    return bool(places) and not any(_holds_distributions(place) for place in places)


@cache
def _holds_distributions(folder: Path) -> bool:
    return folder.name in ("site-packages", "dist-packages") or any(folder.glob("*.dist-info"))
