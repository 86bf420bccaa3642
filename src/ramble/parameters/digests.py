"""Parts of the parameters by their dotted keys, and digests of them: what an artifact remembers of both."""

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any

from ramble.parameters.document import Parameters
from ramble.store.stamps import digest_of


def value_at(parameters: Parameters, key: str) -> Any:
    """Return the value under a dotted key ("studies.tcm.data"); raises KeyError or AttributeError without one."""
    return reduce(_part, key.split("."), parameters)


def _part(whole: Any, name: str) -> Any:
    return whole[name] if isinstance(whole, Mapping) else getattr(whole, name)


def key_digests(parameters: Parameters, keys: Iterable[str]) -> dict[str, str]:
    """Return a digest of the value under each dotted key; `absent` where there is no such key."""
    return {key: _digest(parameters, key) for key in keys}


def _digest(parameters: Parameters, key: str) -> str:
    try:
        return digest_of(value_at(parameters, key))
    except (KeyError, AttributeError):  # a key of an artifact may lead into what is a number now
        return "absent"
