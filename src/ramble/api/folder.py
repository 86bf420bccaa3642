"""The folder that a path between given networks is written to, with all that is needed to judge it without its maker.

path.safetensors   points and t; the header names network, data and ends, and has their digests
path.csv           a row a step of the tracker
profile.csv        a row a point: losses, errors, smallest margins, and the digests of the samples
path.svg, .png     losses and errors along the path
a.safetensors, b.safetensors   the ends, where they were no files
"""

from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
import pandas as pd

from ramble.api.connection import PICTURES, Connection
from ramble.api.digests import with_digests
from ramble.errors import RambleError
from ramble.problems.given import Given
from ramble.problems.joined import MAKER, PAIR, STUDY, read_joined
from ramble.store.artifacts import table_digest, write_table
from ramble.store.headers import PathHeader
from ramble.store.points import StoredPath, write_points
from ramble.store.tensors import write_tensors
from ramble.studies.paths.drawing.style import save
from ramble.studies.paths.tracked import header_of
from ramble.tracking.path import Step

FILE = "path.safetensors"


def write_connection(connection: Connection, folder: Path) -> Path:
    """Write all files; the path itself comes last, when all that belongs to it is there. Return its file."""
    steps = [asdict(step) for step in connection.path.steps]
    write_table(folder / "path.csv", pd.DataFrame(steps, columns=[field.name for field in fields(Step)]))
    write_table(folder / "profile.csv", with_digests(connection.profile, connection.problem))
    save(connection.plot(), [str(folder / name) for name in PICTURES])
    ends = [_end(connection, folder, number) for number in (0, 1)]
    header = _header(connection, table_digest(folder / "path.csv"), ends)
    order = connection.path.end_order
    stored = StoredPath(
        PAIR, connection.points.numpy(), connection.t.numpy(), header, None if order is None else order.numpy()
    )
    _remove_spectrum_of_another(folder, stored)
    write_points(folder / FILE, stored)
    return folder / FILE


def refuse_other_path(folder: Path, given: Given) -> None:
    """Raise RambleError where a folder holds a path between other networks, or on other data."""
    there = _stored_in(folder)
    if there is None:
        return
    header, (first, second) = there.header, given.end_digests
    if (header.start_digest, header.end_digest, header.data_digest) != (first, second, given.digest("train")):
        raise RambleError(
            f"{folder / FILE}: is a path between other networks, or on other data; name another folder with --out "
            "(out=..), or remove it."
        )


def _stored_in(folder: Path) -> StoredPath | None:
    """Return the path that a folder holds; none where that is no path of `connect`, or damaged: it is replaced."""
    try:
        return read_joined(folder / FILE)
    except RambleError:
        return None


def _remove_spectrum_of_another(folder: Path, stored: StoredPath) -> None:
    """Remove the spectrum of the path that stood here, unless it is the same path.

    Where no path stood the file is somebody's own.
    """
    there = _stored_in(folder)
    if there is not None and not np.array_equal(there.points, stored.points):
        (folder / "spectrum.csv").unlink(missing_ok=True)


def _end(connection: Connection, folder: Path, number: int) -> str:
    """Return the file of an end, written here where it was none."""
    end = connection.given.ends[number]
    if end.found_by:
        return end.found_by
    file = folder / f"{'ab'[number]}.safetensors"
    write_tensors(file, connection.given.states[number], {})
    return str(file)


def _header(connection: Connection, steps_digest: str, ends: list[str]) -> PathHeader:
    given, path, route = connection.given, connection.path, connection.route
    first, second = given.end_digests
    named = {
        "network": given.network.found_by,
        "data": given.data.found_by,
        "test": given.test.found_by if given.test else "",
        "a": ends[0],
        "b": ends[1],
    }
    found = {"line_errors": route.line_errors, "aligned_errors": route.aligned_errors}
    facts = {"maker": MAKER, "dataset": 0, **named, **found, **given.problem.metadata}
    facts |= {"seed": connection.seed, "device": given.problem.device}
    return header_of(
        path,
        given.problem,
        study=STUDY,
        maker=MAKER,
        dataset=0,
        tracker=route.tracker,
        pair=PAIR,
        digests={
            "data_digest": given.digest("train"),
            "start_digest": first,
            "end_digest": second,
            "steps_digest": steps_digest,
        },
        facts=facts,
    )
