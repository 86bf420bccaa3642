"""What `ramble.connect` returns: a path between two given networks, and all that is known of it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

import pandas as pd
from torch import Tensor

from ramble.api.ends import Ends
from ramble.api.route import Route
from ramble.measure.barrier import loss_barrier
from ramble.measure.profile import profile
from ramble.problems.given import Given
from ramble.problems.joined import MAKER, STUDY
from ramble.problems.network import NetworkProblem
from ramble.store.headers import Header
from ramble.store.points import Points
from ramble.store.progress import Progress
from ramble.tracking.path import Path

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURES = ("path.svg", "path.png")


@dataclass(frozen=True, eq=False)
class Connection:
    """A path between two given networks, joined or not.

    Attributes:
        given: the problem, and both ends.
        ends: how the ends do.
        route: what was found on the way to the path.
        seed: of all that was drawn.
        seconds: that it took.
    """

    given: Given
    ends: Ends
    route: Route
    seed: int
    seconds: float

    @property
    def problem(self) -> NetworkProblem:
        """The networks and their data: what `ramble.profile` and `ramble.spectrum` take."""
        return self.given.problem

    @property
    def path(self) -> Path:
        """The path as its tracker left it, with its certificate."""
        return self.route.path

    @property
    def joins(self) -> bool:
        """Does it lead from a to b, every segment of it certified?"""
        return self.path.joins

    @property
    def reordered(self) -> bool:
        """Does it end at b with its hidden units in another order, which computes the same?"""
        return self.path.end_order is not None

    @property
    def certificate(self) -> str:
        """What is certified of the path: "exact", "sound", "sampled", or "none"."""
        return self.path.certificate

    @property
    def min_margin(self) -> float:
        """The smallest margin on the path: a lower bound where the certificate is exact or sound, else found.

        A certificate ends at the first segment that fails; of a path that has none, it is that at the stored points.
        """
        if self.certificate != "none":
            return self.path.min_margin
        return min(self.path.min_margin, float(self.profile.train_min_margin.min()))

    @property
    def points(self) -> Tensor:
        """The points (T, P), float32: flat weights, `problem.state_dict` makes a state_dict of one."""
        return self.path.points

    @property
    def t(self) -> Tensor:
        """Normalised distance (T,) of each point: 0 at a, 1 at b."""
        return self.path.t

    @property
    def length(self) -> float:
        """Length of the path over the distance between a and b."""
        return self.path.relative_length

    @property
    def stored(self) -> Points:
        """The points as all that measures takes them."""
        header = Header(study=STUDY, maker=MAKER, dataset=0, facts={})
        return Points("path", self.points.numpy(), self.t.numpy(), header)

    @cached_property
    def profile(self) -> pd.DataFrame:
        """Losses, errors and smallest margins on the training (and test) samples, a row per point."""
        with Progress("profile", len(self.points) * len(self.problem.splits)) as progress:
            return profile(self.problem, self.stored, progress)

    @property
    def barrier(self) -> float:
        """Loss barrier, nats, at the stored points; see `ramble.measure.barrier`."""
        return loss_barrier(self.profile)

    def plot(self) -> "Figure":
        """Return a figure of losses and errors along the path."""
        from ramble.api.picture import picture

        return picture(self)

    def save(self, folder: str | FilePath) -> FilePath:
        """Write the path, its tables and its picture into a folder, and return the path's file."""
        from ramble.api.folder import write_connection

        return write_connection(self, FilePath(folder))

    def __str__(self) -> str:
        """Return what a person wants to know, line by line."""
        from ramble.api.summary import summary

        return summary(self)
