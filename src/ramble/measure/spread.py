"""Many numbers in one cell of a table."""

from collections.abc import Sequence

import numpy as np


def spread(values: Sequence[float] | np.ndarray) -> str:
    """Say smallest .. median .. largest, or - where there are none."""
    if not len(values):
        return "-"
    low, middle, high = np.nanquantile(np.asarray(values, dtype=float), (0.0, 0.5, 1.0))
    return f"{low:.3g} .. {middle:.3g} .. {high:.3g}"
