"""What pydantic finds wrong, said in one sentence."""

from collections.abc import Sequence
from typing import Any

from ramble.settings import NAME

LONGEST = 120  # characters of a value that a sentence repeats


def short(text: str) -> str:
    """Return a text, or only its beginning where it is long."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}.."


def _in_file(location: Sequence[str | int]) -> list[str | int]:
    """Return a location without what pydantic puts behind a key that chooses among the models of a union.

    It is the kind of a study or a figure, the engine of spectra, the algorithm of a tracker: the file has no such keys.
    """
    places = list(location)
    behind = {"trackers": 5, "spectra": 4}.get(str(places[3]), len(places)) if places[3:] else len(places)
    for place in (behind, 2):
        if places[:1] in (["studies"], ["figures"]) and places[place : place + 1] not in ([], ["[key]"]):
            del places[place]
    return places


def _choice(context: dict[str, Any]) -> str:
    """Say which models there are to choose among."""
    choice = context["discriminator"].strip("'")
    if "tag" not in context:
        return f".{choice} is missing; add it"
    given, known = short(context["tag"]), context["expected_tags"].replace("'", "")
    if choice == "algorithm":
        return f" is no tracker: there is no algorithm '{given}'; give it one with the key algorithm: {known}"
    return f".{choice} = {given} is unknown; write one of {known}"


def sentence(error: dict[str, Any]) -> str:
    """Say which key is wrong and why, without pydantic's own vocabulary."""
    location = _in_file(error["loc"])
    named = location[-1:] == ["[key]"]  # not a value is wrong, but what it is called
    key = ".".join(short(str(part)) for part in location[: -1 if named else None])
    given = short(repr(error.get("input")))
    match error["type"]:
        case "string_pattern_mismatch" if named or error["ctx"]["pattern"] == NAME:
            what = key if named else f"{key} = {given}"
            return f"{what} is no name; write 1 to 64 of a to z, 0 to 9, _ and -, a letter first"
        case "model_type" | "model_attributes_type" | "dict_type":
            what = "null" if error.get("input") is None else given
            return f"{key} is {what}, not keys with values; write 'key: value' lines below it"
        case "extra_forbidden":
            return f"{key} is not a known key; correct its spelling or remove it"
        case "missing":
            return f"{key} is missing; add it"
        case "union_tag_invalid" | "union_tag_not_found":
            return f"{key}{_choice(error['ctx'])}"
        case "value_error":
            text = str(error["ctx"]["error"])
            return f"{key}: {text}" if key else text
        case _:
            what = error["msg"].removeprefix("Input ")
            return f"{key} = {given} {what}; correct the value"
