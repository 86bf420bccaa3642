"""What an unquoted word of a YAML file stands for: the same for every reader, or nothing.

Three programs read params.yaml: this one, Snakemake (PyYAML, which follows YAML 1.1) and DVC (ruamel.yaml, YAML 1.2).
They take 02017 for 1039 and for 2017, `yes` for true and for a text, 1:30 for 90 and for a text.
"""

import math
import re

from ramble.parameters.sentences import short

WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
# of YAML 1.1 only
OLD_WORDS = frozenset(word for one in ("yes", "no", "on", "off") for word in (one, one.title(), one.upper()))
INTEGER = re.compile(r"[-+]?(?:(?P<decimal>0|[1-9][0-9]*)|0x[0-9a-fA-F]+)")
# As YAML 1.2 and DVC have it. PyYAML takes those without a point, or without a sign in the exponent, for texts: 1e-05,
# which DVC writes.
FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+|\.[0-9]+(?:[eE][-+][0-9]+)?)")
NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
FIRST = frozenset("+-.0123456789=<")  # of all that the next two are looked for in
DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?", re.DOTALL)
# all else that one of the readers takes for a number
DISPUTED = re.compile(
    r"""[-+]?(?: [0-9_]+(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]*)?       # 1_000, 02017
    | [0-9_]+(?::[0-5]?[0-9])+(?:\.[0-9_]*)?                     # 1:30
    | \.[0-9_]+(?:[eE][-+]?[0-9]*)?                              # .5e1
    | 0b[01_]+ | 0o?[0-7_]+ | 0x[0-9a-fA-F_]+ )""",
    re.VERBOSE,
)


def plain_value(text: str) -> str | int | float | bool | None:
    """Return what an unquoted word stands for; raises ValueError with a sentence where readers of YAML differ."""
    if text in WORDS:
        return WORDS[text]
    if text in OLD_WORDS:
        raise ValueError(f"{text} is a truth value for some readers of YAML; write true, false, or quotes around it")
    if text[0] not in FIRST:
        return text
    if found := INTEGER.fullmatch(text):
        # longer ones take Python a while, or are refused by it
        number = int(text, 10 if found["decimal"] else 16) if len(text) <= 20 else 2**64
        if abs(number) >= 2**63:
            raise ValueError(f"{short(text)} has more than 64 bits; write a smaller number, or quotes around it")
        return number
    if FLOAT.fullmatch(text):
        if math.isinf(value := float(text)):
            raise ValueError(f"{short(text)} is larger than any number of 64 bits; write a smaller one")
        return value
    if NOT_FINITE.fullmatch(text):
        return float(text.replace(".", ""))
    if DATE.fullmatch(text):
        raise ValueError(f"{short(text)} is a date; write quotes around it")
    if DISPUTED.fullmatch(text) or text in ("=", "<<"):
        raise ValueError(
            f"{short(text)} is not the same to all readers of YAML; write a number in plain decimal digits, none of "
            "them a leading 0, or quotes around a text"
        )
    return text
