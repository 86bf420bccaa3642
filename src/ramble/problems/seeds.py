"""Random generators derived by name, so that adding a study changes no other."""

import hashlib

import torch


def derive_seed(seed: int, *names: str | int) -> int:
    """Return a 63-bit seed that depends on `seed` and on every name, and on nothing else.

    The names are hashed with SHA-256: `hash()` differs between processes, and a counter would
    shift every later stream when one is inserted.
    """
    text = "/".join(str(part) for part in (seed, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(seed: int, *names: str | int) -> torch.Generator:
    """Return a CPU generator for the stream called `names`; draw on the CPU, then move to the device."""
    return torch.Generator().manual_seed(derive_seed(seed, *names))
