"""Bisection of a Tree Committee Machine's segments, from the raw patterns and labels.

Unit k sees the field h_k = scale * sum_j w_kj x_(k n + j), which is linear along a segment. On a part [a, b] of it a
sample's margin sum_k clip(label h_k) is therefore at least sum_k min(clip at a, clip at b). Parts where that bound is
not positive are halved. Where some errors are allowed, a part is left alone as soon as no more samples than that are
without a positive bound on it; at its ends all samples' margins are computed and counted.
"""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ramble.verification.findings import Failure, Findings

Array = NDArray[np.float64]

# Halvings after which a part counts as undecided: it is then as short as the rounding of its ends.
DEPTH = 50


class CommitteeCheck:
    """Checks segments of committees on one training set.

    Args:
        patterns: (M, N), +-1.
        labels: (M,), +-1.
        hidden: K.
        input_scale: factor on the inputs.
        max_errors: allowed at every point.
    """

    kind = "sound"
    tolerance = 1e-9  # float64

    def __init__(self, patterns: Tensor, labels: Tensor, hidden: int, input_scale: float, max_errors: int = 0) -> None:
        signed = patterns.numpy().astype(np.float64) * labels.numpy().astype(np.float64)[:, None]
        self._inputs = signed.reshape(len(signed), hidden, -1).transpose(1, 2, 0) * input_scale  # (K, n, M)
        self._scale, self._allowed = abs(input_scale), max_errors

    def segments(self, points: Tensor) -> Findings:
        """Check the segments between consecutive points (S + 1, P); sound up to a rounding allowance, taken off."""
        weights = points.numpy().astype(np.float64)
        hidden, fan_in, _ = self._inputs.shape
        fields = np.einsum("tkj,kjm->tkm", weights.reshape(-1, hidden, fan_in), self._inputs, optimize=True)
        # a field is a sum of n products, then interpolated and added up: each step costs at most 2^-53 of the sum of
        # absolute values, and this allows eight times that
        reach = self._scale * np.abs(weights).sum(1)
        slack = 2.0**-50 * (fan_in + 16) * (np.maximum(reach[:-1], reach[1:]) + hidden)
        margins = _margins(fields)
        least, tested = float(_deciding(margins, self._allowed).min()), len(weights) - 1
        for segment in range(len(weights) - 1):
            found = _bisect(fields[segment], fields[segment + 1], float(slack[segment]), self._allowed)
            tested, least = tested + found.tested, min(least, found.min_margin)
            if found.failure:
                return Findings(tested, least, Failure(segment, found.failure.at, found.failure.errors))
        return Findings(tested, least, None)


def _margins(fields: Array) -> Array:
    """Return the margins (..., M) of fields (..., K, M) with the labels folded in."""
    total: Array = np.clip(fields, -1, 1).sum(-2)
    return total


def _deciding(margins: Array, allowed: int) -> Array:
    """Return the smallest margin (...) of the samples (..., M), or the one behind so many that may be wrong."""
    known = np.where(np.isnan(margins), -np.inf, margins)
    ranked: Array = np.partition(known, allowed, axis=-1)[..., allowed] if allowed else known.min(-1)
    return ranked


def _bisect(first: Array, last: Array, slack: float, allowed: int) -> Findings:
    """Halve parts of one segment with the fields (K, M) at its ends until enough margins are positive, or too few."""
    samples, lows, width = np.arange(first.shape[1]), np.zeros(first.shape[1]), 1.0
    tested, least = 0, np.inf
    for _ in range(DEPTH):
        for time in sorted({*lows.tolist(), *(lows + width).tolist()}) if width < 1 else (0.0, 1.0):
            margin = float(_deciding(_margins((1 - time) * first + time * last), allowed))
            least = min(least, margin)
            if not margin > slack:
                return Findings(tested, least, _failure(first, last, time))
        ends = [_at(first, last, samples, lows + shift) for shift in (0.0, width)]
        bounds = np.minimum(*(np.clip(fields, -1, 1) for fields in ends)).sum(0)
        without = ~(bounds > slack)
        if int(without.sum()) <= allowed:
            return Findings(tested, least, None)
        parts, counts = np.unique(lows[without], return_counts=True)
        open_parts = without & np.isin(lows, parts[counts > allowed])
        if not open_parts.any():
            return Findings(tested, least, None)
        tested += int((counts > allowed).sum())
        width /= 2
        samples = np.tile(samples[open_parts], 2)
        lows = np.concatenate([lows[open_parts], lows[open_parts] + width])
    return Findings(tested, least, _failure(first, last, float(lows[0])))


def _at(first: Array, last: Array, samples: NDArray[np.intp], times: Array) -> Array:
    """Return the fields (K, I) of given samples, each at its own time (I,)."""
    return (1 - times) * first[:, samples] + times * last[:, samples]


def _failure(first: Array, last: Array, time: float) -> Failure:
    errors = ~(_margins((1 - time) * first + time * last) > 0)
    return Failure(0, time, int(errors.sum()))
