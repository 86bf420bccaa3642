"""A stored path and what it claims to join, found from the file's own place: results/<study>/paths/<tracker>/<pair>."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import torch
from torch import Tensor

from ramble.errors import RambleError, printable
from ramble.parameters.document import Parameters
from ramble.problems.problem import Problem
from ramble.problems.stored import load_problem, read_weights
from ramble.problems.tree_committee import TreeCommittee
from ramble.store.content import check_tensors
from ramble.store.headers import PathHeader
from ramble.store.points import END_ORDER, StoredPath, pair_of, read_path
from ramble.store.tensors import read_tensors
from ramble.store.untrusted import quoted, read_regular
from ramble.studies.paths.study import PathStudy
from ramble.tracking.aligned_settings import AlignedSettings
from ramble.verification.committee import CommitteeCheck
from ramble.verification.findings import Check
from ramble.verification.network import NetworkCheck

# Segments looked at a time, in float64.
CHUNK = 16
MOST_UNKNOWN = 10  # fields of a header that are named though nobody knows them
# Fields that no file on disk contradicts: how a run found what it found, and what it ran on (`provenance` tells).
# Of the tracker it is known only that the study has one of that name.
BELIEVED = ("tracker", "reason", "certificate_reason", "certificate_points", "provenance")
OF_TABLE = ("steps_digest", "steps", "gradients", "evaluations")  # where the table lies beside the path


@dataclass(frozen=True)
class Source:
    """A file beside the path that it is made from."""

    file: Path
    header: dict[str, str]
    digest: str  # of its tensors


@dataclass(frozen=True)
class Artifact:
    """One path on disk, what belongs to it, and how to check its segments."""

    file: Path
    pair: str  # <dataset>-<a>-<b>, as the place of the file says it
    claims: PathHeader
    believed: tuple[str, ...]  # fields of the header that nothing is compared with
    table: Path | None  # of the steps, where it lies beside the path
    resolution: float  # of certificates, as the parameters say
    max_errors: int  # that a network in S may make, likewise
    problem: Problem
    data: Source
    solutions: tuple[Source, Source]
    points: Tensor  # (T, P) float32
    times: Tensor  # (T,) float64, t of each point
    start: Tensor  # W_a (P,)
    end: Tensor  # W_b (P,), with its units reordered where the path says so
    given_end: Tensor  # W_b (P,) as the solution's file has it
    check: Check

    @property
    def segments(self) -> int:
        """Straight segments between the points."""
        return len(self.points) - 1

    @property
    def inputs(self) -> int:
        """M, training inputs."""
        return self.problem.labels(torch.zeros(1, dtype=torch.int64)).shape[1]

    def chunks(self) -> Iterator[Tensor]:
        """Yield the points of consecutive segments, (S + 1, P) with S <= CHUNK; each chunk begins where one ended."""
        for low in range(0, max(self.segments, 1), CHUNK):
            yield self.points[low : low + CHUNK + 1]


def open_artifact(file: Path, parameters: Parameters) -> Artifact:
    """Find everything that belongs to a path.

    Raises:
        RambleError: the file is missing or no path, its study unknown, or its data or solutions are not there.
    """
    folder = file.parent.resolve().parent.parent  # the file itself may be a link into the cache of DVC
    path = read_path(file, _fetch(folder, "paths"))
    dataset, a, b = pair_of(str(file))
    claims = path.header
    study = parameters.studies.get(claims.study)
    if not isinstance(study, PathStudy) or claims.tracker not in study.trackers:
        raise RambleError(
            f"{file}: the parameters have no paths of study {quoted(claims.study)} by tracker "
            f"{quoted(claims.tracker)}; name the right files with --params."
        )
    if path.end_order is not None and not isinstance(study.trackers[claims.tracker], AlignedSettings):
        raise RambleError(
            f"{file}: ends at W_b with its units reordered, which tracker {quoted(claims.tracker)} does not do; name a "
            "path as it was made."
        )
    data = _source(folder, "data", f"{dataset}")
    solutions = _source(folder, "solutions", f"{dataset}-{a}"), _source(folder, "solutions", f"{dataset}-{b}")
    _refuse_another_study(claims, data)
    problem = _problem(study, data)
    resolution: float = study.trackers[claims.tracker].resolution
    inputs = problem.labels(torch.zeros(1, dtype=torch.int64)).shape[1]
    allowed = _allowed(study.max_errors, inputs)
    known = {**problem.metadata, "certificate_resolution": resolution, "max_errors": allowed}
    for key, value in known.items():
        if (found := claims.text.get(key, "nothing")) != str(value):
            raise RambleError(
                f"{file}: made with {key} = {quoted(found)}, the parameters say {value}; give its own with --params."
            )
    _refuse_another_network(path, file, problem)
    start, given_end = (read_weights(problem, str(each.file)) for each in solutions)
    end = given_end if path.end_order is None else given_end[torch.from_numpy(path.end_order)]
    unknown = sorted(claims.facts.keys() - problem.metadata.keys() - set(BELIEVED) - {END_ORDER})
    table = file.with_suffix(".csv")
    return Artifact(
        file=file,
        pair=file.stem,
        table=table if os.path.lexists(table) else None,
        claims=claims,
        believed=(
            *(name for name in BELIEVED if name in claims.text),
            *([] if os.path.lexists(table) else OF_TABLE),
            *map(quoted, unknown[:MOST_UNKNOWN]),
        ),
        resolution=resolution,
        max_errors=allowed,
        problem=problem,
        data=data,
        solutions=solutions,
        points=torch.from_numpy(path.points),
        times=torch.from_numpy(path.t),
        start=start,
        end=end,
        given_end=given_end,
        check=check_for(problem, data.file, claims.facts, allowed),
    )


def _fetch(folder: Path, kind: str) -> str:
    """Say how to have a file of a study's folder that is missing."""
    return f"make it with snakemake, or fetch it with dvc pull (stage {folder.name}_{kind}, where dvc.yaml has it)"


