"""Digests of parts of params.yaml: what an artifact remembers of the parameters it was made with."""

import hashlib
import json
from collections.abc import Iterable
from functools import reduce
from typing import Any

from ramble.parameters.document import Parameters


def key_digests(parameters: Parameters, keys: Iterable[str]) -> dict[str, str]:
    """Return a digest of the value of each dotted key ("studies.tcm.data"); `absent` where there is no such key."""
    document = parameters.model_dump(mode="json")
    return {key: _digest(document, key) for key in keys}


def _digest(document: dict[str, Any], key: str) -> str:
    try:
        value = reduce(lambda part, name: part[name], key.split("."), document)
    except (KeyError, TypeError):  # a key of an artifact may lead into what is a number now
        return "absent"
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:8]
