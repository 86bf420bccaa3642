"""Paths written: points and header as safetensors, steps as CSV."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path as FilePath

import pandas as pd
import torch
from torch import Tensor

from ramble.errors import RambleError
from ramble.problems.problem import Problem, place_of
from ramble.problems.stored import read_weights
from ramble.store.artifacts import table_digest, write_table
from ramble.store.headers import PathHeader
from ramble.store.points import END_ORDER, StoredPath, pair_of, write_points
from ramble.store.progress import Progress
from ramble.store.tensors import tensors_digest
from ramble.tracking.connect import connect
from ramble.tracking.path import Path, Step
from ramble.tracking.tracker import Tracker
from ramble.training.divergence import DivergedError


@dataclass(frozen=True)
class Sources:
    """Digests of the tensors that paths are made from, by the names of their files without suffix."""

    data: dict[str, str]  # <dataset>
    solutions: dict[str, str]  # <dataset>-<seed>

    def of_pair(self, pair: str) -> dict[str, str]:
        """Return what the header of the path called <dataset>-<a>-<b> says of its data set and of both ends."""
        dataset, a, b = pair_of(pair)
        return {
            "data_digest": self.data[f"{dataset}"],
            "start_digest": self.solutions[f"{dataset}-{a}"],
            "end_digest": self.solutions[f"{dataset}-{b}"],
        }


def read_sources(data: Sequence[str], solutions: Sequence[str]) -> Sources:
    """Return the digests of data sets <dataset>.safetensors and of solutions <dataset>-<seed>.safetensors."""
    found = ({FilePath(file).stem: tensors_digest(file) for file in files} for files in (data, solutions))
    return Sources(*found)


def write_paths(
    problem: Problem,
    name: str,
    tracker: str,
    paths: Iterable[Path],
    sources: Sources,
    tensors: Sequence[str],
    tables: Sequence[str],
) -> None:
    """Write each path's steps as a table, and its points with a header that knows table, data and ends by digests."""
    for path, tensor_file, table_file in zip(paths, tensors, tables, strict=True):
        pair = FilePath(tensor_file).stem
        write_table(
            table_file,
            pd.DataFrame([asdict(step) for step in path.steps], columns=[field.name for field in fields(Step)]),
        )
        header = header_of(
            path,
            problem,
            study=name,
            maker="path",
            dataset=pair_of(pair)[0],
            tracker=tracker,
            pair=pair,
            digests={**sources.of_pair(pair), "steps_digest": table_digest(table_file)},
            facts=problem.metadata,
        )
        order = None if path.end_order is None else path.end_order.numpy()
        write_points(tensor_file, StoredPath(pair, path.points.numpy(), path.t.numpy(), header, order))


def header_of(
    path: Path,
    problem: Problem,
    *,
    study: str,
    maker: str,
    dataset: int,
    tracker: str,
    pair: str,
    digests: Mapping[str, str],
    facts: Mapping[str, object],
) -> PathHeader:
    """Return the header of a path: what the tracker and the certificate found, and what it was made from.

    Args:
        path: as it is written.
        problem: its networks.
        study: where it belongs; likewise maker, dataset, tracker and pair.
        digests: of data, both ends and the table of steps, by the names of the header's fields.
        facts: further fields.
    """
    order = [] if path.end_order is None else [(END_ORDER, "the last point is W_b at the places in the tensor")]
    return PathHeader(
        study=study,
        maker=maker,
        dataset=dataset,
        tracker=tracker,
        pair=pair,
        inputs=problem.labels(torch.zeros(1, dtype=torch.long)).shape[1],
        max_errors=problem.max_errors,
        **digests,
        status=path.status,
        reason=path.reason,
        steps=len(path.steps),
        gradients=path.gradients,
        evaluations=path.evaluations,
        certificate=path.certificate,
        certificate_reason=path.certificate_reason,
        certified_segments=path.certified_segments,
        min_margin=path.min_margin,
        certificate_points=path.certificate_points,
        certificate_resolution=path.certificate_resolution,
        facts={key: str(value) for key, value in (*facts.items(), *order)},
    )


@dataclass(frozen=True)
class Pairs:
    """The ends of B pairs of solutions."""

    starts: Tensor  # W_a (B, P)
    ends: Tensor  # W_b (B, P)
    datasets: Tensor  # (B,), places among the problem's


def read_ends(problem: Problem, names: Sequence[str], solutions: Sequence[str]) -> Pairs:
    """Return both ends of the pairs <dataset>-<a>-<b>, from the files <dataset>-<seed>.safetensors."""
    weights = {FilePath(file).stem: read_weights(problem, file) for file in solutions}
    pairs = [pair_of(name) for name in names]
    return Pairs(
        torch.stack([weights[f"{dataset}-{a}"] for dataset, a, _ in pairs]),
        torch.stack([weights[f"{dataset}-{b}"] for dataset, _, b in pairs]),
        torch.tensor([place_of(problem, dataset) for dataset, _, _ in pairs]),
    )


def track_pairs(
    problem: Problem,
    name: str,
    tracker_name: str,
    tracker: Tracker,
    data: Sequence[str],
    solutions: Sequence[str],
    tensors: Sequence[str],
    tables: Sequence[str],
) -> None:
    """Connect the pairs named by the files `tensors` (<dataset>-<a>-<b>.safetensors), and write their certified paths.

    Args:
        problem: the networks.
        name: of the study.
        tracker_name: for the header and the progress bar.
        tracker: the walker.
        data: files <dataset>.safetensors, the training sets of the problem.
        solutions: files <dataset>-<seed>.safetensors, among them both ends of every pair.
        tensors: outputs, the points.
        tables: outputs, the steps.

    Raises:
        RambleError: as `connect` does; where weights are no longer finite it names the rate by its key.
    """
    pairs, sources = read_ends(problem, tensors, solutions), read_sources(data, solutions)
    with Progress(f"{name}: {len(tensors)} paths, tracker {tracker_name}", tracker.settings.budget) as progress:
        try:
            paths = connect(problem, tracker, pairs.starts, pairs.ends, pairs.datasets, progress)
        except DivergedError as error:
            raise RambleError(f"studies.{name}.trackers.{tracker_name}.{error}") from None
    write_paths(problem, name, tracker_name, paths, sources, tensors, tables)