def _source(folder: Path, kind: str, name: str) -> Source:
    file = folder / kind / f"{name}.safetensors"
    found = check_tensors(file, read_regular(file, _fetch(folder, kind)))
    return Source(file, found.header, found.digest)


def _refuse_another_study(claims: PathHeader, data: Source) -> None:
    """A network is not to be built on the data of another kind."""
    if data.header.get("study") != claims.study:
        raise RambleError(
            f"{data.file}: belongs to study {quoted(data.header.get('study', ''))}, the path beside it says "
            f"{quoted(claims.study)}; put both back where they were made."
        )


def _problem(study: PathStudy, data: Source) -> Problem:
    """Build the study's problem: code that the parameters name, on data that may be another's."""
    try:
        cpu = torch.device("cpu")
        return load_problem(study.problem.path, study.problem.arguments, [str(data.file)], cpu, study.max_errors)
    except RambleError:
        raise
    except Exception as error:
        raise RambleError(
            f"{data.file}: {study.problem.path} cannot be built on it ({type(error).__name__}: "
            f"{printable(str(error))}); name the right files with --params."
        ) from error


def _refuse_another_network(path: StoredPath, file: Path, problem: Problem) -> None:
    weights = path.points.shape[1]
    if weights != problem.n_weights:
        raise RambleError(
            f"{file}: its points have {weights} weights, the network has {problem.n_weights}; name the right files "
            "with --params."
        )


def _allowed(max_errors: float, inputs: int) -> int:
    """Return how many errors are allowed on so many inputs, of a number or of a share as it is written."""
    return int(max_errors) if isinstance(max_errors, int) else int(Decimal(str(max_errors)) * inputs)


def check_for(problem: Problem, data: Path, facts: Mapping[str, str], max_errors: int) -> Check:
    """Choose the method: bisection for committees, from raw data; samples for any other network."""
    if type(problem) is not TreeCommittee:  # a subclass may compute something else
        return NetworkCheck(problem, max_errors)
    tensors, _ = read_tensors(data)
    hidden, _ = problem.shapes["weight"]
    return CommitteeCheck(tensors["patterns"], tensors["labels"], hidden, float(facts["input_scale"]), max_errors)
