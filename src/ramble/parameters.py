"""params.yaml as typed models: every key, its type and its bounds are written down here and nowhere else.

`workflow/schemas/params.schema.json` is generated from `Parameters`. No torch in this module: the
workflow reads it on every start.
"""

import ast
import importlib.util
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ramble.errors import RambleError

Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(gt=0, le=1)]
BRANCHES = (
    "paths",
    "recipe",
    "ablation",
    "connectivity",
    "load",
    "exact",
    "krylov",
    "pyhessian",
)  # kinds of a study, and engines
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Model(BaseModel):
    """Base of all models: unknown keys are errors, values never change, "3" is not 3."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def _importable(path: str) -> str:
    """Check an import path without importing it, which would load torch.

    Raises ValueError naming what is missing.
    """
    module, _, attribute = path.rpartition(".")
    try:
        spec = importlib.util.find_spec(module) if module else None
    except ImportError:
        spec = None
    if spec is None or spec.origin is None:
        raise ValueError(f"no module '{module}' can be imported; give package.module.Name of an installed module")
    if spec.origin.endswith(".py"):
        body = ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body
        names = {node.name for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
        targets = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
        names |= {
            alias.asname or alias.name for node in body if isinstance(node, ast.ImportFrom) for alias in node.names
        }
        if attribute not in names:
            raise ValueError(f"module '{module}' has no '{attribute}'; it has {', '.join(sorted(names))}")
    return path


class Maker(Model):
    """A class or function by import path, and its keyword arguments."""

    path: str = Field(description="package.module.Name")
    arguments: dict[str, Any] = {}

    _check = field_validator("path")(_importable)


class Data(Maker):
    """The training sets of a study."""

    datasets: Count = 1


class Settling(Model):
    """A solution's loss has settled when it fell by less than `tolerance` in `window` steps."""

    window: Count
    tolerance: Fraction
    max_steps: Count


class Solutions(Model):
    """How solutions are found."""

    count: Annotated[int, Field(ge=2, description="solutions per data set; all their pairs are walked")]
    rate: Positive
    output_gain: Positive = Field(1.0, description="gain on the outputs in the loss until zero errors are reached")
    max_steps: Count
    batch: Count = Field(description="restarts trained side by side")
    rounds: Count
    max_cosine: Fraction = Field(description="solutions closer than this count as the same")
    settling: Settling


Resolution = Annotated[
    float,
    Field(gt=0, le=0.5, description="smallest interval, as a share of a segment, that certificates look at"),
]


class PaperTracker(Model):
    """Algorithm 1."""

    eta: Positive
    gamma: Fraction
    gradient_steps: Count = Field(description="N_epochs")
    near: Fraction = Field(description="t at which the straight hop to W_b is tried")
    max_steps: Count
    stall_steps: Count
    stall_gain: Positive
    stored_points: Count
    resolution: Resolution


class GuardedTracker(Model):
    """A polygon trained until every segment is certified."""

    bends: Count = Field(description="of the polygon, to begin with")
    contraction: Fraction = Field(1.0, description="the bends start on the straight line times this")
    gain: Positive = Field(1.0, description="on the outputs in the loss")
    rate: Positive
    spring: Annotated[float, Field(ge=0, lt=1)] = Field(0.0, description="pull to the neighbours' middle, per step")
    round_steps: Count = Field(description="training steps between two looks")
    doubling_rounds: Count = Field(description="rounds after which a failing polygon's bends are doubled")
    max_bends: Count
    max_rounds: Count
    stored_points: Annotated[int, Field(ge=2)]
    resolution: Resolution
    margin_share: Annotated[float, Field(ge=0, lt=1)] = Field(0.0, description="of the ends' margin, kept on the way")


class LineTracker(Model):
    """The straight segment."""

    points: Annotated[int, Field(ge=2)]
    resolution: Resolution


class CurveTracker(Model):
    """A curve with bends trained on the mean loss along it (Garipov et al. 2018)."""

    shape: Literal["bezier", "polygon"]
    bends: Count = Field(description="control points between the ends")
    rate: Positive = Field(description="of Adam")
    draws: Count = Field(description="points of the curve per training step")
    round_steps: Count = Field(description="training steps between two looks at the curve")
    max_rounds: Count
    stored_points: Annotated[int, Field(ge=2)] = Field(description="about how many points are looked at and stored")
    resolution: Resolution


