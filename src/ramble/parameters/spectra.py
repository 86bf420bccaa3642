"""The engines of a study's Hessian spectra."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ramble.settings import Count, Model, Positive


class SpectraOfPaths(Model):
    """On which paths, and at how many of their points, spectra are taken."""

    trackers: list[str] = Field(description="whose paths")
    on_request: list[str] = Field([], description="whose paths too, but not for the default target: target `all`")
    points: Annotated[int, Field(ge=2, description="per path, evenly spread in t, or in s where t does not rise")]

    @property
    def all_trackers(self) -> list[str]:
        """Those of the default target and those on request."""
        return [*self.trackers, *self.on_request]


class ExactSpectra(SpectraOfPaths):
    """Full Hessian, float64, all eigenvalues."""

    engine: Literal["exact"]


class PyHessianSpectra(SpectraOfPaths):
    """The published tool: deflated power iteration."""

    engine: Literal["pyhessian"]
    top: Count
    iterations: Count = Field(description="per eigenvalue, at most")
    tolerance: Positive = Field(description="relative change at which an eigenvalue counts as converged")
    trace_samples: Annotated[int, Field(ge=2)]


class PyHessianReference(Model):
    """At how many points of one path PyHessian is asked too, with which settings."""

    tracker: str = Field(description="whose first path")
    points: Annotated[int, Field(ge=2)]
    iterations: Count
    tolerance: Positive


class GaussNewtonPart(Model):
    """At how many points of one tracker's paths the Hessian is compared with its Gauss-Newton part."""

    tracker: str
    points: Annotated[int, Field(ge=2, description="per path, spread like those of the spectra")]


class Density(Model):
    """At how many points of one tracker's paths the whole spectrum is estimated."""

    tracker: str
    points: Annotated[int, Field(ge=2, description="per path, spread like those of the spectra")]
    probes: Annotated[int, Field(ge=2, description="random vectors per point")]
    steps: Count = Field(description="products with the Hessian per random vector")


class KrylovSpectra(SpectraOfPaths):
    """Lanczos with full reorthogonalisation."""

    engine: Literal["krylov"]
    top: Count
    tolerance: Positive = Field(description="errors of the eigenvalues, relative to the smallest of the top")
    bottom: Count = Field(description="most negative eigenvalues; `top` counts the largest by magnitude")
    budget: Count = Field(description="products with the Hessian per point, at most")
    trace_samples: Annotated[int, Field(ge=2)]
    batch: Count = Field(description="inputs held at a time; more need no more memory, only time")
    reference: PyHessianReference | None = Field(None, description="for the table reference.csv")
    gauss_newton: GaussNewtonPart | None = Field(None, description="for the tables gauss_newton/")
    density: Density | None = Field(None, description="for the tables density/")

    @model_validator(mode="after")
    def _enough(self) -> "KrylovSpectra":
        for name in ("top", "bottom"):
            if self.budget < getattr(self, name):
                raise ValueError(f"budget = {self.budget} is less than {name} = {getattr(self, name)}")
        return self

    @property
    def parts(self) -> dict[str, PyHessianReference | GaussNewtonPart | Density]:
        """What else is measured, on one tracker's paths, by its name."""
        named = {"reference": self.reference, "gauss_newton": self.gauss_newton, "density": self.density}
        return {name: part for name, part in named.items() if part is not None}
