"""The code that this process runs, held against the code that was planned for it."""

import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import ModuleType

from ramble.errors import RambleError
from ramble.store.code import PACKAGE, code_digest, code_files, digest_now, first_digest

SLACK = 5.0  # seconds that a module takes at most from being asked for to being read


class _Asked(MetaPathFinder):
    """Notes when each module was asked for, and finds none."""

    def __init__(self) -> None:
        self.times: dict[str, float] = {}

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        """Leave the finding to the next in the row."""
        self.times.setdefault(name, time.time())


@dataclass(frozen=True)
class Code:
    """A script and the modules it may import, and when it did."""

    text: str  # see `ramble.store.code.code_text`
    files: dict[Path, bytes]  # digests of the contents when the process began
    asked: _Asked = field(default_factory=_Asked)

    def __str__(self) -> str:
        """Return the digest and what it is of, in ASCII."""
        return self.text.encode("ascii", "replace").decode()

    def check(self) -> None:
        """Raise RambleError if a file changed before it was loaded; one that changed later is of no consequence."""
        names = {file.name for file in self.files}  # to look closely at few of a thousand modules
        for name, asked in self.asked.times.items():
            place = getattr(sys.modules.get(name), "__file__", None)
            file = _resolved(place) if place and os.path.basename(place) in names else None  # noqa: PTH119
            if file in self.files and _changed(file) <= asked + SLACK and digest_now(file) != self.files[file]:
                raise RambleError(f"{file}: changed while this job was loading it; run snakemake again.")


code: Code | None = None  # what `begin` found, once in a process


def begin(planned: str, scripts: Path) -> None:
    """Take note of the code of this process, before it is loaded.

    Args:
        planned: what the code was when the run was planned, as `ramble.store.code.code_text` says it.
        scripts: the folder of the script, <checkout>/workflow/scripts.

    Raises:
        RambleError: it is other code than planned.
    """
    global code
    package = (scripts.resolve().parents[1] / "src" / PACKAGE.name).resolve()
    if package != PACKAGE.resolve():
        raise RambleError(
            f"this job imports the package in {PACKAGE}, and its workflow runs the one in {package}; start snakemake "
            "from an environment that leaves PYTHONPATH as it is."
        )
    digest, _, name, *import_paths = planned.split()
    script = scripts / f"{name}.py"
    files = code_files(script, *import_paths)
    if code_digest(files) != digest:
        raise RambleError(
            f"{script}, or a module that it imports, is not what it was when the run was planned; run snakemake again."
        )
    code = Code(planned, {file: first_digest(file) for file in files})
    sys.meta_path.insert(0, code.asked)


@cache
def _resolved(place: str) -> Path:
    return Path(place).resolve()


def _changed(file: Path) -> float:
    """Return when a file was last changed, or infinity where it is gone."""
    with suppress(OSError):
        return file.stat().st_ctime
    return float("inf")
