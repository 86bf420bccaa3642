"""What a path's header claims, as typed values: text from a file, which nothing vouches for yet."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ramble.errors import RambleError
from ramble.store.untrusted import quoted
from ramble.tracking.path import Status

# Fields that no file on disk contradicts: how a run found what it found, and what it ran on (`provenance` tells).
# Of the tracker it is known only that the study has one of that name.
BELIEVED = ("tracker", "reason", "certificate_reason", "certificate_points", "provenance")
OF_TABLE = ("steps_digest", "steps", "gradients", "evaluations")  # where the table lies beside the path
CERTIFICATES = ("none", "sampled", "sound", "exact")  # from the weakest


def _whole(text: str) -> int:
    """Return a number as a header has it; int() would take `1_0` and other scripts' digits too."""
    if not (text.isascii() and text.isdigit()):
        raise ValueError(text)
    return int(text[:20])


def _share(text: str) -> float:
    if not 0 < (value := float(text)) <= 1:
        raise ValueError(text)
    return value


def _digest(text: str) -> str:
    if len(text) != 64 or set(text) - set("0123456789abcdef"):
        raise ValueError(text)
    return text


def _certificate(text: str) -> str:
    return CERTIFICATES[CERTIFICATES.index(text)]


@dataclass(frozen=True)
class Claims:
    """The header of a path, but for what is believed and for what the problem adds to it."""

    study: str
    tracker: str
    pair: str
    inputs: int
    data_digest: str
    start_digest: str
    end_digest: str
    steps_digest: str
    status: Status
    steps: int
    gradients: int
    evaluations: int
    certificate: str
    certified_segments: int
    min_margin: float
    certificate_resolution: float


NUMBER, DIGEST = (_whole, "a whole number"), (_digest, "a SHA-256")
# how a field is read, and what it is
FORMS: dict[str, tuple[Callable[[str], Any], str]] = {
    **dict.fromkeys(("study", "tracker", "pair"), (str, "a name")),
    **dict.fromkeys(("data_digest", "start_digest", "end_digest", "steps_digest"), DIGEST),
    **dict.fromkeys(("inputs", "steps", "gradients", "evaluations", "certified_segments"), NUMBER),
    "status": (Status, f"one of {', '.join(Status)}"),
    "certificate": (_certificate, f"one of {', '.join(CERTIFICATES)}"),
    "min_margin": (float, "a number"),
    "certificate_resolution": (_share, "a share of a segment, above 0 and at most 1"),
}


def read_claims(file: Path, header: Mapping[str, str]) -> Claims:
    """Return what a header claims; raises RambleError when a field is missing or cannot be what it says."""
    values = {}
    for name, (parse, what) in FORMS.items():
        if name not in header:
            raise RambleError(f"{file}: its header says no {name}, as a path of the workflow does; name such a path.")
        try:
            values[name] = parse(header[name])
        except ValueError:
            raise RambleError(f"{file}: its header says {name} = {quoted(header[name])}, not {what}.") from None
    return Claims(**values)


def same(claimed: float, found: float, tolerance: float) -> bool:
    """Tell whether two numbers are equal up to a share of them; one that is not a number equals another."""
    if not (math.isfinite(claimed) and math.isfinite(found)):
        return claimed == found or (math.isnan(claimed) and math.isnan(found))
    return abs(claimed - found) <= tolerance * max(abs(claimed), abs(found))
