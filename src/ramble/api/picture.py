"""The picture of a path between given networks: losses and errors along it."""

from dataclasses import dataclass
from pathlib import PurePath

from matplotlib.figure import Figure

from ramble.api.connection import Connection
from ramble.problems.joined import PAIR
from ramble.studies.paths.drawing.losses import draw_losses
from ramble.studies.paths.drawing.sources import Source, Sources


@dataclass(frozen=True)
class _Given(Source):
    """The tables of a path whose ends have names of their own."""

    ends: tuple[str, str] = ("a", "b")

    @property
    def walk(self) -> str:
        """Say between which networks the path leads, and whether it arrived."""
        return f"{self.ends[0]} to {self.ends[1]} ({self.status})"


def picture(connection: Connection) -> Figure:
    """Return a figure of training and test loss and error along the path; without test data only of training."""
    points = connection.stored
    first, second = (PurePath(end.text).name for end in connection.given.ends)
    source = _Given(
        tracker=connection.route.tracker,
        pair=PAIR,
        status=connection.path.status,
        rises=points.rises,
        reached=float(points.t.max()),
        max_errors=connection.problem.max_errors,
        weights=points.points.shape[1],
        profile=connection.profile,
        spectra=None,
        part=None,
        ends=(first, second),
    )
    return draw_losses(Sources([source], source))
