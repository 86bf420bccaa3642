"""What must be true of two given networks before a path between them is looked for."""

from dataclasses import dataclass

import torch

from ramble.errors import RambleError
from ramble.problems.as_given import Departure, departure, loaded
from ramble.problems.given import Given
from ramble.problems.problem import Evaluation

GUESSING = 0.8  # of the errors that guessing makes: with so many a network hardly was trained on these data
LOOKED_AT = 100  # samples, for a sigmoid at the end


@dataclass(frozen=True)
class Ends:
    """How both networks do on their training set."""

    errors: tuple[int, int]
    margins: tuple[float, float]
    distance: float
    cosine: float
    departures: tuple[Departure, Departure]  # from the given networks


def checked_ends(given: Given) -> Ends:
    """Return how the ends do.

    Raises:
        RambleError: the ends are one network, one of them makes more training errors than are permitted, or the network
            that is walked is another.
    """
    first, second = given.weights
    a, b = given.ends
    if torch.equal(first, second):
        raise RambleError(f"{a.text} and {b.text} hold the same weights; give two networks.")
    departures = _departure(given, 0), _departure(given, 1)
    found = given.problem.evaluate(given.weights.to(given.problem.device), torch.zeros(2, dtype=torch.long))
    for row, end in enumerate((a, b)):
        _refuse_errors(given, end.text, found, row, departures[row])
    exact = given.weights.double()
    return Ends(
        (int(found.errors[0]), int(found.errors[1])),
        (float(found.min_margins[0]), float(found.min_margins[1])),
        float((exact[1] - exact[0]).norm()),
        float(torch.nn.functional.cosine_similarity(exact[0], exact[1], 0)),
        departures,
    )


def _departure(given: Given, row: int) -> Departure:
    """Return what becomes of an end; raises RambleError where that is another network."""
    try:
        network = given.networks[row]
        if network is None:
            network = loaded(given.problem, given.states[row])
        return departure(given.problem, given.weights[row], network)
    except RambleError as error:
        raise RambleError(f"{given.ends[row].text}: {error}.") from None


def _refuse_errors(given: Given, end: str, found: Evaluation, row: int, departs: Departure) -> None:
    if bool(found.in_solution_space[row]):
        return
    errors, problem = int(found.errors[row]), given.problem
    permitted = f" ({problem.max_errors} are permitted)" if problem.max_errors else ""
    permit = f"permit as many with --max-errors {errors} (max_errors={errors})"
    how, remedy = "", f"train it on, or {permit}"
    if problem.batch_norm == "reestimate" and departs.errors_given <= problem.max_errors:
        how = f" with the statistics of batch norm re-estimated, and {departs.errors_given} as it is given"
        remedy = f"keep these statistics with --batch-norm fold (batch_norm='fold'), or {permit}"
    elif _ends_in_a_sigmoid(given, row):
        remedy = (
            "its only output lies between 0 and 1, as after a sigmoid, and is taken for a logit, which decides by its "
            "sign: leave the sigmoid out of the network that is given"
        )
    elif errors > GUESSING * problem.n_samples * (1 - 1 / _classes(given, row)):
        remedy = (
            "that is near what guessing makes, so it was probably trained on another data set, or on inputs normalised "
            "in another way; give that one"
        )
    raise RambleError(
        f"{end}: makes {errors} error{'s' * (errors > 1)} on the {problem.n_samples} training samples of "
        f"{given.data.text}{how}{permitted}; {remedy}."
    )


def _classes(given: Given, row: int) -> int:
    weights = given.weights[row : row + 1].to(given.problem.device)
    return given.problem.outputs(weights, torch.zeros(1, dtype=torch.long)).shape[-1]


@torch.no_grad()
def _ends_in_a_sigmoid(given: Given, row: int) -> bool:
    inputs, _ = given.problem.data("train")
    found = given.problem.network(given.weights[row])(inputs[:LOOKED_AT])
    return found.numel() == len(found) and bool(((found >= 0) & (found <= 1)).all())