class BandTracker(Model):
    """A nudged elastic band that gets new pivots where it needs them (Draxler et al. 2018)."""

    pivots: Count = Field(description="between the ends, at first")
    max_pivots: Count
    rate: Positive
    cycle_steps: Count = Field(description="gradient steps between two insertions")
    max_cycles: Count
    insert_share: Positive = Field(description="of the range of losses: what sticks out by more gets a pivot")
    between: Count = Field(description="points looked at and stored between two pivots")
    resolution: Resolution

    @model_validator(mode="after")
    def _room(self) -> "BandTracker":
        if self.max_pivots < self.pivots:
            raise ValueError(f"max_pivots = {self.max_pivots} is less than pivots = {self.pivots}")
        return self


class Trackers(Model):
    """The trackers of a study; leave one out and its paths are not made."""

    paper: PaperTracker | None = None
    guarded: GuardedTracker | None = None
    line: LineTracker | None = None
    curve: CurveTracker | None = None
    band: BandTracker | None = None


class SpectraOfPaths(Model):
    """On which paths, and at how many of their points, spectra are taken."""

    trackers: Annotated[list[str], Field(min_length=1, description="whose paths")]
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


class KrylovSpectra(SpectraOfPaths):
    """Lanczos with full reorthogonalisation."""

    engine: Literal["krylov"]
    top: Count
    tolerance: Positive = Field(description="errors of the eigenvalues, relative to the smallest of the top")
    budget: Count = Field(description="products with the Hessian per point, at most")
    trace_samples: Annotated[int, Field(ge=2)]
    reference: PyHessianReference | None = Field(None, description="for the table reference.csv")

    @model_validator(mode="after")
    def _enough(self) -> "KrylovSpectra":
        if self.budget < self.top:
            raise ValueError(f"budget = {self.budget} is less than top = {self.top}")
        return self


class PathStudy(Model):
    """A study that walks between the solutions of one problem."""

    kind: Literal["paths"]
    threads: Count
    priority: int = Field(0, description="jobs of the study with the highest priority start first")
    paths_per_job: Count = Field(description="chains tracked side by side in one job")
    data: Data
    problem: Maker
    solutions: Solutions
    trackers: Trackers
    spectra: Annotated[ExactSpectra | KrylovSpectra | PyHessianSpectra, Field(discriminator="engine")]

    @model_validator(mode="after")
    def _tree_committee(self) -> "PathStudy":
        """Check what only the two makers together can tell."""
        hidden, inputs = self.problem.arguments.get("hidden"), self.data.arguments.get("inputs")
        if isinstance(hidden, int) and isinstance(inputs, int) and (hidden < 1 or inputs % hidden):
            raise ValueError(f"problem.arguments.hidden = {hidden} does not divide data.arguments.inputs = {inputs}")
        return self

    @model_validator(mode="after")
    def _spectra_of_trackers(self) -> "PathStudy":
        for tracker in self.spectra.all_trackers:
            if tracker not in self.tracker_names:
                known = ", ".join(self.tracker_names)
                raise ValueError(f"spectra: no tracker '{tracker}'; this study has {known}")
        reference = self.spectra.reference if isinstance(self.spectra, KrylovSpectra) else None
        if reference and reference.tracker not in self.tracker_names:
            raise ValueError(f"spectra.reference: no tracker '{reference.tracker}'; name one of the study's")
        if len(set(self.spectra.all_trackers)) < len(self.spectra.all_trackers):
            raise ValueError("spectra: a tracker is named twice in trackers and on_request")
        return self

    @property
    def pairs(self) -> list[tuple[int, int, int]]:
        """All (data set, a, b) with a < b."""
        count = self.solutions.count
        return [(d, a, b) for d in range(self.data.datasets) for a in range(count) for b in range(a + 1, count)]

    @property
    def tracker_names(self) -> list[str]:
        """The trackers that are asked for."""
        return [name for name, value in self.trackers if value is not None]


