"""When a claim on the bounds of stochastic gradient descent, or on depth, counts as reproduced.

All were written down before any of what they judge was measured.
"""

from typing import Annotated

from pydantic import Field

from ramble.settings import Fraction, Model, Positive


class TheoremThresholds(Model):
    """When a claim on the bounds, or on depth, counts as reproduced; written down before looking at the results."""

    bound_share: Fraction = Field(1.0, description="of the steps, or of the points visited, at which a bound holds")
    rising_share: Fraction = Field(
        0.05, description="of the steps of descent at a too large rate, at least, that raise the loss: it overshoots"
    )
    fitted_share: Fraction = Field(
        0.99, description="of the points of other runs at which M and M_G fitted on the first runs bound E|g|^2"
    )
    vanishing: Fraction = Field(
        0.1,
        description="weighted mean of |grad F|^2 at the end relative to |grad F|^2 at the start, at most: it vanishes",
    )
    stopping: Positive = Field(
        10.0,
        description="times the last |grad F|^2 under suitable steps, at least: steps that fade too fast stop early",
    )
    plateau_exponent: Annotated[
        float,
        Field(gt=0, lt=1, description="around 1: the plateau of |grad F|^2 goes with this power of the step size"),
    ] = 0.2
    resting: Positive = Field(
        1e-9,
        description="distance from the minimum, relative to its norm, at most, after all steps begun there: at rest",
    )
    depth_error: Fraction = Field(0.02, description="of the factor a layer that is fitted, relative to c, at most")
    depth_band: Annotated[
        float,
        Field(
            gt=1, description="root mean squares of hidden layers differ from the first one's by this factor at most"
        ),
    ] = 10.0
    depth_explosion: Positive = Field(
        1e6, description="growth of root mean squares from first to last hidden layer, at least: they explode"
    )
