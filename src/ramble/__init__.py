"""Zero-error paths between the solutions of a classification problem.

    path = ramble.connect(network, (inputs, labels), a, b)
    ramble.profile(path); ramble.spectrum(path, top=20); ramble.verify(file)

Each is loaded by name when it is first asked for: to import the package is to import no torch, and no step of a
workflow depends on the code of all of them. Their types stand in `__init__.pyi`.
"""

from importlib import import_module
from typing import Any

__all__ = ["connect", "profile", "spectrum", "verify"]

HOMES = {"connect": "connect", "profile": "measure", "spectrum": "measure", "verify": "verify"}


def __getattr__(name: str) -> Any:
    """Return a function of the public interface."""
    if name not in HOMES:
        raise AttributeError(f"module 'ramble' has no attribute '{name}'")
    return getattr(import_module(f"ramble.api.{HOMES[name]}"), name)