class RecipeStudy(Model):
    """How often the published training recipe reaches zero errors, under each reading of it."""

    kind: Literal["recipe"]
    threads: Count
    of: str = Field(description="the study whose data and network are used")
    rate: Positive
    initial_sigma: Positive
    input_scales: Annotated[list[Positive], Field(min_length=1)]
    reductions: Annotated[list[Literal["mean", "sum"]], Field(min_length=1)]
    restarts: Count
    max_steps: Count


class AblationStudy(Model):
    """Which parts of the guarded tracker matter."""

    kind: Literal["ablation"]
    threads: Count
    of: str = Field(description="the study whose pairs are tracked, with its settings of the guarded tracker")
    variants: Annotated[dict[Name, dict[str, Any]], Field(min_length=1, description="the settings that differ")]


class ConnectivityStudy(Model):
    """Are many solutions of one data set joined with one another, all pairs tried?"""

    kind: Literal["connectivity"]
    threads: Count
    priority: int = Field(0, description="jobs of the study with the highest priority start first")
    of: str = Field(description="the study whose data, network, training recipe and tracker `guarded` are used")
    datasets: Count = Field(description="the first so many of that study's")
    solutions: Annotated[int, Field(ge=2, description="per data set; trained anew, none is taken from that study")]
    batch: Count = Field(description="restarts of a data set trained side by side")
    pairs_at_once: Count = Field(description="pairs tracked side by side; memory grows with it")
    line_points: Annotated[int, Field(ge=2, description="points at which the straight line is looked at")]


class LoadStudy(Model):
    """Where tracking begins to fail as the number of patterns grows."""

    kind: Literal["load"]
    threads: Count
    of: str = Field(description="the study whose data maker, network, training recipe and trackers are used")
    loads: Annotated[list[Positive], Field(min_length=1, description="patterns per input")]
    datasets: Count
    solutions: Annotated[int, Field(ge=2, description="per data set; fewer are a result")]
    batch: Count = Field(description="restarts of a data set trained side by side")
    rounds: Count = Field(description="of restarts, until a data set has its solutions")
    trackers: Annotated[list[Literal["guarded", "paper"]], Field(min_length=1)]

    def patterns(self, inputs: int) -> list[int]:
        """Return how many patterns each load comes to."""
        return [round(load * inputs) for load in self.loads]


StudyBuiltOn = RecipeStudy | AblationStudy | ConnectivityStudy | LoadStudy
Study = Annotated[PathStudy | StudyBuiltOn, Field(discriminator="kind")]


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


class Figures(Model):
    """The sources of the figures."""

    fig1: PlaneFigure
    fig2: FigureOfStudy
    fig3: FigureOfStudy
    fig4: FigureOfStudy

    with_spectra: ClassVar[tuple[str, ...]] = ("fig2", "fig4")


class Thresholds(Model):
    """When a claim counts as reproduced; written down before looking at the results."""

    joined_share: Fraction
    line_left_share: Fraction
    zero_eigenvalue: Positive = Field(description="relative to the largest of the same point: smaller counts as zero")
    positive_share: Fraction
    constant_share: Fraction
    minimum_window: Annotated[float, Field(gt=0, lt=0.5, description="t within which an end is compared with the path")]
    minimum_share: Fraction
    proportional_r2: Fraction
    turn: Positive = Field(description="rise or fall, relative to the curve's range, that counts as a turn")
    turning_share: Fraction
    test_correlation: Fraction
    local_correlation: Fraction
    certified_share: Fraction
    low_loss_factor: Annotated[
        float, Field(ge=1, description="times the larger end's loss, nowhere exceeded: low loss")
    ]
    low_loss_failing: Positive = Field(description="share of low-loss paths that make errors, at least")


