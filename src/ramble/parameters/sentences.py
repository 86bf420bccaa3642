"""What pydantic finds wrong, said in one sentence."""

from collections.abc import Sequence
from typing import Any

from ramble.parameters.model import NAME
from ramble.studies.kinds import kinds

ENGINES = ("exact", "krylov", "pyhessian")
LONGEST = 120  # characters of a value that a sentence repeats


def short(text: str) -> str:
    """Return a text, or only its beginning where it is long."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}.."


def _choices(behind: str) -> Sequence[str]:
    """Return what chooses among the models behind a key."""
    from ramble.studies.kinds import figure_models  # the kinds themselves need this module

    return {"studies": kinds(), "figures": list(figure_models()), "spectra": ENGINES}[behind]


def sentence(error: dict[str, Any]) -> str:
    """Say which key is wrong and why, without pydantic's own vocabulary."""
    # a union puts the chosen kind or engine into the location, behind the key; no such key is in the file
    location = list(error["loc"])
    for behind, depth in (("studies", 2), ("figures", 2), ("spectra", 1)):
        place = location.index(behind) + depth if behind in location else len(location)
        if location[place : place + 1] and location[place] in _choices(behind):
            del location[place]
    named = location[-1:] == ["[key]"]  # not a value is wrong, but what it is called
    key = ".".join(short(str(part)) for part in location[: -1 if named else None])
    given = short(repr(error.get("input")))
    match error["type"]:
        case "string_pattern_mismatch" if named or error["ctx"]["pattern"] == NAME:
            what = key if named else f"{key} = {given}"
            return f"{what} is no name; write 1 to 64 of a to z, 0 to 9 and _, a letter first"
        case "model_type" | "model_attributes_type" | "dict_type":
            what = "null" if error.get("input") is None else given
            return f"{key} is {what}, not keys with values; write 'key: value' lines below it"
        case "extra_forbidden":
            return f"{key} is not a known key; correct its spelling or remove it"
        case "missing":
            return f"{key} is missing; add it"
        case "union_tag_invalid" | "union_tag_not_found":
            choice = error["ctx"]["discriminator"].strip("'")
            *others, last = _choices(str(location[0]) if choice == "kind" else "spectra")
            return f"{key}.{choice} is missing or unknown; write {', '.join(others)} or {last}"
        case "value_error":
            text = str(error["ctx"]["error"])
            return f"{key}: {text}" if key else text
        case _:
            what = error["msg"].removeprefix("Input ")
            return f"{key} = {given} {what}; correct the value"
