"""The loss barrier of a path, from its profile."""

import numpy as np
import pandas as pd


def loss_barrier(profile: pd.DataFrame) -> float:
    """Return the loss barrier in nats, float64: how far the training loss rises above the line between its ends.

    That is the maximum over the points of loss(s) - ((1 - s) loss(0) + s loss(1)), with s the share of the path's
    length, which on a straight line is the share of the way (Frankle et al. 2020; Entezari et al. 2022). Both ends are
    among the points, so it is never negative. Between two points the loss may be higher: it is a lower bound.

    Args:
        profile: of points from W_a to W_b, as `ramble.measure.profile.profile` returns it.
    """
    s, losses = (profile[column].to_numpy(dtype=np.float64) for column in ("s", "train_loss"))
    return float(np.max(losses - ((1 - s) * losses[0] + s * losses[-1])))
