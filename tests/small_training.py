"""Training and tracking of Tree Committee Machines small enough for a test."""

from small_problems import committee_on, pattern_sets

from ramble.problems.tree_committee import TreeCommittee
from ramble.tracking.guarded import GuardedTracker
from ramble.tracking.guarded_settings import GuardedSettings
from ramble.training.descent import Solution, find_solutions
from ramble.training.descent_settings import Recipe, Settling

SETS = pattern_sets(41, 3, 8, 30)
RECIPE = Recipe(
    rate=0.2,
    output_gain=2.0,
    max_steps=400,
    batch=12,
    rounds=4,
    max_cosine=0.9999,
    settling=Settling(window=20, tolerance=0.1, max_steps=200),
)
SETTINGS = GuardedSettings(
    bends=3, contraction=0.5, gain=5.0, rate=0.05, spring=0.02, round_steps=20, doubling_rounds=2, max_bends=7,
    max_rounds=4, stored_points=9, resolution=0.125, margin_share=0.0,
)  # fmt: skip
TRACKER = GuardedTracker(SETTINGS, seed=3)


def problem_of(datasets: int) -> TreeCommittee:
    return committee_on(SETS[:datasets], hidden=3, input_scale=0.5)


def solutions(datasets: int = 2, seed: int = 1, name: str = "study", count: int = 3, **changes) -> list[Solution]:
    return find_solutions(problem_of(datasets), seed, name, RECIPE.model_copy(update={"count": count} | changes))
