"""What must be true of two given networks before a path between them is looked for."""

from dataclasses import dataclass

import torch

from ramble.errors import RambleError
from ramble.problems.as_given import Departure, departure, loaded
from ramble.problems.given import Given
from ramble.problems.problem import Evaluation

GUESSING = 0.8  # of the errors that guessing makes: with so many a network hardly was trained on these data


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
        _refuse_errors(given, end.text, found, row)
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


def _refuse_errors(given: Given, end: str, found: Evaluation, row: int) -> None:
    if bool(found.in_solution_space[row]):
        return
    errors, problem = int(found.errors[row]), given.problem
    outputs = problem.outputs(given.weights[row : row + 1].to(problem.device), torch.zeros(1, dtype=torch.long))
    permitted = f" ({problem.max_errors} are permitted)" if problem.max_errors else ""
    remedy = f"train it on, or permit as many with --max-errors {errors} (max_errors={errors})"
    if errors > GUESSING * problem.n_samples * (1 - 1 / outputs.shape[-1]):
        remedy = (
            "that is near what guessing makes, so it was probably trained on another data set, or on inputs normalised "
            "in another way; give that one"
        )
    raise RambleError(
        f"{end}: makes {errors} errors on the {problem.n_samples} training samples of {given.data.text}{permitted}; "
        f"{remedy}."
    )
