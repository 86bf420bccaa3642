"""One line inside every artifact that says where it comes from, whatever its format.

The line is plain ASCII without quotes, brackets or backslashes, so it stands as it is in a safetensors header, at the
end of a CSV, and in the metadata of SVG, PNG and PDF. It holds no date and no machine: equal code and parameters give
equal bytes.
"""

import json
import os
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

# What whoever runs the steps knows and an artifact's writer does not, as JSON:
# {"code": version, "digests": {key of params.yaml: digest}, "places": {file or folder: [studies, keys]}}
ENVIRONMENT = "RAMBLE_PROVENANCE"
PACKAGES = ("torch", "numpy", "scipy", "pandas", "matplotlib", "safetensors", "pyhessian")
BEGIN, END = "ramble provenance: ", "; end."


def stamp(path: str | Path) -> str:
    """Return the line for an artifact; its study and parameters are `unknown` where nobody said them."""
    told = json.loads(os.environ.get(ENVIRONMENT, "{}"))
    places, digests = told.get("places", {}), told.get("digests", {})
    path = Path(path)
    studies, keys = places.get(path.as_posix()) or places.get(path.parent.as_posix()) or ("unknown", "")
    fields = {
        "study": studies,
        "parameters": " ".join(f"{key}:{digests[key]}" for key in keys.split()) or "unknown",
        "code": told.get("code", "unknown"),
        "packages": packages(),
    }
    return BEGIN + "; ".join(f"{name}={value}" for name, value in fields.items()) + END


@cache
def packages() -> str:
    """Return the versions of Python and of the packages that decide what an artifact holds."""
    return " ".join([f"python-{platform.python_version()}", *(f"{name}-{version(name)}" for name in PACKAGES)])
