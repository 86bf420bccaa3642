"""All 300 eigenvalues of the Tree Committee Machine at 100 points of 30 paths, with residuals, on several processes.

The paths are straight lines between random weights: what an eigenvalue costs does not depend on where it is taken.

    python benchmarks/tcm_spectra.py [--processes 4]
"""

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import torch
import yaml

from ramble.parameters.document import validate
from ramble.problems.patterns import random_patterns
from ramble.problems.tree_committee import TreeCommittee
from ramble.spectra.exact import ExactEngine
from ramble.studies.paths.study import PathStudy

PARAMETERS = Path(__file__).parent.parent / "params.yaml"
PATHS, POINTS = 30, 100
GOAL = 60.0  # seconds


def spectra_of_path(number: int) -> float:
    """Take the spectra of one path; returns the largest residual."""
    torch.set_num_threads(1)
    parameters = validate(yaml.safe_load(PARAMETERS.read_text()))
    study = parameters.studies["tcm"]
    assert isinstance(study, PathStudy)
    data = [random_patterns(parameters.seed, "tcm", number % 10, **study.data.arguments)]
    problem = TreeCommittee(data, **study.problem.arguments)
    random = torch.Generator().manual_seed(number)
    first, last = (problem.initial_weights(random) for _ in range(2))
    engine = ExactEngine()
    points = [torch.lerp(first, last, float(share)) for share in torch.linspace(0, 1, POINTS)]
    return max(float(engine.spectrum(problem, point, 0, "benchmark").residuals.max()) for point in points)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=4)
    options = parser.parse_args()
    began = time.perf_counter()
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        worst = max(pool.map(spectra_of_path, range(PATHS)))
    seconds = time.perf_counter() - began
    print(
        f"{PATHS} paths x {POINTS} points x 300 eigenvalues: {seconds:.1f} s on {options.processes} processes "
        f"(goal {GOAL:g} s, ratio {seconds / GOAL:.2f}), largest residual {worst:.1e}"
    )


if __name__ == "__main__":
    main()
