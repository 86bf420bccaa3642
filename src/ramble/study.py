"""One study's artifacts: which files hold what, and how to read and write them (the artifact contract)."""

import importlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path as FilePath
from typing import Any, Protocol

import pandas as pd
import torch
from torch import Tensor

from ramble.artifacts import read_tensors, write_table, write_tensors
from ramble.errors import RambleError
from ramble.problems.problem import Problem
from ramble.progress import Progress
from ramble.tracking.path import Path, Status
from ramble.training import Solution, cosine


def load(import_path: str) -> Any:
    """Return the class or function called package.module.Name; raises RambleError when it cannot be imported."""
    module, _, name = import_path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise RambleError(f"{import_path}: cannot be imported ({error}); give package.module.Name.") from error


def make_data(path: str, arguments: dict[str, Any], seed: int, name: str, outputs: Sequence[str]) -> None:
    """Make one data set per output file with the maker called `path`."""
    maker = load(path)
    for dataset, output in enumerate(outputs):
        tensors = maker(seed, name, dataset, **arguments)
        write_tensors(output, tensors, {"study": name, "dataset": dataset, "seed": seed, "maker": path})


def load_problem(path: str, arguments: dict[str, Any], data: Sequence[str], device: torch.device) -> Problem:
    """Build the problem called `path` on the data sets in the files `data`."""
    problem: Problem = load(path)([read_tensors(file)[0] for file in data], device=device, **arguments)
    return problem


def write_solutions(
    problem: Problem, name: str, solutions: Sequence[Solution], count: int, outputs: Sequence[str], pairs: str
) -> None:
    """Write each solution as a state_dict with the header that the contract asks for, and a table of the pairs."""
    for number, (solution, output) in enumerate(zip(solutions, outputs, strict=True)):
        metadata = {
            "study": name,
            "dataset": solution.dataset,
            "seed": number % count,
            "restart": solution.restart,
            "attempts": solution.attempts,
            "steps": solution.steps,
            "settled": solution.settled,
            "train_loss": float(solution.train.losses),
            "train_errors": int(solution.train.errors),
            "min_margin": float(solution.train.min_margins),
            "test_errors": int(solution.test.errors) if solution.test else "none",
            "test_loss": float(solution.test.losses) if solution.test else "none",
            **problem.metadata,
        }
        write_tensors(output, problem.unflatten(solution.weights), metadata)
    write_table(pairs, pair_table(solutions))


def pair_table(solutions: Sequence[Solution]) -> pd.DataFrame:
    """Return cosine and distance of every pair of solutions of one data set."""
    rows = []
    by_dataset: dict[int, list[Solution]] = {}
    for solution in solutions:
        by_dataset.setdefault(solution.dataset, []).append(solution)
    for dataset, several in by_dataset.items():
        for a, first in enumerate(several):
            for b, second in enumerate(several[a + 1 :], start=a + 1):
                rows.append(
                    {
                        "dataset": dataset,
                        "a": a,
                        "b": b,
                        "attempts_a": first.attempts,
                        "attempts_b": second.attempts,
                        "cosine": cosine(first.weights, second.weights),
                        "distance": float((first.weights.double() - second.weights.double()).norm()),
                    }
                )
    return pd.DataFrame(rows)


def read_weights(problem: Problem, file: str) -> Tensor:
    """Return a solution's flat weights (P,); raises RambleError when its tensors are not those of the network."""
    state, _ = read_tensors(file)
    shapes = {name: tuple(value.shape) for name, value in state.items()}
    if shapes != dict(problem.shapes):
        raise RambleError(
            f"{file}: holds {shapes}, the network of this study has {problem.shapes}; delete it and run again."
        )
    return problem.flatten(state)


def write_paths(
    problem: Problem, name: str, tracker: str, paths: Iterable[Path], tensors: Sequence[str], tables: Sequence[str]
) -> None:
    """Write each path's points with their header, and its steps as a table."""
    for path, tensor_file, table_file in zip(paths, tensors, tables, strict=True):
        metadata = {
            "study": name,
            "tracker": tracker,
            "pair": FilePath(tensor_file).stem,
            "status": path.status.value,
            "reason": path.reason,
            "steps": len(path.steps),
            "gradients": path.gradients,
            "evaluations": path.evaluations,
            "certificate": path.certificate,
            **problem.metadata,
        }
        write_tensors(tensor_file, {"points": path.points, "t": path.t}, metadata)
        write_table(table_file, pd.DataFrame([asdict(step) for step in path.steps]))


@dataclass(frozen=True, eq=False)
class StoredPath:
    """A path read back from disk."""

    pair: str
    dataset: int
    points: Tensor  # (T, P) float32
    t: Tensor  # (T,) float64
    metadata: dict[str, str]


def read_path(file: str) -> StoredPath:
    """Return a stored path."""
    tensors, metadata = read_tensors(file)
    pair = FilePath(file).stem
    return StoredPath(pair, int(pair.split("-")[0]), tensors["points"], tensors["t"], metadata)


class Tracker(Protocol):
    """Anything that walks from starts to ends."""

    @property
    def budget(self) -> int:
        """Steps at most, for the progress bar."""

    def track(self, problem: Problem, starts: Tensor, ends: Tensor, datasets: Tensor, progress: Progress) -> list[Path]:
        """Return one path per chain."""


def track_pairs(
    problem: Problem,
    name: str,
    tracker_name: str,
    tracker: Tracker,
    solutions: Sequence[str],
    tensors: Sequence[str],
    tables: Sequence[str],
) -> None:
    """Walk the pairs named by the files `tensors` (<dataset>-<a>-<b>.safetensors) and write their paths.

    Args:
        problem: the networks.
        name: of the study.
        tracker_name: for the header and the progress bar.
        tracker: the walker.
        solutions: files <dataset>-<seed>.safetensors, among them both ends of every pair.
        tensors: outputs, the points.
        tables: outputs, the steps.
    """
    pairs = [pair_of(file) for file in tensors]
    weights = {FilePath(file).stem: read_weights(problem, file) for file in solutions}
    starts = torch.stack([weights[f"{dataset}-{a}"] for dataset, a, _ in pairs])
    ends = torch.stack([weights[f"{dataset}-{b}"] for dataset, _, b in pairs])
    datasets = torch.tensor([dataset for dataset, _, _ in pairs])
    with Progress(f"{name}: {len(pairs)} paths, tracker {tracker_name}", tracker.budget) as progress:
        paths = tracker.track(problem, starts, ends, datasets, progress)
    write_paths(problem, name, tracker_name, paths, tensors, tables)


def pair_of(file: str) -> tuple[int, int, int]:
    """Return (data set, a, b) from a file name <dataset>-<a>-<b>.*."""
    dataset, a, b = (int(part) for part in FilePath(file).stem.split("-"))
    return dataset, a, b


def end_of_pair(problem: Problem, pair: str, solutions: Sequence[str]) -> Tensor:
    """Return W_b (P,) of the pair called <dataset>-<a>-<b>."""
    dataset, _, b = pair_of(pair)
    (file,) = (file for file in solutions if FilePath(file).stem == f"{dataset}-{b}")
    return read_weights(problem, file)


def representative(paths: Sequence[StoredPath]) -> StoredPath:
    """Return the path that stands for its study in a figure: the first that arrived, else the one that came farthest.

    A fixed rule, so that nobody picks the prettiest.
    """
    arrived = [path for path in paths if path.metadata["status"] == Status.ARRIVED]
    return arrived[0] if arrived else max(paths, key=lambda path: float(path.t.max()))
