"""Many numbers in one cell of a table."""

from collections.abc import Sequence

import numpy as np


def spread(values: Sequence[float] | np.ndarray) -> str:
    """Say smallest .. median .. largest, of how many where not all are known, or - where none is."""
    numbers = np.asarray(values, dtype=float)
    known = numbers[~np.isnan(numbers)]
    if not len(known):
        return "-"
    low, middle, high = known.min(), np.median(known), known.max()  # np.quantile has no answer where one is infinite
    some = f" ({len(known)} of {len(numbers)})" if len(known) < len(numbers) else ""
    return f"{low:.3g} .. {middle:.3g} .. {high:.3g}{some}"
