"""A stored path and what it claims to join, found from the file's own place: results/<study>/paths/<tracker>/<pair>."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ramble.contract.problems import load_problem, read_weights
from ramble.contract.stored_paths import pair_of
from ramble.errors import RambleError
from ramble.parameters.document import Parameters
from ramble.parameters.paths import PathStudy
from ramble.problems.problem import Problem
from ramble.problems.tree_committee import TreeCommittee
from ramble.tensors import read_tensors
from ramble.verification.committee import CommitteeCheck
from ramble.verification.findings import Check
from ramble.verification.network import NetworkCheck

# Segments read at a time.
CHUNK = 16


@dataclass(frozen=True)
class Artifact:
    """One path on disk, its ends, and how to check its segments."""

    file: Path
    status: str
    shape: tuple[int, ...]  # of points
    n_weights: int  # P of the study's network
    start: Tensor  # W_a (P,)
    end: Tensor  # W_b (P,)
    times: Tensor  # (T,) t of each point
    check: Check

    def chunks(self) -> Iterator[Tensor]:
        """Yield the points of consecutive segments, (S + 1, P) with S <= CHUNK; each chunk begins where one ended."""
        try:
            with safe_open(self.file, framework="pt") as stored:
                points, last = stored.get_slice("points"), max(self.shape[0] - 1, 1)
                for low in range(0, last, CHUNK):
                    yield points[low : low + CHUNK + 1]
        except (OSError, SafetensorError) as error:
            raise _not_whole(self.file, error) from error


def open_artifact(file: Path, parameters: Parameters) -> Artifact:
    """Find everything that belongs to a path.

    Raises:
        RambleError: the file is missing or not whole, its study unknown, or its data or solutions are not there.
    """
    header, shape, times = _read_header(file)
    study_name, folder = header.get("study", ""), file.resolve().parent.parent.parent
    study = parameters.studies.get(study_name)
    if not isinstance(study, PathStudy):
        raise RambleError(
            f"{file}: its study '{study_name}' is not in the parameters; name the right file with --params."
        )
    try:
        dataset, a, b = pair_of(str(file))
    except ValueError:
        raise RambleError(f"{file}: is not called <dataset>-<a>-<b>.safetensors; give it its name back.") from None
    data = folder / "data" / f"{dataset}.safetensors"
    problem = load_problem(study.problem.path, study.problem.arguments, [str(data)], torch.device("cpu"))
    for key, value in problem.metadata.items():
        if header.get(key) != str(value):
            raise RambleError(
                f"{file}: made with {key} = {header.get(key)}, the parameters say {value}; give its own with --params."
            )
    start, end = (read_weights(problem, str(folder / "solutions" / f"{dataset}-{seed}.safetensors")) for seed in (a, b))
    return Artifact(
        file, header.get("status", ""), shape, problem.n_weights, start, end, times, _check_for(problem, data, header)
    )


def _read_header(file: Path) -> tuple[dict[str, str], tuple[int, ...], Tensor]:
    """Return the metadata, the shape of the points, and the times, without loading the points."""
    try:
        with safe_open(file, framework="pt") as stored:
            shape = tuple(stored.get_slice("points").get_shape())
            return dict(stored.metadata() or {}), shape, stored.get_tensor("t")
    except (OSError, SafetensorError) as error:
        raise _not_whole(file, error) from error


def _not_whole(file: Path, error: Exception) -> RambleError:
    return RambleError(f"{file}: not a whole path ({error}); delete it and run snakemake again.")


def _check_for(problem: Problem, data: Path, header: dict[str, str]) -> Check:
    """Choose the method: bisection for committees, from raw data; samples for any other network."""
    if not isinstance(problem, TreeCommittee):
        return NetworkCheck(problem)
    tensors, _ = read_tensors(data)
    hidden, _ = problem.shapes["weight"]
    return CommitteeCheck(tensors["patterns"], tensors["labels"], hidden, float(header["input_scale"]))
