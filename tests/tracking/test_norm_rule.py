"""The norm rule of Algorithm 1, layer by layer, and the position on a path."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_problems import committee_on, pattern_sets, smooth_problem
from unhurried import unhurried

from ramble.tracking.path import NormRule, normalised_distance

PROBLEM = smooth_problem()
LAYERS = (slice(0, 16), slice(16, 31))
scales = st.floats(0.01, 100.0)
seeds = st.integers(0, 10_000)


def vectors(seed: int, *scales: float) -> list[torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    return [scale * torch.randn(1, 31, generator=random, dtype=torch.float64) for scale in scales]


def prescribed_norm(here: np.ndarray, start: np.ndarray, end: np.ndarray) -> float:
    """n_l as printed, the distance to W_b clamped to the initial one."""
    start_norm, end_norm = np.sqrt((start**2).sum()), np.sqrt((end**2).sum())
    initial = np.sqrt(((end - start) ** 2).sum())
    distance = min(np.sqrt(((end - here) ** 2).sum()), initial)
    return end_norm - (end_norm - start_norm) / initial * distance


@unhurried
@given(seeds, scales, scales, scales)
def test_every_layer_gets_the_prescribed_norm_and_keeps_its_direction(seed, here_scale, start_scale, end_scale):
    here, start, end = vectors(seed, here_scale, start_scale, end_scale)
    scaled = NormRule(PROBLEM, start, end)(here)
    for columns in LAYERS:
        before, after = here[0, columns].numpy(), scaled[0, columns].numpy()
        expected = prescribed_norm(before, start[0, columns].numpy(), end[0, columns].numpy())
        assert np.isclose(np.linalg.norm(after), expected, rtol=1e-9)
        assert np.allclose(after / np.linalg.norm(after), before / np.linalg.norm(before), atol=1e-9)


@unhurried
@given(seeds, st.floats(1.0, 1e9), scales, scales)
def test_norms_stay_between_those_of_the_ends_however_far_away(seed, here_scale, start_scale, end_scale):
    here, start, end = vectors(seed, here_scale, start_scale, end_scale)
    scaled = NormRule(PROBLEM, start, end)(here)
    for columns in LAYERS:
        norms = sorted(float(each[0, columns].norm()) for each in (start, end))
        assert norms[0] * (1 - 1e-9) <= float(scaled[0, columns].norm()) <= norms[1] * (1 + 1e-9)


@unhurried
@given(seeds, scales, scales)
def test_the_ends_keep_their_norms(seed, start_scale, end_scale):
    start, end = vectors(seed, start_scale, end_scale)
    for one in (start, end):
        assert torch.allclose(NormRule(PROBLEM, start, end)(one), one, rtol=1e-9)


@unhurried
@given(seeds)
def test_a_layer_that_both_ends_share_keeps_its_norm(seed):
    here, start, end = vectors(seed, 3.0, 1.0, 1.0)
    end[:, LAYERS[0]] = start[:, LAYERS[0]]
    for one in (here, start, end):
        scaled = NormRule(PROBLEM, start, end)(one)
        assert torch.isfinite(scaled).all()
        assert torch.allclose(scaled[:, LAYERS[0]].norm(), end[:, LAYERS[0]].norm(), rtol=1e-9)


def test_a_layer_of_zeros_stays_zero():
    here, start, end = vectors(1, 1.0, 1.0, 2.0)
    here[:, LAYERS[1]] = 0
    assert not NormRule(PROBLEM, start, end)(here)[:, LAYERS[1]].any()


def test_chains_are_rescaled_each_on_its_own():
    problem = committee_on(pattern_sets(1, 1, 4, 12))
    random = torch.Generator().manual_seed(2)
    here, start, end = torch.randn(3, 5, 12, generator=random, dtype=torch.float64)
    together = NormRule(problem, start, end)(here)
    for row in range(5):
        own = slice(row, row + 1)
        assert torch.allclose(together[own], NormRule(problem, start[own], end[own])(here[own]), rtol=1e-12)


def test_rescaling_leaves_its_argument_alone():
    here, start, end = vectors(3, 1.0, 2.0, 3.0)
    before = here.clone()
    NormRule(PROBLEM, start, end)(here)
    assert torch.equal(here, before)


@unhurried
@given(seeds, scales, st.floats(-1, 1))
def test_normalised_distance_is_zero_at_the_start_one_at_the_end_and_linear_between(seed, scale, t):
    start, end = vectors(seed, scale, 1.0)
    between = start + t * (end - start)
    for weights, expected in ((start, 0.0), (end, 1.0), (between, t)):
        assert np.isclose(float(normalised_distance(weights, start, end)), expected, atol=1e-9)
