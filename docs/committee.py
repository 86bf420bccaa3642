"""Two solutions of a small Tree Committee Machine, joined by a path that is certified exactly."""

import torch

from ramble.problems.patterns import random_patterns
from ramble.problems.tree_committee import TreeCommittee
from ramble.store.progress import Progress
from ramble.tracking.connect import connect
from ramble.tracking.guarded import GuardedTracker
from ramble.tracking.guarded_settings import GuardedSettings
from ramble.training.descent import find_solutions
from ramble.training.descent_settings import Recipe

data = [random_patterns(seed=1, name="mine", dataset=0, patterns=100, inputs=90)]
problem = TreeCommittee(data, hidden=3, input_scale=1.0, initial_sigma=0.05)
recipe = Recipe(count=2, rate=0.2, output_gain=2.0, batch=64)
a, b = find_solutions(problem, seed=1, name="mine", recipe=recipe)

# units that saturate: the bends start contracted towards the origin, and the loss is sharpened
settings = GuardedSettings(
    bends=15, contraction=0.17, gain=30.0, rate=0.05, spring=0.01, round_steps=100, doubling_rounds=2, max_bends=127
)
tracker = GuardedTracker(settings, seed=1)
with Progress("one pair", settings.budget) as progress:
    (path,) = connect(problem, tracker, a.weights[None], b.weights[None], torch.tensor([0]), progress)
print(path.status, path.certificate, path.min_margin)  # arrived exact ...
