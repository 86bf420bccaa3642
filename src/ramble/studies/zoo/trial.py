"""One pair of the zoo: two trained networks, and the tracker as it comes between them."""

import time

import torch
from torch import Tensor

from ramble.problems.problem import Problem
from ramble.problems.seeds import derive_seed
from ramble.store.checkpoints import Checkpoint
from ramble.store.progress import Progress
from ramble.tracking.adaptive import AdaptiveTracker
from ramble.tracking.adaptive_settings import AdaptiveSettings
from ramble.tracking.connect import connect
from ramble.tracking.path import Path


def join(
    name: str,
    problem: Problem,
    networks: Tensor,
    pair: tuple[int, int],
    settings: AdaptiveSettings,
    seed: int,
    checkpoint: Checkpoint | None = None,
) -> tuple[Path, dict[str, object]]:
    """Join two networks of a family with the tracker as it comes.

    Args:
        name: of the family.
        problem: its problem.
        networks: both ends (2, P).
        pair: their numbers in the family.
        settings: of the tracker.
        seed: the root seed.
        checkpoint: of the tracker's state, or none.

    Returns:
        The path, and what the table says of it: weights, samples, straight_errors (most of them at a point of the
        straight line that was looked at), status, certificate, gradients, evaluations, min_margin, relative_length,
        seconds of processor time, which no two runs share and which begin anew in a run that goes on, and the
        tracker's reason.
    """
    dataset, (first, second) = torch.zeros(1, dtype=torch.long), pair
    checkpoints = [checkpoint] if checkpoint else []
    tracker = AdaptiveTracker(settings, derive_seed(seed, "zoo", name, first, second), checkpoints)
    began = time.process_time()
    with Progress(f"zoo, {name}: {first} to {second}", settings.budget) as progress:
        (path,) = connect(problem, tracker, networks[:1], networks[1:], dataset, progress)
    return path, {
        "weights": problem.n_weights,
        "samples": problem.labels(dataset).shape[1],
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
