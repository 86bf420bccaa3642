"""Settings of the engines that measure Hessians; each knows where the engine is that takes it."""

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from ramble.settings import Count, Model, Positive

Samples = Annotated[int, Field(ge=2)]
Group = Annotated[str, Field(min_length=1, max_length=200)]


class EngineSettings(Model):
    """Base of the settings of all engines."""

    path: ClassVar[str]  # import path of the `Engine` that takes these settings


class ExactSettings(EngineSettings):
    """The full Hessian in float64, all eigenvalues: nothing to set."""

    path: ClassVar[str] = "ramble.spectra.exact.ExactEngine"


class OfGroup(Model):
    """Which of the weights move."""

    group: Group | None = Field(
        default=None,
        description="a layer, or a tensor of the state_dict: the Hessian restricted to its weights; none: to all",
    )


class LanczosSettings(EngineSettings):
    """What every run of Lanczos with full reorthogonalisation is told."""

    top: Count = Field(default=20, description="number of eigenvalues, by magnitude")
    tolerance: Positive = Field(
        default=1e-3, description="errors of the eigenvalues, relative to the smallest of the top"
    )
    budget: Count = Field(default=200, description="products per point, at most; those for rounding and trace aside")
    trace_samples: Samples = Field(
        default=10, description="random vectors for what the Krylov space leaves of the trace"
    )
    batch: Count = Field(default=1000, description="inputs held at a time; more need no more memory, only time")

    @model_validator(mode="after")
    def _enough(self) -> "LanczosSettings":
        if self.budget < self.top:
            raise ValueError(f"budget = {self.budget} is less than top = {self.top}")
        return self


class EndsSettings(LanczosSettings):
    """Both ends of the Hessian's spectrum."""

    bottom: Annotated[int, Field(ge=0, le=2**31 - 1)] = Field(
        default=1, description="number of the most negative ones; none take half of the products, three nearly twice"
    )

    @model_validator(mode="after")
    def _enough_for_bottom(self) -> "EndsSettings":
        if self.budget < self.bottom:
            raise ValueError(f"budget = {self.budget} is less than bottom = {self.bottom}")
        return self


class KrylovSettings(OfGroup, EndsSettings):
    """Both ends of the spectrum of the Hessian, or of one of its diagonal blocks."""

    path: ClassVar[str] = "ramble.spectra.krylov.KrylovEngine"


class LayersSettings(EndsSettings):
    """Both ends of the spectra of several diagonal blocks."""

    path: ClassVar[str] = "ramble.spectra.layers.LayersEngine"

    groups: list[Group] = Field(
        default=[], description="layers, or tensors of the state_dict; none: each layer of the network"
    )


class GaussNewtonSettings(OfGroup, LanczosSettings):
    """The Gauss-Newton part of the Hessian and how far the Hessian is from it; `tolerance` is of both."""

    path: ClassVar[str] = "ramble.spectra.gauss_newton.GaussNewtonEngine"


class PyHessianSettings(EngineSettings):
    """The published tool: deflated power iteration."""

    path: ClassVar[str] = "ramble.spectra.pyhessian.PyHessianEngine"

    top: Count = Field(default=20, description="number of eigenvalues, by magnitude")
    iterations: Count = Field(default=100, description="per eigenvalue, at most")
    tolerance: Positive = Field(default=1e-3, description="relative change at which an eigenvalue counts as converged")
    trace_samples: Samples = Field(
        default=10, description="random vectors for what the top eigenvectors leave of the trace"
    )


class DensitySettings(OfGroup, EngineSettings):
    """The whole spectrum at once: stochastic Lanczos quadrature."""

    path: ClassVar[str] = "ramble.spectra.density.DensityEngine"

    probes: Samples = Field(default=5, description="random vectors per point")
    steps: Count = Field(default=80, description="products with the Hessian per random vector")
    batch: Count = Field(default=1000, description="inputs held at a time; more need no more memory, only time")
