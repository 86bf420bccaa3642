"""The spectra of a study: which points of which paths, and the settings of the engines that measure there."""

from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import Field, model_validator

from ramble.settings import Count, Model, Positive
from ramble.spectra.settings import (
    DensitySettings,
    EngineSettings,
    ExactSettings,
    GaussNewtonSettings,
    Group,
    KrylovSettings,
    LayersSettings,
    PyHessianSettings,
)

S = TypeVar("S", bound=EngineSettings)


def taken_from(kind: type[S], *models: Model) -> S:
    """Return settings with the values that the models have, the first one's before the second's."""
    values = {name: getattr(model, name) for model in reversed(models) for name in type(model).model_fields}
    return kind(**{name: value for name, value in values.items() if name in kind.model_fields})


class SpectraOfPaths(Model):
    """On which paths, and at how many of their points, spectra are taken."""

    trackers: list[str] = Field(description="whose paths")
    on_request: list[str] = Field(
        default=[], description="whose paths too, but not for the default target: target `all`"
    )
    points: Annotated[int, Field(ge=2, description="per path, evenly spread in t, or in s where t does not rise")] = 30

    @property
    def all_trackers(self) -> list[str]:
        """Those of the default target and those on request."""
        return [*self.trackers, *self.on_request]


class ExactSpectra(SpectraOfPaths, ExactSettings):
    """Full Hessian, float64, all eigenvalues."""

    engine: Literal["exact"]

    @property
    def settings(self) -> ExactSettings:
        """Those of the engine alone."""
        return taken_from(ExactSettings, self)


class PyHessianSpectra(SpectraOfPaths, PyHessianSettings):
    """The published tool: deflated power iteration."""

    engine: Literal["pyhessian"]

    @property
    def settings(self) -> PyHessianSettings:
        """Those of the engine alone."""
        return taken_from(PyHessianSettings, self)


class PartOfSpectra(Model):
    """On whose paths, and at how many of their points, something else is measured."""

    tracker: str = Field(description="whose paths")
    points: Annotated[int, Field(ge=2, description="per path, spread like those of the spectra")]


class PyHessianReference(PartOfSpectra):
    """At how many points of the first path PyHessian is asked too, with which settings."""

    iterations: Count = 100
    tolerance: Positive = 1e-3


class GaussNewtonPart(PartOfSpectra):
    """At how many points of one tracker's paths the Hessian is compared with its Gauss-Newton part."""

    path: ClassVar[str] = GaussNewtonSettings.path


class Density(PartOfSpectra):
    """At how many points of the first path the whole spectrum is estimated."""

    path: ClassVar[str] = DensitySettings.path

    probes: Annotated[int, Field(ge=2, description="random vectors per point")] = 5
    steps: Count = Field(default=80, description="products with the Hessian per random vector")


class Layers(PartOfSpectra):
    """At how many points of the first path the diagonal blocks of the Hessian are measured, each for itself."""

    path: ClassVar[str] = LayersSettings.path

    groups: list[Group] = Field(
        default=[], description="layers, or tensors of the state_dict; none: each layer of the network"
    )


class Eigenvectors(PartOfSpectra):
    """At how many points of the first path eigenvectors are stored too."""

    path: ClassVar[str] = KrylovSettings.path

    top: Count = Field(default=5, description="how many, by magnitude of their eigenvalues")
    tolerance: Positive = Field(default=1e-5, description="as for the spectra; angles go as its root")


Part = PyHessianReference | GaussNewtonPart | Density | Layers | Eigenvectors


class KrylovSpectra(SpectraOfPaths, KrylovSettings):
    """Lanczos with full reorthogonalisation."""

    engine: Literal["krylov"]
    bottom: Count = Field(  # figures and claims ask for the most negative one
        default=1, description="number of the most negative ones; three take nearly twice the products"
    )
    # left out where there is none, so that a study's digest is what it was before spectra could be of some samples
    samples: Count | None = Field(
        default=None,
        description="training samples whose mean loss is differentiated, the first ones; null: all",
        exclude_if=lambda value: value is None,
    )
    reference: PyHessianReference | None = Field(default=None, description="for the table reference.csv")
    gauss_newton: GaussNewtonPart | None = Field(default=None, description="for the tables gauss_newton/")
    density: Density | None = Field(default=None, description="for the tables density/")
    layers: Layers | None = Field(default=None, description="for the tables layers/")
    eigenvectors: Eigenvectors | None = Field(
        default=None, description="for the tables eigenvectors/, and the vectors beside them"
    )

    @model_validator(mode="after")
    def _some_samples(self) -> "KrylovSpectra":
        if self.samples and (self.reference or self.eigenvectors):
            raise ValueError(
                f"samples = {self.samples}: reference and eigenvectors are of all training samples; leave out either"
            )
        return self

    @property
    def settings(self) -> KrylovSettings:
        """Those of the engine alone."""
        return taken_from(KrylovSettings, self)

    @property
    def parts(self) -> dict[str, Part]:
        """What else is measured, on one tracker's paths, by its name."""
        named: dict[str, Part | None] = {
            "reference": self.reference,
            "gauss_newton": self.gauss_newton,
            "density": self.density,
            "layers": self.layers,
            "eigenvectors": self.eigenvectors,
        }
        return {name: part for name, part in named.items() if part is not None}

    def settings_of(self, part: str) -> EngineSettings:
        """Return those of the engine that measures a part; what the part does not say is as for the spectra."""
        kinds: dict[str, type[EngineSettings]] = {
            "reference": PyHessianSettings,
            "gauss_newton": GaussNewtonSettings,
            "density": DensitySettings,
            "layers": LayersSettings,
            "eigenvectors": KrylovSettings,
        }
        return taken_from(kinds[part], self.parts[part], self)
