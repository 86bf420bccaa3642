"""A path between given networks and what it claims to join, found by what its header names."""

import os
from pathlib import Path

import torch

from ramble.errors import RambleError
from ramble.problems.joined import PAIR, STUDY, Sources, reopen
from ramble.store.points import END_ORDER
from ramble.store.untrusted import quoted
from ramble.verification.artifact import BELIEVED, MOST_UNKNOWN, OF_TABLE, Artifact, Source, check_for

UNSAID = ("max_errors", "certificate_resolution")  # no parameters say them; the first one stands in the verdict
COMPARED = ("maker", "dataset", "network", "data", "a", "b", END_ORDER)  # by the files and objects that they lead to


def open_joined(file: Path, sources: Sources) -> Artifact:
    """Find everything that belongs to a path between given networks.

    Its data and both ends are read anew, and their digests compared with the header's like those of a study's files.

    Raises:
        RambleError: the file is missing or no such path, or what it names is not there.
    """
    joined = reopen(file, sources)
    path, given = joined.path, joined.given
    claims, metadata = path.header, given.problem.metadata
    if path.end_order is not None and claims.tracker != "aligned":
        raise RambleError(
            f"{file}: ends at b with its units reordered, which tracker {quoted(claims.tracker)} does not do; name a "
            "path as it was made."
        )
    unknown = sorted(claims.facts.keys() - metadata.keys() - set(BELIEVED) - set(COMPARED))
    table = file.with_suffix(".csv")
    numbers = {"study": STUDY, "dataset": "0"}
    first, second = (
        Source(Path(end.text), {**numbers, "seed": str(seed)}, digest)
        for seed, (end, digest) in enumerate(zip(given.ends, given.end_digests, strict=True))
    )
    return Artifact(
        file=file,
        pair=PAIR,
        table=table if os.path.lexists(table) else None,
        claims=claims,
        believed=(
            *(name for name in BELIEVED if name in claims.text),
            *([] if os.path.lexists(table) else OF_TABLE),
            *UNSAID,
            *map(quoted, unknown[:MOST_UNKNOWN]),
        ),
        resolution=claims.certificate_resolution,
        max_errors=claims.max_errors,
        problem=given.problem,
        data=Source(Path(given.data.text), numbers, given.digest("train")),
        solutions=(first, second),
        points=torch.from_numpy(path.points),
        times=torch.from_numpy(path.t),
        start=given.weights[0],
        end=given.weights[1] if path.end_order is None else given.weights[1][torch.from_numpy(path.end_order)],
        given_end=given.weights[1],
        check=check_for(given.problem, file, claims.facts, claims.max_errors),
    )
