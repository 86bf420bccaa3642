"""The figures of a study of paths: what each shows, what it is drawn from, and by which function."""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ramble.settings import Fraction, Name, Positive
from ramble.studies.figure import BaseFigure
from ramble.studies.paths.study import PathStudy
from ramble.studies.study import BaseStudy, no_study

DRAWING = "ramble.studies.paths.drawing"


class FigureOfPaths(BaseFigure):
    """What one tracker's paths of one study look like."""

    needs: ClassVar[tuple[str, ...]]  # beside the paths: profile, spectra, or a part of the spectra by its name

    study: str
    tracker: str = Field(description="whose paths are shown")

    @property
    def of_study(self) -> str | None:
        """The study that it shows."""
        return self.study

    @property
    def part(self) -> str | None:
        """The part of the spectra that is shown, if any."""
        return next((need for need in self.needs if need not in ("profile", "spectra")), None)

    def check(self, studies: Mapping[str, BaseStudy], left_out: Sequence[str]) -> None:
        """Raise ValueError where there are no such paths, or not what is to be shown of them."""
        shown = studies.get(self.study)
        if self.study in left_out:
            raise ValueError(f".study: {no_study('study', self.study, left_out, '')}")
        where = f"of study '{self.study}' by tracker '{self.tracker}'"
        if not isinstance(shown, PathStudy) or self.tracker not in shown.tracker_names:
            raise ValueError(f": no paths {where}")
        if "spectra" in self.needs and self.tracker not in shown.spectra.all_trackers:
            raise ValueError(f": no spectra of paths {where}; name it in the study's spectra")
        if self.part and (self.part not in shown.parts or shown.parts[self.part].tracker != self.tracker):
            raise ValueError(f": the study's spectra measure no {self.part} on the paths {where}")

    def shown(self, studies: Mapping[str, BaseStudy]) -> PathStudy:
        """Return the study that it shows, once that is checked."""
        study = studies[self.study]
        assert isinstance(study, PathStudy)
        return study

    def waits(self, studies: Mapping[str, BaseStudy]) -> bool:
        """Return whether its spectra are taken on request only."""
        return "spectra" in self.needs and self.tracker in self.shown(studies).spectra.on_request

    def sources(self, name: str, studies: Mapping[str, BaseStudy]) -> dict[str, list[str]]:
        """Return the paths, and what is measured along them; a part is measured on some pairs' paths."""
        study = self.shown(studies)
        pairs = study.part_pairs(self.part) if self.part else study.pair_names
        files = {need: study.pair_files(self.study, need, self.tracker, "csv", pairs) for need in self.needs}
        return {"paths": study.pair_files(self.study, "paths", self.tracker, "safetensors", pairs), **files}


class Tabulated(FigureOfPaths):
    """A figure drawn from a table of its own, in the folder of its study."""

    needs: ClassVar[tuple[str, ...]] = ()

    table: Name | None = Field(
        default=None, description="what its table is called; if not given, <kind>-<name of the figure>"
    )

    def table_name(self, name: str) -> str:
        """Return what the table of the figure called `name` is called."""
        return self.table or f"{self.kind}-{name}"


class Plane(Tabulated):
    """The errors in the plane through W_a, W_b and a path's farthest point, with the line and the path."""

    drawn_by: ClassVar[str] = f"{DRAWING}.plane.draw"

    kind: Literal["plane"]
    grid: Annotated[int, Field(ge=10, description="points along each side")] = 161

    def tables(self, name: str) -> dict[str, str]:
        """Return the errors on the grid, and where the path lies in the plane."""
        return {table: f"results/{self.study}/{self.table_name(name)}/{table}.csv" for table in ("grid", "curve")}

    def sources(self, name: str, studies: Mapping[str, BaseStudy]) -> dict[str, list[str]]:
        """Return the paths, the grid and the curve."""
        return super().sources(name, studies) | {table: [file] for table, file in self.tables(name).items()}


class Spectrum(FigureOfPaths):
    """All non-zero eigenvalues along one path, how many there are, and the training loss."""

    drawn_by: ClassVar[str] = f"{DRAWING}.spectrum.draw"
    needs: ClassVar[tuple[str, ...]] = ("profile", "spectra")
    keys: ClassVar[Sequence[str]] = ("claims.zero_eigenvalue",)

    kind: Literal["spectrum"]


class Losses(FigureOfPaths):
    """Training and test losses and errors along one path, the other paths thin and grey."""

    drawn_by: ClassVar[str] = f"{DRAWING}.losses.draw"
    needs: ClassVar[tuple[str, ...]] = ("profile",)

    kind: Literal["losses"]


class TopEigenvalues(FigureOfPaths):
    """The top eigenvalues along one path, and the most negative ones, with error bars."""

    drawn_by: ClassVar[str] = f"{DRAWING}.top_eigenvalues.draw"
    needs: ClassVar[tuple[str, ...]] = ("spectra",)

    kind: Literal["top_eigenvalues"]


class TestErrors(FigureOfPaths):
    """Losses and errors along one path, and where on it the fewest test errors are."""

    drawn_by: ClassVar[str] = f"{DRAWING}.test_errors.draw"
    needs: ClassVar[tuple[str, ...]] = ("profile",)

    kind: Literal["test_errors"]


class GaussNewton(FigureOfPaths):
    """The top eigenvalues of the Hessian and of its Gauss-Newton part, and the norm of the rest."""

    drawn_by: ClassVar[str] = f"{DRAWING}.gauss_newton.draw"
    needs: ClassVar[tuple[str, ...]] = ("spectra", "gauss_newton")

    kind: Literal["gauss_newton"]


class Density(FigureOfPaths):
    """How many eigenvalues lie above each place, at some points of the first path."""

    drawn_by: ClassVar[str] = f"{DRAWING}.density.draw"
    needs: ClassVar[tuple[str, ...]] = ("spectra", "density")

    kind: Literal["density"]


class Nonzero(Tabulated):
    """How many eigenvalues differ from zero, at the solutions and at points of one tracker's paths."""

    drawn_by: ClassVar[str] = f"{DRAWING}.nonzero.draw"

    kind: Literal["nonzero"]

    points: Annotated[int, Field(ge=2, description="per path, evenly spread in position; the start is a solution")] = 3
    factors: Annotated[list[Positive], Field(min_length=1)] = Field(
        [0.1, 0.15, 0.22, 0.32, 0.46, 0.68, 1.0, 1.5, 2.2, 3.2, 4.6, 6.8, 10.0, 15.0, 22.0, 32.0, 46.0, 68.0, 100.0],
        description="on the weights, and on the outputs in the loss",
    )
    thresholds: Annotated[list[Fraction], Field(min_length=1)] = Field(
        [1e-12, 1e-9, 1e-6, 1e-3, 0.1],
        description="shares of the largest eigenvalue: what does not exceed them counts as zero",
    )

    def tables(self, name: str) -> dict[str, str]:
        """Return the table of the counts."""
        return {"table": f"results/{self.study}/{self.table_name(name)}.csv"}

    def sources(self, name: str, studies: Mapping[str, BaseStudy]) -> dict[str, list[str]]:
        """Return the table of the counts."""
        return {table: [file] for table, file in self.tables(name).items()}
