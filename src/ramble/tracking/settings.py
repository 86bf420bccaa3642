"""What every tracker is told, whichever algorithm it is."""

from abc import abstractmethod
from typing import Annotated, ClassVar

from pydantic import Field

from ramble.settings import Model


class TrackerSettings(Model):
    """Base of the settings of all trackers; each subclass has a field `algorithm` with its own name."""

    tracker: ClassVar[str]  # import path of the `Tracker` that takes these settings

    resolution: Annotated[float, Field(gt=0, le=0.5)] = Field(
        default=1 / 64, description="shortest piece of a segment, as a share of it, that a proof is tried on"
    )

    @property
    @abstractmethod
    def budget(self) -> int:
        """Steps, rounds or cycles at most, for the progress bar."""
