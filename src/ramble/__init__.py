"""Zero-error paths between the solutions of a classification problem.

    path = ramble.connect(network, (inputs, labels), a, b)
    ramble.profile(path); ramble.spectrum(path, top=20)
    ramble.verify(file, ramble.Sources(network=network, data=(inputs, labels)))

Each is loaded by name when it is first asked for: to import the package is to import no torch, and no step of a
workflow depends on the code of all of them. Their types stand in `__init__.pyi`.
"""

from importlib import import_module
from typing import Any

__all__ = ["RambleError", "Sources", "connect", "profile", "spectrum", "verify"]

HOMES = {
    "Sources": "ramble.problems.joined",
    "RambleError": "ramble.errors",
    "connect": "ramble.api.connect",
    "profile": "ramble.api.measure",
    "spectrum": "ramble.api.measure",
    "verify": "ramble.api.verify",
}


def __getattr__(name: str) -> Any:
    """Return a name of the public interface."""
    if name not in HOMES:
        raise AttributeError(f"module 'ramble' has no attribute '{name}'")
    return getattr(import_module(HOMES[name]), name)


def __dir__() -> list[str]:
    """Return the names of the public interface, as a shell completes them."""
    return __all__
