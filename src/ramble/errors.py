"""The one exception that users are meant to read."""


class RambleError(Exception):
    """One sentence: what is wrong, where (key or file), and what to do about it."""
