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
from ramble.problems.patterns import random_patterns
from ramble.problems.tree_committee import TreeCommittee
from ramble.store.headers import Status
from ramble.store.progress import Progress
from ramble.studies.paths.study import PathStudy
from ramble.tracking.connect import connect
from ramble.tracking.tracker import Tracker, tracker_of
from ramble.training.descent import find_solutions
from ramble.training.descent_settings import Recipe

PARAMETERS = FilePath(__file__).parent.parent / "params.yaml"


def new_pairs(study: PathStudy, seed: int) -> tuple[TreeCommittee, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the problem, the starts (B, P), the ends (B, P) and their data sets (B,)."""
    sets = [random_patterns(seed, "tcm", dataset, **study.data.arguments) for dataset in range(study.data.datasets)]
    problem = TreeCommittee(sets, **study.problem.arguments)
    assert isinstance(study.solutions, Recipe)
    found = find_solutions(problem, seed, "tcm", study.solutions)
    weights = torch.stack([solution.weights for solution in found])
    weights = weights.view(study.data.datasets, study.solutions.count, -1)
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
    for seed in options.seeds:
        problem, starts, ends, datasets = new_pairs(study, seed)
        trackers: list[Tracker] = [
            tracker_of(study.trackers["guarded"], seed),
            tracker_of(study.trackers["curve"], seed),
        ]
        seconds = []
        for tracker in trackers:
            name = type(tracker).__name__
            began = time.perf_counter()
            with Progress(name, tracker.settings.budget) as progress:
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
