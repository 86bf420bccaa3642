"""One family of the zoo: its networks trained, and all pairs of them tried."""

import time
from itertools import combinations

import pandas as pd
import torch

from ramble.problems.seeds import derive_seed
from ramble.store.progress import Progress
from ramble.studies.zoo.families import problem_of
from ramble.studies.zoo.parameters import FamilyName, Study
from ramble.studies.zoo.training import trained_networks
from ramble.tracking.adaptive import AdaptiveTracker
from ramble.tracking.connect import connect


def try_family(name: FamilyName, study: Study, seed: int) -> pd.DataFrame:
    """Join all pairs of a family's networks with the tracker as it comes.

    Args:
        name: of the family.
        study: its parameters.
        seed: the root seed.

    Returns:
        One row per pair: family, a and b (how each end was trained), weights, samples, straight_errors (most of them
        at a point of the straight line that was looked at), status, certificate, gradients, evaluations, min_margin,
        relative_length, seconds of processor time, which no two runs share, and the tracker's reason.
    """
    problem = problem_of(name, study.data.data_root)
    networks, recipes = trained_networks(name, problem, study.networks, seed)
    dataset, rows = torch.zeros(1, dtype=torch.long), []
    samples = problem.labels(dataset).shape[1]
    for a, b in combinations(range(len(networks)), 2):
        tracker = AdaptiveTracker(study.tracker, derive_seed(seed, "zoo", name, a, b))
        began = time.process_time()
        with Progress(f"zoo, {name}: {recipes[a]} to {recipes[b]}", study.tracker.budget) as progress:
            (path,) = connect(problem, tracker, networks[a : a + 1], networks[b : b + 1], dataset, progress)
        rows.append(
            {
                "family": name,
                "a": f"{a}-{recipes[a]}",
                "b": f"{b}-{recipes[b]}",
                "weights": problem.n_weights,
                "samples": samples,
                "straight_errors": path.steps[0].train_errors,
                "status": path.status.value,
                "certificate": path.certificate,
                "gradients": path.gradients,
                "evaluations": path.evaluations,
                "min_margin": path.min_margin,
                "relative_length": path.relative_length,
                "seconds": time.process_time() - began,
                "reason": path.reason,
            }
        )
    return pd.DataFrame(rows)
