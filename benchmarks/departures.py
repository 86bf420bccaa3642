"""What do our departures from the printed Algorithm 1 change, on the 30 pairs of Tree Committee Machines?

Every variant walks the same pairs as params.yaml does (tracker `paper`, or another named), changed in one thing:

- clamp: the distance in the norm rule is not cut at the initial one, as in the printed formula;
- sign: the elastic move is subtracted, as the listing prints it;
- sum: the loss is a sum over the patterns, so the gradient is M times longer;
- float32: no margin is computed again in float64 where float32 leaves its sign open.

For each: how many pairs differ at all from the walks as shipped, by how much t, and how the walks end.

    python benchmarks/departures.py [--tracker paper_tuned] [--steps 2000] [--variants clamp sign sum float32]

The solutions are those of results/tcm where they are, else found first (2 minutes). At 2,000 steps each variant takes 1
to 2 minutes on one core; shipped walks of `paper` take up to 12,000.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path as FilePath
from unittest import mock

import torch
from tcm_joining import PARAMETERS, new_pairs
from torch import Tensor

from ramble.parameters.document import read_parameters
from ramble.problems.problem import Problem
from ramble.problems.stored import load_problem
from ramble.store.progress import Progress
from ramble.studies.paths.study import PathStudy
from ramble.studies.paths.tracked import read_pairs
from ramble.tracking.paper import PaperTracker
from ramble.tracking.paper_settings import PaperSettings
from ramble.tracking.path import NormRule, Path

RESULTS = FilePath(__file__).parent.parent / "results" / "tcm"


def unclamped(rule: NormRule, weights: Tensor) -> Tensor:
    """The norm rule as printed; a committee is one layer."""
    share = rule._norms(rule._ends - weights) / rule._distances
    wanted = rule._end_norms - (rule._end_norms - rule._start_norms) * share
    return weights * (wanted / rule._norms(weights)).squeeze(0).unsqueeze(1)


def subtracted(start: Tensor, end: Tensor, weight: float) -> Tensor:
    """W_x - gamma (W_b - W_x)."""
    return start - weight * (end - start)


@contextmanager
def as_shipped() -> Iterator[None]:
    yield


VARIANTS: dict[str, Callable[[], object]] = {
    "clamp": lambda: mock.patch.object(NormRule, "__call__", unclamped),
    "sign": lambda: mock.patch.object(torch, "lerp", subtracted),
    "sum": as_shipped,  # see below: the rate is M times larger
    "float32": lambda: mock.patch.object(Problem, "_decided", lambda self, margins, *rest: margins),
}


def pairs_of(study: PathStudy, seed: int) -> tuple[Problem, Tensor, Tensor, Tensor]:
    """Return the problem, starts and ends (B, P), and data sets (B,)."""
    names = [f"{dataset}-{a}-{b}" for dataset, a, b in study.pairs]
    data = [str(RESULTS / "data" / f"{dataset}.safetensors") for dataset in range(study.data.datasets)]
    if not all(FilePath(file).exists() for file in data):
        return new_pairs(study, seed)
    problem = load_problem(study.problem.path, study.problem.arguments, data, torch.device("cpu"))
    pairs = read_pairs(problem, names, [str(file) for file in (RESULTS / "solutions").glob("*.safetensors")])
    return problem, pairs.starts, pairs.ends, pairs.datasets


def largest_difference(first: list[Path], second: list[Path]) -> list[float]:
    """Return for each pair the largest difference in t at the same step, as far as both walked, and at the end."""
    found = []
    for one, other in zip(first, second, strict=True):
        both = [abs(a.t - b.t) for a, b in zip(one.steps, other.steps, strict=False)]
        found.append(max(*both, abs(one.steps[-1].t - other.steps[-1].t)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tracker", default="paper", choices=["paper", "paper_tuned"])
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    parameters = read_parameters(PARAMETERS)
    study = parameters.studies["tcm"]
    assert isinstance(study, PathStudy)
    problem, starts, ends, datasets = pairs_of(study, parameters.seed)
    shipped = study.trackers[options.tracker].model_dump() | {"max_steps": options.steps}

    def walk(name: str, settings: dict[str, float]) -> list[Path]:
        began = time.process_time()
        with Progress(name, options.steps) as progress:
            paths = PaperTracker(PaperSettings(**settings)).track(problem, starts, ends, datasets, progress)
        reached = torch.tensor([path.steps[-1].t for path in paths], dtype=torch.float64)
        low, middle, high = reached.quantile(torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64)).tolist()
        counts = ", ".join(f"{number} {status.value}" for status, number in Counter(p.status for p in paths).items())
        seconds = time.process_time() - began
        print(f"{name}: {counts}; t at the end {low:.3f} .. {middle:.3f} .. {high:.3f}; {seconds:.0f} s", flush=True)
        return paths

    own = walk(f"{options.tracker}, as shipped", shipped)
    for name in options.variants:
        settings = shipped | ({"eta": shipped["eta"] * problem.n_samples} if name == "sum" else {})
        with VARIANTS[name]():
            differences = largest_difference(own, walk(name, settings))
        differing = sum(difference > 0 for difference in differences)
        print(f"    {differing} of {len(own)} pairs differ, t by up to {max(differences):.2g}", flush=True)


if __name__ == "__main__":
    main()
