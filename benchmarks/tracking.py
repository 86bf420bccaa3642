"""The guarded tracker against Algorithm 1 of the paper, on the same pairs of LeNet5 solutions of MNIST-100.

Both come from W_a to W_b with what params.yaml says; Algorithm 1 stops at t = 0.99, before its last hop. Compared are
the work (gradients and membership tests on the 100 images) and the wall time, both without the final certificate, which
either path would get and which is timed by itself. Algorithm 1 takes some minutes a pair.

    RAMBLE_DATA_ROOT=... python benchmarks/tracking.py [--solutions 2] [--threads 1]
"""

import argparse
import time
from pathlib import Path as FilePath
from statistics import median

import torch
import yaml

from ramble.certificates.paths import certify_path
from ramble.parameters.document import validate
from ramble.problems.lenet import LeNet5Problem
from ramble.problems.mnist import mnist_images
from ramble.problems.problem import Problem
from ramble.store.progress import Progress
from ramble.studies.paths.study import PathStudy
from ramble.tracking.paper import PaperTracker
from ramble.tracking.paper_settings import PaperSettings
from ramble.tracking.path import Path, Setting, Walk
from ramble.tracking.tracker import Tracker, tracker_of
from ramble.training.descent import find_solutions
from ramble.training.descent_settings import Recipe

ZERO = torch.tensor([0])
PARAMETERS = FilePath(__file__).parent.parent / "params.yaml"


class UpTo99(PaperTracker):
    """Algorithm 1 that ends at t = 0.99: the hop is not tried."""

    def _hop(self, walk: Walk, here: Setting, weights: torch.Tensor) -> bool:
        walk.arrive(weights, here.ends[0], "untested")
        return True


def timed(problem: Problem, tracker: Tracker, start: torch.Tensor, end: torch.Tensor) -> tuple[Path, float]:
    began = time.perf_counter()
    with Progress(type(tracker).__name__, tracker.settings.budget) as progress:
        (path,) = tracker.track(problem, start.unsqueeze(0), end.unsqueeze(0), ZERO, progress)
    return path, time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--solutions", type=int, default=2, help="all their pairs are tracked")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    parameters = validate(yaml.safe_load(PARAMETERS.read_text()))
    study = parameters.studies["mnist100"]
    assert isinstance(study, PathStudy)
    problem = LeNet5Problem(
        [mnist_images(parameters.seed, "mnist100", 0, **study.data.arguments)], **study.problem.arguments
    )
    assert isinstance(study.solutions, Recipe)
    recipe = study.solutions.model_copy(update={"count": options.solutions, "batch": options.solutions})
    found = find_solutions(problem, parameters.seed, "mnist100", recipe)
    weights = [solution.weights for solution in found]
    assert isinstance(study.trackers["paper"], PaperSettings)
    paper = UpTo99(study.trackers["paper"])
    guarded = tracker_of(study.trackers["guarded"], parameters.seed)

    work_ratios, time_ratios = [], []
    for a in range(options.solutions):
        for b in range(a + 1, options.solutions):
            ours, our_time = timed(problem, guarded, weights[a], weights[b])
            rival, rival_time = timed(problem, paper, weights[a], weights[b])
            began = time.perf_counter()
            certificate = certify_path(problem, ours.points, 0, guarded.settings.resolution)
            proof = time.perf_counter() - began
            ours_work, rival_work = (path.gradients + path.evaluations for path in (ours, rival))
            print(
                f"pair {a}-{b}: guarded {ours.status} with {ours.gradients} gradients + {ours.evaluations} tests in "
                f"{our_time:.1f} s (certificate: {certificate.kind}, holds: {certificate.holds}, {proof:.1f} s); "
                f"paper {rival.status} with {rival.gradients} + {rival.evaluations} in {rival_time:.0f} s"
            )
            work_ratios.append(rival_work / ours_work)
            time_ratios.append(rival_time / our_time)
    print(f"ratio of work, median over {len(work_ratios)} pairs: {median(work_ratios):.0f}")
    print(f"ratio of wall time, median over {len(time_ratios)} pairs: {median(time_ratios):.0f}")


if __name__ == "__main__":
    main()
