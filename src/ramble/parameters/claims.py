"""When a claim counts as reproduced."""

from typing import Annotated

from pydantic import Field

from ramble.settings import Fraction, Model, Positive


class Thresholds(Model):
    """When a claim counts as reproduced; written down before looking at the results."""

    joined_share: Fraction
    line_left_share: Fraction
    zero_eigenvalue: Positive = Field(description="relative to the largest of the same point: smaller counts as zero")
    positive_share: Fraction
    constant_share: Fraction
    minimum_window: Annotated[float, Field(gt=0, lt=0.5, description="t within which an end is compared with the path")]
    minimum_share: Fraction
    proportional_r2: Fraction
    turn: Positive = Field(description="rise or fall, relative to the curve's range, that counts as a turn")
    turning_share: Fraction
    test_correlation: Fraction
    local_correlation: Fraction
    certified_share: Fraction
    low_loss_factor: Annotated[
        float, Field(ge=1, description="times the larger end's loss, nowhere exceeded: low loss")
    ]
    low_loss_failing: Positive = Field(description="share of low-loss paths that make errors, at least")
    best_inside_share: Fraction = Field(description="of the joined pairs, each claim on test errors inside a path")
