"""Two solutions of a small Tree Committee Machine, joined by a path that is certified exactly."""

import torch

from ramble.problems.patterns import random_patterns
from ramble.problems.tree_committee import TreeCommittee
from ramble.store.progress import Progress
from ramble.tracking.connect import connect
from ramble.tracking.guarded import GuardedTracker
from ramble.training.descent import Recipe, Settling, find_solutions

data = [random_patterns(seed=1, name="mine", dataset=0, patterns=100, inputs=90)]
problem = TreeCommittee(data, hidden=3, input_scale=1.0, initial_sigma=0.05)
recipe = Recipe(
    rate=0.2, output_gain=2.0, max_steps=2000, batch=64, rounds=2, max_cosine=0.95,
    settling=Settling(window=200, tolerance=0.1, max_steps=1000),
)  # fmt: skip
a, b = find_solutions(problem, seed=1, name="mine", count=2, recipe=recipe)

tracker = GuardedTracker(
    bends=15, contraction=0.17, gain=30.0, rate=0.05, spring=0.01, round_steps=100, doubling_rounds=2, max_bends=127,
    max_rounds=20, stored_points=101, resolution=1 / 64, margin_share=0.0, seed=1,
)  # fmt: skip
with Progress("one pair", tracker.budget) as progress:
    (path,) = connect(problem, tracker, a.weights[None], b.weights[None], torch.tensor([0]), progress)
print(path.status, path.certificate, path.min_margin)  # arrived exact ...
