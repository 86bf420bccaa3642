"""What a file of points says of itself, as typed values: text from a file, which nothing vouches for yet.

A header is written as strings. It is read here and nowhere else, and a field that is missing or cannot be what it says
is named in one sentence.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from ramble.errors import RambleError
from ramble.store.untrusted import quoted

CERTIFICATES = ("none", "sampled", "sound", "exact")  # from the weakest


class Status(StrEnum):
    """How a walk ended."""

    ARRIVED = "arrived"
    STUCK = "stuck"
    LEFT_S = "left-S"
    OUT_OF_BUDGET = "out-of-budget"
    OUT_OF_TIME = "out-of-time"  # its state was kept, and it can go on


class Ending:
    """How a path ended, and what is certified of it: a base for all that has both."""

    status: Status
    certificate: str  # of the polygon through the points, one of `CERTIFICATES`

    @property
    def arrived(self) -> bool:
        """Does it lead from W_a to W_b, as far as its tracker can tell?"""
        return self.status == Status.ARRIVED

    @property
    def joins(self) -> bool:
        """Does it join its ends: arrived, and every segment certified?"""
        return self.arrived and self.certificate != "none"

    @property
    def failed(self) -> bool:
        """Did the walk end before W_b, of itself and not for want of a budget or of time?"""
        return self.status in (Status.STUCK, Status.LEFT_S)


@dataclass(frozen=True, kw_only=True)
class Header:
    """What is known of any points.

    Attributes:
        study: whose networks they are.
        maker: what made them: path, training, line, direction, plane, or a name of one's own.
        dataset: number of the training set.
        facts: all other fields, as text: of the network (such as input_scale), of the maker, and the provenance.
    """

    study: str
    maker: str
    dataset: int
    facts: Mapping[str, str]

    @property
    def text(self) -> dict[str, str]:
        """The fields as they are written."""
        return {"study": self.study, "maker": self.maker, "dataset": str(self.dataset), **self.facts}


@dataclass(frozen=True, kw_only=True)
class PathHeader(Header, Ending):
    """What a tracker says of the path that it made.

    Attributes:
        tracker: its name in the study.
        pair: <dataset>-<a>-<b>.
        inputs: M, training inputs.
        max_errors: K, training errors that a network in the solution space may make; 0 where the header says none.
        data_digest: of the tensors of the training set.
        start_digest: likewise of the solution W_a.
        end_digest: of W_b.
        steps_digest: of the table beside the path.
        status: how the walk ended.
        reason: why, in words.
        steps: rows of that table.
        gradients: spent, of one network on its whole training set.
        evaluations: membership tests spent, those of the last hop included.
        certificate: see `Ending`.
        certificate_reason: why it is not proven; empty where it is.
        certified_segments: from the start.
        min_margin: smallest on the segments looked at; NaN where nothing was certified.
        certificate_points: networks evaluated for the certificate.
        certificate_resolution: shortest piece that a proof was tried on, as a share of a segment.
    """

    tracker: str
    pair: str
    inputs: int
    max_errors: int = 0
    data_digest: str
    start_digest: str
    end_digest: str
    steps_digest: str
    status: Status
    reason: str
    steps: int
    gradients: int
    evaluations: int
    certificate: str
    certificate_reason: str
    certified_segments: int
    min_margin: float
    certificate_points: int
    certificate_resolution: float

    @property
    def text(self) -> dict[str, str]:
        """The fields as they are written; the file's name has the data set, and the tracker tells the maker."""
        own = {field.name: str(getattr(self, field.name)) for field in fields(self) if field.name in OF_PATH}
        return own | dict(self.facts)


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


Form = tuple[Callable[[str], Any], str]  # how a field is read, and what it is
NAME, NUMBER, DIGEST, TEXT = (str, "a name"), (_whole, "a whole number"), (_digest, "a SHA-256"), (str, "a text")
OF_POINTS: dict[str, Form] = {"study": NAME, "maker": NAME, "dataset": NUMBER}
OF_PATH: dict[str, Form] = {
    **dict.fromkeys(("study", "tracker", "pair"), NAME),
    **dict.fromkeys(("data_digest", "start_digest", "end_digest", "steps_digest"), DIGEST),
    **dict.fromkeys(("inputs", "max_errors", "steps", "gradients", "evaluations"), NUMBER),
    **dict.fromkeys(("certified_segments", "certificate_points"), NUMBER),
    **dict.fromkeys(("reason", "certificate_reason"), TEXT),
    "status": (Status, f"one of {', '.join(Status)}"),
    "certificate": (_certificate, f"one of {', '.join(CERTIFICATES)}"),
    "min_margin": (float, "a number"),
    "certificate_resolution": (_share, "a share of a segment, above 0 and at most 1"),
}


def read_path_header(file: str | Path, dataset: int, texts: Mapping[str, str]) -> PathHeader:
    """Return the header of a path on a data set; raises RambleError, see the module's text."""
    texts = {"max_errors": "0", **texts}  # a path that does not say how many allows none
    return PathHeader(maker="path", dataset=dataset, **_typed(file, "a path", OF_PATH, texts))


def read_header_of_points(file: str | Path, texts: Mapping[str, str]) -> Header:
    """Return the header of points that no tracker made; raises RambleError, see the module's text."""
    return Header(**_typed(file, "a file of points", OF_POINTS, texts))


def _typed(file: str | Path, what: str, forms: Mapping[str, Form], texts: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {"facts": {name: text for name, text in texts.items() if name not in forms}}
    for name, (parse, kind) in forms.items():
        if name not in texts:
            raise RambleError(f"{file}: its header says no {name}, as {what} of the workflow does; name such a file.")
        try:
            values[name] = parse(texts[name])
        except ValueError:
            raise RambleError(f"{file}: its header says {name} = {quoted(texts[name])}, not {kind}.") from None
    return values
