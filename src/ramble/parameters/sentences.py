"""What pydantic finds wrong, said in one sentence."""

from typing import Any

# kinds of a study, and engines: what chooses among the models of a union
BRANCHES = (
    "paths",
    "stochastic",
    "recipe",
    "ablation",
    "connectivity",
    "load",
    "exact",
    "krylov",
    "pyhessian",
)


def sentence(error: dict[str, Any]) -> str:
    """Say which key is wrong and why, without pydantic's own vocabulary."""
    # a union puts the chosen kind or engine into the location, behind the key; no such key is in the file
    location = list(error["loc"])
    for behind, depth in (("studies", 2), ("spectra", 1)):
        place = location.index(behind) + depth if behind in location else len(location)
        if location[place : place + 1] and location[place] in BRANCHES:
            del location[place]
    key = ".".join(str(part) for part in location)
    given = error.get("input")
    match error["type"]:
        case "extra_forbidden":
            return f"{key} is not a known key; correct its spelling or remove it"
        case "missing":
            return f"{key} is missing; add it"
        case "union_tag_invalid" | "union_tag_not_found":
            choice = error["ctx"]["discriminator"].strip("'")
            allowed = (
                "paths, stochastic, recipe, ablation, connectivity or load"
                if choice == "kind"
                else "exact, krylov or pyhessian"
            )
            return f"{key}.{choice} is missing or unknown; write {allowed}"
        case "value_error":
            text = str(error["ctx"]["error"])
            return f"{key}: {text}" if key else text
        case _:
            what = error["msg"].removeprefix("Input ")
            return f"{key} = {given!r} {what}; correct the value"
