"""What the studies of all kinds have in common."""

from collections.abc import Mapping, Sequence

from ramble.settings import Count, Model

MOST_FILES = 100_000  # of one study


class BaseStudy(Model):
    """One entry of `studies:`; the class `Study` of each kind is made of it."""

    kind: str
    threads: Count = 1

    @property
    def threshold(self) -> list[str]:
        """The key of the errors that its solutions may make, where they may make any."""
        return []

    def check(self, name: str, studies: Mapping[str, "BaseStudy"], left_out: Sequence[str]) -> None:
        """Raise ValueError where this study, called `name`, does not find what it needs in the others.

        Args:
            name: of this study.
            studies: all studies by name.
            left_out: names of those that are null.
        """

    def files(self, name: str, studies: Mapping[str, "BaseStudy"]) -> list[str]:
        """Return the artifacts that the target `name` stands for.

        Args:
            name: of this study.
            studies: all studies by name.
        """
        raise NotImplementedError


def no_study(kind: str, name: str, left_out: Sequence[str], there_are: str) -> str:
    """Say that there is no study of a name, and why."""
    if name in left_out:
        return f"study '{name}' is left out, for it is null; name another one here, or leave this out too"
    return f"no {kind} '{name}'; {there_are}"
