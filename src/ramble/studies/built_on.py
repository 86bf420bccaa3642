"""Studies that build on the data, network and settings of a study of kind `paths`."""

from collections.abc import Mapping, Sequence

from pydantic import Field

from ramble.studies.paths.parameters import Study as PathsStudy
from ramble.studies.study import BaseStudy, no_study


class StudyBuiltOn(BaseStudy):
    """A study that takes another one's problem; kinds of study are made of it."""

    of: str = Field(description="the study whose data, network and settings are used")

    def check(self, name: str, studies: Mapping[str, BaseStudy], left_out: Sequence[str]) -> None:
        """Raise ValueError where there is no such study of paths, or where it lacks what this one needs."""
        source = studies.get(self.of)
        if not isinstance(source, PathsStudy):
            there_are = ", ".join(other for other, study in studies.items() if isinstance(study, PathsStudy))
            what = no_study("study of paths", self.of, left_out, f"there are {there_are or 'none'}")
            raise ValueError(f"studies.{name}.of: {what}")
        self.check_source(name, source)

    def check_source(self, name: str, source: PathsStudy) -> None:
        """Raise ValueError where the study that this one builds on lacks what it needs."""

    def source(self, studies: Mapping[str, BaseStudy]) -> PathsStudy:
        """Return the study that this one builds on, once that is checked."""
        source = studies[self.of]
        assert isinstance(source, PathsStudy)
        return source

    def need_search(self, name: str, source: PathsStudy) -> None:
        """Raise ValueError where the solutions of that study are given, and no more of them can be searched for."""
        if source.given_files:
            raise ValueError(
                f"studies.{name}.of: the solutions of study '{self.of}' are files, and this study trains networks of "
                "its own; name one with a recipe"
            )

    def need_tracker(self, name: str, source: PathsStudy, tracker: str) -> None:
        """Raise ValueError where that study has no tracker of a name."""
        if tracker not in source.tracker_names:
            raise ValueError(f"studies.{name}.of: study '{self.of}' has no tracker '{tracker}'; give it one")
