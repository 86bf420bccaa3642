"""A study's problem, built on its data sets, and the weights of its solutions."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from ramble.errors import RambleError
from ramble.problems.data import build
from ramble.problems.devices import choose_device
from ramble.problems.problem import Problem
from ramble.store.points import pair_of
from ramble.store.tensors import read_tensors


class Maker(Protocol):
    """What params.yaml says of a problem."""

    path: str
    arguments: dict[str, Any]


def load_problem(
    path: str, arguments: dict[str, Any], data: Sequence[str], device: torch.device, max_errors: float = 0
) -> Problem:
    """Build the problem called `path` on the data sets in the files `data`, whose study is named in errors.

    `max_errors` are what a solution may make: so many, or such a share of the training set.
    """
    datasets, headers = zip(*(read_tensors(file) for file in data), strict=True)
    try:
        problem: Problem = build("problem.arguments", path, list(datasets), device=device, **arguments)
        problem.allow_errors(max_errors)
    except RambleError as error:
        study = headers[0].get("study")
        raise RambleError(f"study '{study}', {error}" if study else str(error)) from error
    return problem


def stored_problem(maker: Maker, data: Sequence[str], device: str, max_errors: float) -> Problem:
    """Build the problem that `maker` names on some of a study's data sets, which keep the numbers in their names."""
    problem = load_problem(maker.path, maker.arguments, data, choose_device(device), max_errors)
    problem.numbers = [int(Path(file).stem) for file in data]
    return problem


def read_weights(problem: Problem, file: str) -> Tensor:
    """Return a solution's flat weights (P,); raises RambleError when its tensors are not those of the network."""
    state, _ = read_tensors(file)
    try:
        return problem.weights_of(state)
    except RambleError as error:
        raise RambleError(f"{file}: {error}; delete it and run again.") from None


def end_of_pair(problem: Problem, pair: str, solutions: Sequence[str]) -> Tensor:
    """Return W_b (P,) of the pair called <dataset>-<a>-<b>."""
    dataset, _, b = pair_of(pair)
    (file,) = (file for file in solutions if Path(file).stem == f"{dataset}-{b}")
    return read_weights(problem, file)
