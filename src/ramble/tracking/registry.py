"""The algorithms that there are, by their settings, which know where the tracker is that takes them.

A study's trackers have free names; the key `algorithm` of their settings says what they are. A new algorithm is a
module with the tracker, one with its settings, and its name here.
"""

from typing import Annotated

from pydantic import Field

from ramble.tracking.adaptive_settings import AdaptiveSettings
from ramble.tracking.aligned_settings import AlignedSettings
from ramble.tracking.band_settings import BandSettings
from ramble.tracking.curve_settings import CurveSettings
from ramble.tracking.guarded_settings import GuardedSettings
from ramble.tracking.line_settings import LineSettings
from ramble.tracking.paper_settings import PaperSettings
from ramble.tracking.stochastic_paper_settings import StochasticPaperSettings
from ramble.tracking.stochastic_settings import StochasticGuardedSettings

# where every gradient is one of the whole training set, and where it is one of a minibatch
FullBatchTracker = Annotated[
    PaperSettings | GuardedSettings | LineSettings | CurveSettings | BandSettings | AdaptiveSettings | AlignedSettings,
    Field(discriminator="algorithm"),
]
StochasticTracker = Annotated[
    StochasticPaperSettings | StochasticGuardedSettings | LineSettings | AdaptiveSettings | AlignedSettings,
    Field(discriminator="algorithm"),
]
