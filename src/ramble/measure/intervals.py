"""How sure a share is that was counted."""

from math import sqrt

Z95 = 1.959963984540054  # two-sided, 95 %


def wilson(successes: int, trials: int, z: float = Z95) -> tuple[float, float]:
    """Return Wilson's score interval of a share: unlike the normal one it stays in [0, 1] and is no point at 0 or 1.

    Of no trials nothing is known: (0, 1).
    """
    if not trials:
        return 0.0, 1.0
    share, weight = successes / trials, z * z / trials
    centre = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * sqrt(share * (1 - share) / trials + weight / (4 * trials))
    # rounding may step over 0 and 1
    return max(0.0, centre - half), min(1.0, centre + half)
