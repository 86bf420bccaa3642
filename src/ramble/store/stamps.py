"""One line inside every artifact that says where it comes from, whatever its format.

The line is plain ASCII without quotes, brackets or backslashes, so it stands as it is in a safetensors header, at the
end of a CSV, and in the metadata of SVG, PNG and PDF. It holds no date, no machine and no version of the repository:
equal code of a step, parameters and inputs give equal bytes.
"""

import hashlib
import json
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

from ramble.errors import RambleError
from ramble.store import running
from ramble.store.content import origin_of

PACKAGES = ("torch", "numpy", "scipy", "pandas", "matplotlib", "safetensors", "pyhessian")
BEGIN, END = "ramble provenance: ", "; end."
LINE = re.compile(re.escape(BEGIN) + r"([ -~]*?)" + re.escape(END))


def digest_of(value: Any) -> str:
    """Return a digest of a parameter's value: numbers, texts, models, and lists and mappings of these."""
    return hashlib.sha256(json.dumps(to_jsonable_python(value), sort_keys=True).encode()).hexdigest()[:8]


def fields_of(line: str) -> dict[str, str] | None:
    """Return the fields of the first such line in a text, or None where there is none."""
    found = LINE.search(line)
    return found and dict(part.split("=", 1) for part in found[1].split("; "))


def digests_in(fields: Mapping[str, str]) -> dict[str, str]:
    """Return {key of params.yaml: digest} of the field `parameters`; none where nobody said them."""
    known = fields["parameters"] != "unknown"
    return dict(part.split(":", 1) for part in fields["parameters"].split()) if known else {}


@dataclass(frozen=True)
class Making:
    """What this process makes its artifacts from."""

    given: Mapping[str, Any]  # {key of params.yaml: its value}
    inputs: Sequence[str]

    @cached_property
    def digests(self) -> dict[str, str]:
        """Digests of what was given, and of all that the inputs say that they were made from.

        Raises RambleError where two of these differ, for then the artifact belongs to no parameters.
        """
        found = {key: digest_of(value) for key, value in self.given.items()}
        said_by = dict.fromkeys(found, "this run's parameters")
        for file in self.inputs:
            fields = fields_of(origin_of(file)) or {"parameters": "unknown"}
            for key, digest in digests_in(fields).items():
                if found.setdefault(key, digest) != digest:
                    raise RambleError(
                        f"{file}: was made with another {key} than {said_by[key]}; run snakemake without "
                        "--rerun-triggers, so that what is old is made anew."
                    )
                said_by.setdefault(key, file)
        return dict(sorted(found.items()))


making: Making | None = None  # what `begin` was told, once in a process


def begin(code: str, scripts: str, given: Mapping[str, Any], inputs: Sequence[str]) -> None:
    """Hold the code of this process against what was planned, see `running.begin`, and note what it works from."""
    global making
    running.begin(code, Path(scripts))
    making = Making(given, inputs)


def stamp() -> str:
    """Return the line for an artifact; its study, parameters and code are `unknown` where nobody said them.

    Raises RambleError where the code is not what was planned, see `ramble.store.running`.
    """
    if running.code:
        running.code.check()
    digests = making.digests if making else {}
    studies = {key.split(".")[1] for key in digests if key.startswith("studies.")}
    fields = {
        "study": "+".join(sorted(studies)) or "unknown",
        "parameters": " ".join(f"{key}:{digest}" for key, digest in digests.items()) or "unknown",
        "code": str(running.code or "unknown"),
        "packages": packages(),
    }
    return BEGIN + "; ".join(f"{name}={value}" for name, value in fields.items()) + END


@cache
def packages() -> str:
    """Return the versions of Python and of the packages that decide what an artifact holds."""
    return " ".join([f"python-{platform.python_version()}", *(f"{name}-{version(name)}" for name in PACKAGES)])
