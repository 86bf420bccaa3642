"""The one reader of params.yaml and of every file laid over it: what is wrong is one sentence with file and line."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from ramble.errors import RambleError
from ramble.parameters.sentences import short
from ramble.parameters.yaml_text import parse
from ramble.store.untrusted import read_regular

MOST_BYTES = 1 << 20
# what YAML does not allow, and a byte order mark inside
UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
LINE_ENDS = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")


def read_yaml(file: Path) -> dict[str, Any]:
    """Return what a YAML file holds, by key; raises RambleError, with the line, when it is missing or wrong.

    Numbers are those that every reader of YAML takes for the same, or that YAML 1.2 has and YAML 1.1 takes for a text
    (1e-05); what is a number to some and something else to others is refused.
    """
    text = _text(file)
    if found := UNPRINTABLE.search(text):
        line = len(LINE_ENDS.findall(text, 0, found.start())) + 1
        raise RambleError(f"{file}, line {line}: holds {found[0]!r}, no character of a text; remove it")
    try:
        content = parse(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RambleError(f"{file}, line {line}: {_problem(error, 'the file')}") from error
    if not isinstance(content, dict):
        raise RambleError(f"{file}: holds no keys; write 'key: value' lines, see workflow/schemas/params.schema.json")
    return content


def read_settings(entries: Iterable[str]) -> dict[str, Any]:
    """Return what the `KEY=VALUE` of snakemake's option --config stand for; raises RambleError where one is wrong."""
    settings: dict[str, Any] = {}
    for entry in entries:
        key, _, text = entry.partition("=")
        if key in settings:
            raise RambleError(f"--config {short(key)}: is given twice; give it once")
        try:
            if found := UNPRINTABLE.search(text):
                raise yaml.MarkedYAMLError(problem=f"holds {found[0]!r}, no character of a text")
            settings[key] = parse(text)
        except yaml.MarkedYAMLError as error:
            raise RambleError(f"--config {short(entry)}: {_problem(error, 'the value')}") from error
    return settings


def _problem(error: yaml.MarkedYAMLError, what: str) -> str:
    """Return what is wrong and what to do, which the parser itself does not say."""
    return error.problem if ";" in str(error.problem) else f"{error.problem}; correct {what}"


def read_merged(files: Iterable[Path]) -> dict[str, Any]:
    """Return what some YAML files hold together: each is laid over those before it."""
    merged: dict[str, Any] = {}
    for file in files:
        merged = laid_over(merged, read_yaml(file))
    return merged


def laid_over(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of `base` in which the values of `top` stand: mappings are merged, all else is replaced.

    This is how Snakemake lays one configuration file over another.
    """
    merged = dict(base)
    for key, value in top.items():
        below = merged.get(key)
        merged[key] = laid_over(below if isinstance(below, dict) else {}, value) if isinstance(value, dict) else value
    return merged


def name_of(files: Sequence[Path]) -> str:
    """Return the name that messages have for files laid over one another."""
    return " + ".join(map(str, files))


def _text(file: Path) -> str:
    content = read_regular(file, "name a file with 'key: value' lines", MOST_BYTES)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RambleError(f"{file}, line {line}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
