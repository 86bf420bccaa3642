"""A study of paths by gradients of the whole training set; and the figures of all studies of paths."""

from typing import Annotated, Literal

from pydantic import AfterValidator

from ramble.parameters.trackers import FullBatchTrackers
from ramble.studies.paths import figures
from ramble.studies.paths.study import PathStudy, of_pairs
from ramble.training.descent_settings import Recipe

FIGURES = (
    figures.Plane,
    figures.Spectrum,
    figures.Losses,
    figures.TopEigenvalues,
    figures.TestErrors,
    figures.GaussNewton,
    figures.Density,
    figures.Nonzero,
)


class Study(PathStudy):
    """Every gradient is one of the whole training set."""

    kind: Literal["paths"]
    solutions: Annotated[Recipe, AfterValidator(of_pairs)] = Recipe()
    trackers: FullBatchTrackers
