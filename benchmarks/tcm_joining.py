"""Does the guarded tracker join every pair of Tree Committee Machine solutions, whatever the seed?

For every seed: new patterns, new solutions, all 30 pairs, by what params.yaml says; the rival on the same pairs is the
trained low-loss curve of Garipov et al. 2018 (tracker `curve`). Joined means arrived and exactly certified.

    python benchmarks/tcm_joining.py [--seeds 1 2 3] [--threads 2]
"""

import argparse
import time
from pathlib import Path as FilePath

import torch
import yaml

from ramble.parameters.document import validate
from ramble.studies.paths.study import PathStudy
from ramble.problems.patterns import random_patterns
from ramble.problems.tree_committee import TreeCommittee
from ramble.store.progress import Progress
from ramble.tracking.connect import Tracker, connect
from ramble.tracking.curve import CurveTracker
from ramble.tracking.guarded import GuardedTracker
from ramble.tracking.path import Status
from ramble.training.descent import Recipe, Settling, find_solutions

PARAMETERS = FilePath(__file__).parent.parent / "params.yaml"


def new_pairs(study: PathStudy, seed: int) -> tuple[TreeCommittee, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the problem, the starts (B, P), the ends (B, P) and their data sets (B,)."""
    sets = [random_patterns(seed, "tcm", dataset, **study.data.arguments) for dataset in range(study.data.datasets)]
    problem = TreeCommittee(sets, **study.problem.arguments)
    settings = study.solutions.model_dump()
    count = settings.pop("count")
    recipe = Recipe(**settings | {"settling": Settling(**settings["settling"])})
    found = find_solutions(problem, seed, "tcm", count, recipe)
    weights = torch.stack([solution.weights for solution in found]).view(study.data.datasets, count, -1)
    datasets, a, b = (torch.tensor(column) for column in zip(*study.pairs, strict=True))
    return problem, weights[datasets, a], weights[datasets, b], datasets


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    study = validate(yaml.safe_load(PARAMETERS.read_text())).studies["tcm"]
    assert isinstance(study, PathStudy)
    assert study.trackers.guarded is not None
    assert study.trackers.curve is not None
    for seed in options.seeds:
        problem, starts, ends, datasets = new_pairs(study, seed)
        trackers: list[Tracker] = [
            GuardedTracker(**study.trackers.guarded.model_dump(), seed=seed),
            CurveTracker(**study.trackers.curve.model_dump(), seed=seed),
        ]
        seconds = []
        for tracker in trackers:
            name = type(tracker).__name__
            began = time.perf_counter()
            with Progress(name, tracker.budget) as progress:
                paths = connect(problem, tracker, starts, ends, datasets, progress)
            seconds.append(time.perf_counter() - began)
            joined = [path for path in paths if path.status is Status.ARRIVED and path.certificate == "exact"]
            gradients = sorted(path.gradients for path in paths)[len(paths) // 2]
            print(
                f"seed {seed}, {name}: {len(joined)} of {len(paths)} joined and exactly certified, "
                f"median {gradients} gradients, {seconds[-1]:.1f} s"
            )
        print(f"seed {seed}: ratio of wall time, curve to guarded: {seconds[1] / seconds[0]:.1f}", flush=True)


if __name__ == "__main__":
    main()
