"""What the figures of all kinds have in common.

A kind of figure is a model of its settings that names what it is drawn from and the function that draws it; a module
`parameters` of a kind of study lists those that it offers as `FIGURES`. Neither torch nor matplotlib is imported here.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from ramble.settings import Model
from ramble.studies.study import BaseStudy, no_study


class BaseFigure(Model):
    """One entry of `figures:`; each kind of figure is made of it."""

    # import path of draw(files, ..), which takes what `sources` names, and the values of `keys` by their last parts
    drawn_by: ClassVar[str]
    # dotted keys of params.yaml, {figure} being the name of the figure
    keys: ClassVar[Sequence[str]] = ()

    kind: str

    @property
    def of_study(self) -> str | None:
        """The study with whose target it is drawn, if any."""
        return None

    def check(self, studies: Mapping[str, BaseStudy], left_out: Sequence[str]) -> None:
        """Raise ValueError, beginning with what follows `figures.<name>`, where the studies lack what it shows.

        Args:
            studies: all studies by name.
            left_out: names of those that are null.
        """

    def waits(self, studies: Mapping[str, BaseStudy]) -> bool:
        """Return whether it is drawn on request only, because of what it shows."""
        return False

    def sources(self, name: str, studies: Mapping[str, BaseStudy]) -> dict[str, list[str]]:
        """Return the files that it is drawn from, by their kind.

        Args:
            name: of the figure.
            studies: all studies by name.
        """
        raise NotImplementedError


class FigureOfStudies(BaseFigure):
    """Studies of one kind side by side."""

    shows: ClassVar[type[BaseStudy]]

    studies: list[str] = Field([], description="which; if not given, all of their kind")

    def shown(self, studies: Mapping[str, BaseStudy]) -> list[str]:
        """Return the names of the shown studies."""
        return self.studies or [name for name, study in studies.items() if isinstance(study, self.shows)]

    def check(self, studies: Mapping[str, BaseStudy], left_out: Sequence[str]) -> None:
        """Raise ValueError where a study is not there or of another kind, or where there is none to show."""
        there = [name for name, study in studies.items() if isinstance(study, self.shows)]
        for name in self.studies:
            if name not in there:
                known = f"there are {', '.join(there) or 'none'}"
                raise ValueError(f".studies: {no_study(f'study of kind {self.kind}', name, left_out, known)}")
        if not there:
            raise ValueError(f": there is no study of kind {self.kind} to show; add one")
