"""The types of the public interface, which `__init__.py` loads by name only when it is asked for.

They stand apart so that no step of the workflow depends on the code of the interface: its code is found by imports.
"""

from ramble.api.connect import connect as connect
from ramble.api.measure import profile as profile
from ramble.api.measure import spectrum as spectrum
from ramble.api.verify import verify as verify
from ramble.problems.joined import Sources as Sources

__all__ = ["Sources", "connect", "profile", "spectrum", "verify"]