class Parameters(Model):
    """The whole of params.yaml."""

    seed: Annotated[int, Field(ge=0)]
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$")] = "auto"
    paper: Annotated[list[Name], Field(min_length=1, description="studies of the default target")]
    studies: dict[Name, Study]
    figures: Figures
    claims: Thresholds

    @model_validator(mode="after")
    def _names_exist(self) -> "Parameters":
        known = ", ".join(self.studies)
        for study in self.paper:
            if study not in self.studies:
                raise ValueError(f"paper: no study '{study}'; there are {known}")
        self._figures_have_sources()
        for name, value in self.studies.items():
            if not isinstance(value, PathStudy):
                source = self.studies.get(value.of)
                if not isinstance(source, PathStudy):
                    raise ValueError(f"studies.{name}.of: no study of paths '{value.of}'; there are {known}")
                _check_source(name, value, source)
        return self

    def _figures_have_sources(self) -> None:
        for name, figure in self.figures:
            shown = self.studies.get(figure.study)
            for tracker in figure.trackers:
                where = f"of study '{figure.study}' by tracker '{tracker}'"
                if not isinstance(shown, PathStudy) or tracker not in shown.tracker_names:
                    raise ValueError(f"figures.{name}: no paths {where}")
                if name in Figures.with_spectra and tracker not in shown.spectra.all_trackers:
                    raise ValueError(f"figures.{name}: no spectra of paths {where}; name it in the study's spectra")
            if len(set(figure.trackers)) < len(figure.trackers):
                raise ValueError(f"figures.{name}: a tracker is named twice")


def _check_source(name: str, study: StudyBuiltOn, source: PathStudy) -> None:
    """Check that a study finds what it needs in the study of paths that it builds on."""
    wanted: list[str] = []
    if isinstance(study, ConnectivityStudy | AblationStudy):
        wanted = ["guarded"]
    if isinstance(study, ConnectivityStudy) and study.datasets > source.data.datasets:
        raise ValueError(f"studies.{name}.datasets = {study.datasets}: study '{study.of}' has {source.data.datasets}")
    if isinstance(study, LoadStudy):
        wanted = list(study.trackers)
        inputs = source.data.arguments.get("inputs")
        if not isinstance(inputs, int) or "patterns" not in source.data.arguments:
            raise ValueError(f"studies.{name}.of: the data of study '{study.of}' have no number of patterns and inputs")
        sizes = study.patterns(inputs)
        if len(set(sizes)) < len(sizes) or min(sizes) < 1:
            raise ValueError(f"studies.{name}.loads: two loads come to the same number of patterns, or one to none")
    for tracker in wanted:
        if tracker not in source.tracker_names:
            raise ValueError(f"studies.{name}.of: study '{study.of}' has no tracker '{tracker}'; give it one")
    if isinstance(study, AblationStudy):
        assert source.trackers.guarded is not None
        _check_variants(name, study, source.trackers.guarded)


def _check_variants(name: str, study: AblationStudy, settings: GuardedTracker) -> None:
    for variant, changes in study.variants.items():
        try:
            GuardedTracker(**(settings.model_dump() | changes))
        except ValidationError as error:
            first = error.errors()[0]
            location = ("studies", name, "variants", variant, *first["loc"])
            raise ValueError(_sentence({**first, "loc": location})) from None


def validate(config: dict[str, Any], source: str = "params.yaml") -> Parameters:
    """Return the typed parameters; raises RambleError with one sentence per wrong key."""
    try:
        return Parameters.model_validate(config)
    except ValidationError as error:
        raise RambleError("; ".join(f"{source}: {_sentence(dict(one))}" for one in error.errors())) from None


# what chooses among the models of a union


def _sentence(error: dict[str, Any]) -> str:
    """Say which key is wrong and why, without pydantic's own vocabulary."""
    # a union puts the chosen kind or engine into the location, behind the key; no such key is in the file
    location = list(error["loc"])
    for behind, depth in (("studies", 2), ("spectra", 1)):
        place = location.index(behind) + depth if behind in location else len(location)
        if location[place : place + 1] and location[place] in BRANCHES:
            del location[place]
    key = ".".join(str(part) for part in location)
    given = error.get("input")
    match error["type"]:
        case "extra_forbidden":
            return f"{key} is not a known key; correct its spelling or remove it"
        case "missing":
            return f"{key} is missing; add it"
        case "union_tag_invalid" | "union_tag_not_found":
            choice = error["ctx"]["discriminator"].strip("'")
            allowed = (
                "paths, recipe, ablation, connectivity or load" if choice == "kind" else "exact, krylov or pyhessian"
            )
            return f"{key}.{choice} is missing or unknown; write {allowed}"
        case "value_error":
            text = str(error["ctx"]["error"])
            return f"{key}: {text}" if key else text
        case _:
            what = error["msg"].removeprefix("Input ")
            return f"{key} = {given!r} {what}; correct the value"
