"""The sources of the figures."""

from typing import Annotated, ClassVar

from pydantic import Field

from ramble.settings import Fraction, Model, Positive


class FigureOfStudy(Model):
    """Which study a figure shows; it is drawn once for each tracker, under the plain name for the first."""

    study: str
    trackers: Annotated[list[str], Field(min_length=1)]


class PlaneFigure(Model):
    """Which study and tracker Figure 1 shows."""

    study: str
    tracker: str
    grid: Annotated[int, Field(ge=10)]

    @property
    def trackers(self) -> list[str]:
        """The only one."""
        return [self.tracker]


class NonzeroFigure(Model):
    """At which networks the eigenvalues that differ from zero are counted, and what counts as zero."""

    study: str
    tracker: str = Field(description="points of whose paths are looked at beside the solutions")
    points: Annotated[int, Field(ge=2, description="per path, evenly spread in position; the start is a solution")]
    factors: Annotated[list[Positive], Field(min_length=1)] = Field(
        description="on the weights, and on the outputs in the loss"
    )
    thresholds: Annotated[list[Fraction], Field(min_length=1)] = Field(
        description="shares of the largest eigenvalue: what does not exceed them counts as zero"
    )

    @property
    def trackers(self) -> list[str]:
        """The only one."""
        return [self.tracker]


class Figures(Model):
    """The sources of the figures."""

    fig1: PlaneFigure
    fig2: FigureOfStudy
    fig3: FigureOfStudy
    fig4: FigureOfStudy
    gauss_newton: FigureOfStudy
    density: FigureOfStudy
    nonzero: NonzeroFigure
    fig5: FigureOfStudy

    with_spectra: ClassVar[tuple[str, ...]] = ("fig2", "fig4", "gauss_newton", "density")
    with_parts: ClassVar[tuple[str, ...]] = ("gauss_newton", "density")  # of the spectra, by the same names
