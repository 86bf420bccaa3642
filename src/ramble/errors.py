"""The one exception that users are meant to read, and the checks of arguments that come from params.yaml."""

import math
from numbers import Integral, Real


class RambleError(Exception):
    """One sentence: what is wrong, where (key or file), and what to do about it.

    It may repeat what a file or a user's code says, and stays one line all the same.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(printable(sentence))


def printable(text: str) -> str:
    """Return a text on one line with all that is not printable written out as an escape.

    That is line ends, terminal sequences, marks that turn the direction of writing, and bytes of names that are no
    UTF-8: no file can print a line of its own.
    """
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def check_count(key: str, value: object, least: int = 1) -> None:
    """Raise RambleError naming the key unless its value is a whole number, not less than `least`."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise RambleError(f"{key} = {value!r} is not a whole number of at least {least}; correct the value.")


def check_number(key: str, value: object, above: float = -math.inf) -> None:
    """Raise RambleError naming the key unless its value is a finite number greater than `above`."""
    if not isinstance(value, Real) or isinstance(value, bool) or not above < float(value) < math.inf:
        bound = f" greater than {above:g}" if above > -math.inf else ""
        raise RambleError(f"{key} = {value!r} is not a finite number{bound}; correct the value.")


def kind_of(thing: object) -> str:
    """Return the name of a thing's type with its article, as sentences have it: "an int"."""
    name = type(thing).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
