"""The thresholds of the texts beside the paper, by the names of their packages."""

from ramble.papers.randomization.theorem_thresholds import TheoremThresholds
from ramble.papers.randomization.thresholds import Thresholds as RandomizationThresholds
from ramble.settings import Model


class Companions(Model):
    """When the claims of the other texts count as reproduced."""

    randomization: RandomizationThresholds = RandomizationThresholds.model_validate({})
    randomization_theorems: TheoremThresholds = TheoremThresholds.model_validate({})
