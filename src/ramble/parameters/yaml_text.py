"""YAML to Python, from the events of PyYAML's parser: bounded, no key twice, every number the same to all readers."""

from collections.abc import Iterator
from typing import Any

import yaml

from ramble.parameters.scalars import plain_value
from ramble.parameters.sentences import short

# libyaml where PyYAML has it: every start of snakemake reads the file
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MOST_VALUES = 100_000  # aliases written out
DEEPEST = 50


def parse(text: str) -> Any:
    """Return what a text in YAML holds: None for none.

    Raises yaml.MarkedYAMLError where it is wrong, means different things to different readers, or is too large.
    """
    return _Document(yaml.parse(text, LOADER)).value()


class _Document:
    """One document, as it is read."""

    def __init__(self, events: Iterator[Any]) -> None:
        self.events = events
        self.values = 0  # how many there are so far, aliases written out
        # {name: (value, how many values it is, how deep it is)}, None while it is read
        self.anchors: dict[str, tuple[Any, int, int] | None] = {}

    def value(self) -> Any:
        next(self.events)  # the stream's start
        start = next(self.events)
        if isinstance(start, yaml.StreamEndEvent):
            return None
        if start.version or start.tags:
            raise _wrong(start, "a directive (%) changes how readers take the file; remove it")
        value, _ = self._value(next(self.events), 1)
        next(self.events)  # the document's end
        if not isinstance(second := next(self.events), yaml.StreamEndEvent):
            raise _wrong(second, "a second document begins; keep one")
        return value

    def _value(self, event: Any, depth: int) -> tuple[Any, int]:
        """Return the value that begins with an event, at a depth, and the depth of what it holds."""
        if isinstance(event, yaml.AliasEvent):
            return self._repeated(event, depth)
        if event.tag is not None:
            raise _wrong(event, f"the tag {short(event.tag)} is not understood; write the value without it")
        if depth > DEEPEST:
            raise _wrong(event, f"nested more than {DEEPEST} deep; write it flatter")
        before = self.values
        self._count(event, 1)
        if event.anchor is not None:
            if event.anchor in self.anchors:
                raise _wrong(event, f"the anchor {short(event.anchor)} is given twice; rename one")
            self.anchors[event.anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            value, deepest = _scalar(event), depth
        elif isinstance(event, yaml.MappingStartEvent):
            value, deepest = self._mapping(depth)
        else:
            value, deepest = self._sequence(depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = value, self.values - before, deepest - depth
        return value, deepest

    def _repeated(self, event: Any, depth: int) -> tuple[Any, int]:
        if event.anchor not in self.anchors:
            raise _wrong(event, f"no anchor {short(event.anchor)} stands above; correct the name")
        anchored = self.anchors[event.anchor]
        if anchored is None:
            raise _wrong(event, f"{short(event.anchor)} holds itself; write out what is meant")
        value, size, height = anchored
        self._count(event, size)
        if depth + height > DEEPEST:
            raise _wrong(event, f"nested more than {DEEPEST} deep; write it flatter")
        return value, depth + height

    def _count(self, event: Any, size: int) -> None:
        self.values += size
        if self.values > MOST_VALUES:
            raise _wrong(event, f"more than {MOST_VALUES} values, aliases written out; write fewer")

    def _sequence(self, depth: int) -> tuple[list[Any], int]:
        values, deepest = [], depth
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            value, below = self._value(event, depth + 1)
            values.append(value)
            deepest = max(deepest, below)
        return values, deepest

    def _mapping(self, depth: int) -> tuple[dict[str, Any], int]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        keys: set[str] = set()
        deepest = depth
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key, merges = _key(event)
            if key in keys:
                raise _wrong(event, f"{short(key)} is given twice")
            keys.add(key)
            value, below = self._value(next(self.events), depth + 1)
            deepest = max(deepest, below)
            if merges:
                merged = _merged(event, value)
            else:
                own[key] = value
        return merged | own, deepest


def _scalar(event: Any) -> Any:
    if event.style:  # quoted, or a block
        return event.value
    try:
        return plain_value(event.value)
    except ValueError as error:
        raise _wrong(event, str(error)) from None


def _key(event: Any) -> tuple[str, bool]:
    """Return a key, and whether it is the one (<<) that merges other mappings into this one."""
    if not isinstance(event, yaml.ScalarEvent) or event.tag is not None or event.anchor is not None:
        raise _wrong(event, "a key is no plain text; write a name")
    if not event.style and event.value == "<<":
        return event.value, True
    if not isinstance(key := _scalar(event), str):
        raise _wrong(event, f"the key {short(event.value) or 'null'} is no text; write a name, or quotes around it")
    return key, False


def _merged(event: Any, value: Any) -> dict[str, Any]:
    """Return the mappings that `<<` merges, the first ones over the later ones."""
    mappings = value if isinstance(value, list) else [value]
    merged: dict[str, Any] = {}
    for mapping in reversed(mappings):
        if not isinstance(mapping, dict):
            raise _wrong(event, "<< merges something that has no keys; name mappings")
        merged |= mapping
    return merged


def _wrong(event: Any, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
