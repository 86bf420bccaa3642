"""What a path's header says of files and numbers, compared with the files beside it and the numbers recomputed.

Every function returns a sentence for each thing that is wrong, none where all is right.
"""

import torch
from torch import Tensor

from ramble.errors import RambleError
from ramble.store.artifacts import read_table, table_digest
from ramble.store.untrusted import quoted
from ramble.verification.artifact import Artifact

# t is written in float64 from weights in float32, by some trackers from norms taken in float32: below 1e-6 off.
T_TOLERANCE = 1e-5
# Of the largest output in float64: what another order of the terms of its sums may change.
ORDER_TOLERANCE = 1e-7


def wrong_sources(artifact: Artifact) -> list[str]:
    """Compare the pair, the data set and both solutions with the files that are there."""
    claims, name = artifact.claims, artifact.pair
    wrong = [] if claims.pair == name else [f"its header says that it is pair {quoted(claims.pair)}"]
    dataset, a, b = name.split("-")
    digests = (claims.data_digest, claims.start_digest, claims.end_digest)
    names = ({"dataset": dataset}, {"dataset": dataset, "seed": a}, {"dataset": dataset, "seed": b})
    for source, digest, numbers in zip((artifact.data, *artifact.solutions), digests, names, strict=True):
        place = "/".join(source.file.parts[-2:])
        if source.digest != digest:
            wrong.append(f"it was made from another {place}")
        for key, value in {"study": claims.study, **numbers}.items():
            if source.header.get(key) != value:
                wrong.append(f"{place} says {key} = {quoted(source.header.get(key, 'nothing'))}")
    if claims.inputs != artifact.inputs:
        wrong.append(f"its header says {claims.inputs} inputs, the data set has {artifact.inputs}")
    return wrong


def wrong_ends(artifact: Artifact) -> list[str]:
    """Compare the first point with W_a and, where it arrived, the last one with W_b, bit by bit."""
    wrong = [] if _same_bits(artifact.points[0], artifact.start) else ["its first point is not W_a to the bit"]
    if artifact.claims.arrived and not _same_bits(artifact.points[-1], artifact.end):
        wrong.append("it is recorded as arrived, but its last point is not W_b to the bit")
    return wrong


def wrong_order(artifact: Artifact) -> list[str]:
    """Compare what W_b computes with what it computes with its units reordered, in float64 on all training inputs."""
    if torch.equal(artifact.end, artifact.given_end):
        return []
    both = torch.stack([artifact.given_end, artifact.end]).double()
    given, reordered = artifact.problem.outputs(both, torch.zeros(2, dtype=torch.int64))
    off, largest = float((given - reordered).abs().max()), float(given.abs().max())
    if not off <= ORDER_TOLERANCE * largest:
        return [f"W_b with its units reordered is another network: outputs differ by {off:.2g} of {largest:.2g}"]
    return []


def _same_bits(first: Tensor, second: Tensor) -> bool:
    """Compare two vectors as bytes: a zero has a sign that == does not see."""
    return first.dtype == second.dtype and torch.equal(first.view(torch.uint8), second.view(torch.uint8))


def wrong_times(artifact: Artifact) -> list[str]:
    """Compare t of every point with 1 - |W_b - W_x| / |W_b - W_a|, computed anew in float64; it is 1 at W_b alone."""
    end = artifact.end.double()
    whole = float((end - artifact.start.double()).norm())
    for number, (point, t) in enumerate(zip(artifact.points, artifact.times.tolist(), strict=True)):
        place = 1 - float((end - point.double()).norm()) / whole if whole else 1.0
        last = number == artifact.segments and (t == 1.0) != (place == 1.0)
        if not abs(t - place) <= T_TOLERANCE or last:
            return [f"t of point {number} is recorded as {t:.6f}, it lies at {place:.6f}"]
    return []


def wrong_steps(artifact: Artifact) -> list[str]:
    """Compare the numbers of steps, gradients and evaluations with the table beside the path, where it is there.

    Raises RambleError when the table is damaged, or has not the columns of a tracker's steps.
    """
    claims, file = artifact.claims, artifact.table
    if file is None:
        return []
    table, wrong = read_table(file), []
    try:
        last = {name: int(table[name].iloc[-1]) if len(table) else 0 for name in ("gradients", "evaluations")}
    except (KeyError, ValueError, TypeError) as error:
        raise RambleError(f"{file}: has no numbers of gradients and evaluations; make it anew.") from error
    if table_digest(file) != claims.steps_digest:
        wrong.append(f"{file.name} is not the table that was written with it")
    if claims.steps != len(table):
        wrong.append(f"its header says {claims.steps} steps, {file.name} has {len(table)}")
    if claims.gradients != last["gradients"]:
        wrong.append(f"its header says {claims.gradients} gradients, {file.name} says {last['gradients']}")
    if claims.evaluations < last["evaluations"]:  # the last hop's come on top
        wrong.append(f"its header says {claims.evaluations} evaluations, {file.name} says {last['evaluations']}")
    return wrong


def not_finite(artifact: Artifact) -> list[str]:
    """Name the first point that is not finite."""
    broken = (~torch.isfinite(artifact.points).all(1)).nonzero()
    return [f"point {int(broken[0])} is not finite"] if len(broken) else []
