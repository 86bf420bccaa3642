"""Solutions that are checkpoints of others."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ramble.errors import RambleError
from ramble.problems.as_given import departure, loaded
from ramble.problems.network import NetworkProblem
from ramble.problems.problem import Problem
from ramble.store.foreign import read_state, without_prefixes
from ramble.training.descent import Solution


def given_solutions(problem: Problem, name: str, files: Sequence[str]) -> list[Solution]:
    """Return the networks in some checkpoints as solutions of data set 0 that nothing was spent on.

    Raises:
        RambleError: a file holds no network of this study, one that makes too many errors, one that another file
            holds, or one that would be walked as another network.
    """
    found: list[Solution] = []
    for number, file in enumerate(files):
        weights, state = _weights(problem, file)
        if same := [files[other.restart] for other in found if torch.equal(other.weights, weights)]:
            raise RambleError(f"studies.{name}.solutions.files: {file} and {same[0]} hold the same weights; give two.")
        _refuse_another(problem, file, weights, state)
        row, zero = weights.unsqueeze(0).to(problem.device), torch.zeros(1, dtype=torch.long)
        train = problem.evaluate(row, zero)
        if not bool(train.in_solution_space):
            raise RambleError(
                f"studies.{name}.solutions.files: {file} makes {int(train.errors)} training errors; train it on, name "
                f"the data that it was trained on, or permit as many with studies.{name}.max_errors."
            )
        test = problem.evaluate(row, zero, "test") if "test" in problem.splits else None
        found.append(Solution(0, weights, number, attempts=0, steps=0, settled=False, train=train, test=test))
    return found


def _weights(problem: Problem, file: str) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the weights (P,) in a file, and its state_dict."""
    state = dict(read_state(file))
    try:
        return problem.weights_of(state), state
    except RambleError as error:
        plain = dict(without_prefixes(state))
        try:
            return problem.weights_of(plain), plain
        except RambleError:
            raise RambleError(f"{file}: {error}; give a checkpoint of the network that problem.path names.") from None


def _refuse_another(problem: Problem, file: str, weights: Tensor, state: Mapping[str, Tensor]) -> None:
    """Refuse a checkpoint that would be walked as another network than the one that it is loaded as."""
    if not isinstance(problem, NetworkProblem):
        return
    try:
        network = loaded(problem, state)
    except RambleError:  # folded before: it is the network that is walked
        return
    try:
        departure(problem, weights, network)
    except RambleError as error:
        raise RambleError(f"{file}: {error}.") from None
