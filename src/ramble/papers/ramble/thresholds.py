"""When a claim of the paper counts as reproduced: written down before looking at the results.

The thresholds of the trackers guarded, curve and band were added with these, after the first run of paper and line;
`best_inside_share` with the study mnist, before the first of its paths was finished, `detour` and `test_rise` with the
study cifar, before any network of it was trained.
"""

from typing import Annotated

from pydantic import Field

from ramble.settings import Fraction, Model, Positive


class Thresholds(Model):
    """When a claim counts as reproduced; written down before looking at the results."""

    joined_share: Fraction = Field(1.0, description='"always": every pair; of the training recipe: every data set')
    line_left_share: Fraction = Field(1.0, description="of the straight lines make an error somewhere")
    zero_eigenvalue: Positive = Field(
        1e-6, description="relative to the largest of the same point: smaller counts as zero"
    )
    positive_share: Fraction = Field(1.0, description="of the points of all paths")
    constant_share: Fraction = Field(
        0.95, description="of the points that have the most frequent number of non-zero eigenvalues"
    )
    minimum_window: Annotated[
        float, Field(gt=0, lt=0.5, description="t within which an end is compared with the path")
    ] = 0.1
    minimum_share: Fraction = Field(1.0, description="of the ends")
    proportional_r2: Fraction = Field(0.9, description="of trace against loss, through the origin, median over pairs")
    turn: Positive = Field(0.05, description="rise or fall, relative to the curve's range, that counts as a turn")
    turning_share: Fraction = Field(1.0, description="of the loss curves turn at least twice")
    test_correlation: Fraction = Field(
        0.7, description="Spearman, test error with test loss along a path, median over pairs"
    )
    local_correlation: Fraction = Field(0.5, description='the same for their increments: "not locally" when below')
    certified_share: Fraction = Field(1.0, description="of the pairs, joined by a path with a certificate")
    low_loss_factor: Annotated[
        float, Field(ge=1, description="times the larger end's loss, nowhere exceeded: low loss")
    ] = 2.0
    low_loss_failing: Positive = Field(0.05, description="share of low-loss paths that make errors, at least")
    best_inside_share: Fraction = Field(1.0, description="of the joined pairs, each claim on test errors inside a path")
    # left out while they are these, so that the digest of the others is what it was before
    detour: Positive = Field(
        3.0,
        description="times the distance of its ends, at most: a path that is no long way round",
        exclude_if=lambda value: value == 3.0,
    )
    test_rise: Fraction = Field(
        0.05,
        description="of the test error above that of the worse end, at most: as good a network as the ends",
        exclude_if=lambda value: value == 0.05,
    )
