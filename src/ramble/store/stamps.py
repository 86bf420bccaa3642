"""One line inside every artifact that says where it comes from, whatever its format.

The line is plain ASCII without quotes, brackets or backslashes, so it stands as it is in a safetensors header, at the
end of a CSV, and in the metadata of SVG, PNG and PDF. It holds no date, no machine and no version of the repository:
equal code of a step, parameters and inputs give equal bytes.
"""

import base64
import json
import os
import platform
import zlib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ramble.store import running

# What whoever runs the steps knows and an artifact's writer does not, see `packed`:
# {"package": folder, "codes": {digest: [script, import path, ..]}, "digests": {key of params.yaml: digest},
#  "places": {file or folder: [studies, keys]}}
ENVIRONMENT = "RAMBLE_PROVENANCE"
PACKAGES = ("torch", "numpy", "scipy", "pandas", "matplotlib", "safetensors", "pyhessian")
BEGIN, END = "ramble provenance: ", "; end."


def packed(facts: Mapping[str, Any]) -> str:
    """Return facts (of what JSON can hold) as short text: the system takes 128 KiB for one variable at most."""
    return base64.b64encode(zlib.compress(json.dumps(facts).encode())).decode()


def _told() -> dict[str, Any]:
    text = os.environ.get(ENVIRONMENT)
    facts: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(text))) if text else {}
    return facts


def stamp(path: str | Path) -> str:
    """Return the line for an artifact; its study, parameters and code are `unknown` where nobody said them.

    Raises RambleError where the code is not what was planned, see `ramble.store.running`.
    """
    told = _told()
    if running.code:
        running.code.check()
    places, digests = told.get("places", {}), told.get("digests", {})
    path = Path(path)
    studies, keys = places.get(path.as_posix()) or places.get(path.parent.as_posix()) or ("unknown", "")
    fields = {
        "study": studies,
        "parameters": " ".join(f"{key}:{digests[key]}" for key in keys.split()) or "unknown",
        "code": str(running.code or "unknown"),
        "packages": packages(),
    }
    return BEGIN + "; ".join(f"{name}={value}" for name, value in fields.items()) + END


def begin(planned: str) -> None:
    """Hold the code of this process against what was planned, by its digest; `running.begin` says what for."""
    told = _told()
    if planned in told.get("codes", {}):
        script, *import_paths = told["codes"][planned]
        running.begin(planned, script, import_paths, told["package"])


@cache
def packages() -> str:
    """Return the versions of Python and of the packages that decide what an artifact holds."""
    return " ".join([f"python-{platform.python_version()}", *(f"{name}-{version(name)}" for name in PACKAGES)])
