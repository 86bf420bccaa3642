"""What a person wants to know of a path between two networks, line by line."""

from ramble.api.connection import Connection
from ramble.store.headers import Status
from ramble.tracking.path import Path

GO_ON = "the same command goes on from here, where it has a folder (out=..)"
WIDTH = 16  # of the words at the left
CHANGE = (
    "more attempts (--attempts), networks trained on until their margins are wider, or errors permitted (--max-errors)"
)


def summary(connection: Connection) -> str:
    """Return the lines."""
    given, ends, path, route = connection.given, connection.ends, connection.path, connection.route
    problem = given.problem
    samples = problem.n_samples
    test = f", {len(problem.data('test')[1]):,} test samples" if "test" in problem.splits else ""
    rows = [
        ("network", f"{given.network.text}, {problem.n_weights:,} weights, {problem.device}"),
        ("data", f"{given.data.text}, {samples:,} training samples{test}"),
        *[(letter, _end(connection, number)) for number, letter in enumerate("ab")],
        *_batch_norm(connection),
        ("apart", f"distance {ends.distance:.4g}, cosine {ends.cosine:.3f}"),
        *([("permitted", _errors(problem.max_errors))] if problem.max_errors else []),
        ("straight line", _most(route.line_errors)),
        ("aligned line", _aligned(connection)),
        ("joined", _joined(connection)),
        *([] if path.joins else [_next(path)]),
        ("certificate", _certificate(connection)),
        ("smallest margin", f"{connection.min_margin:.4g} on the path{_but(problem.max_errors)}"),
        ("loss barrier", f"{connection.barrier:.4g} nats"),
        ("length", _length(connection)),
        ("cost", f"{route.gradients:,} gradients, {route.evaluations:,} evaluations, {connection.seconds:.1f} s"),
    ]
    return "\n".join(f"{word:{WIDTH}}{text}" for word, text in rows)


def _batch_norm(connection: Connection) -> list[tuple[str, str]]:
    """Return what became of batch norm, and how far the ends are from the given networks by that."""
    problem, departures = connection.problem, connection.ends.departures
    if problem.batch_norm is None:
        return []
    told = "folded into the layers before it"
    if problem.batch_norm == "reestimate":
        told = f"statistics of {problem.metadata['batch_norm_samples']} training samples, measured at every point"
    return [("batch norm", told), *((f"  at {letter}", str(one)) for letter, one in zip("ab", departures, strict=True))]


def _end(connection: Connection, number: int) -> str:
    errors, margin = connection.ends.errors[number], connection.ends.margins[number]
    but = _but(connection.problem.max_errors)
    return f"{connection.given.ends[number].text}, {_errors(errors)}, smallest margin {margin:.4g}{but}"


def _errors(count: int) -> str:
    return f"{count:,} error{'' if count == 1 else 's'}" if count else "no errors"


def _most(count: int) -> str:
    return f"{_errors(count)} at most" if count else "no errors at the points looked at"


def _but(max_errors: int) -> str:
    """Say of which samples a margin is not the smallest: of as many in each network as errors are permitted."""
    return f" but for {max_errors} sample{'s' * (max_errors > 1)}" if max_errors else ""


def _aligned(connection: Connection) -> str:
    count = connection.route.aligned_errors
    if count is None:
        return f"not tried, for {connection.route.not_aligned}"
    return f"{_most(count)}, to b with its units reordered"


def _joined(connection: Connection) -> str:
    path, by = connection.path, f"tracker {connection.route.tracker}"
    if path.joins and connection.reordered:
        return f"yes, a with b reordered: {path.reason}"
    if path.joins:
        return "yes, by the straight line" if connection.route.tracker == "line" else f"yes, by {by}"
    return f"NO ({by}: {path.status}, {path.reason or 'the budget is spent'})"


def _length(connection: Connection) -> str:
    points = len(connection.path.points)
    if points == 1:
        return "0, both ends are one network: one point"
    return f"{connection.length:.3f} times the distance of the ends, {points} points"


def _next(path: Path) -> tuple[str, str]:
    """Say what may help."""
    return ("how to go on", GO_ON) if path.status == Status.OUT_OF_TIME else ("what to change", CHANGE)


def _certificate(connection: Connection) -> str:
    path = connection.path
    segments = len(path.points) - 1
    if path.certificate == "none":
        return f"none: {path.certificate_reason}"
    why = f" ({path.certificate_reason})" if path.certificate_reason else ""
    return f"{path.certificate}, {segments} segments, networks evaluated at {path.certificate_points} points{why}"
