"""The top 20 Hessian eigenvalues of LeNet5 on MNIST-100: our Lanczos against PyHessian, ARPACK and curvlinops.

Two solutions are trained and joined by the guarded tracker; spectra are taken at points of that path. Every rival gets
the cheapest of its settings that brings all 20 eigenvalues within 1e-3 of a float64 reference (ARPACK at 1e-10); time
and products are those of that setting alone, the graph's construction included. We find the most negative eigenvalue in
the same run, the rivals do not look for it. curvlinops is left out where it is not installed (pip install
curvlinops-for-pytorch).

With --earlier, the whole engine (rounding and trace counted) is timed beside that of another checkout, each in a
process of its own, and nothing else is: what do error bars that are always true cost?

    RAMBLE_DATA_ROOT=... python benchmarks/spectra.py [--points 3] [--threads 1] [--earlier OTHER/src] [--images 100]
"""

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch
import yaml
from pyhessian import hessian as PyHessian  # noqa: N812
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import Tensor, nn

from ramble.parameters.document import validate
from ramble.parameters.spectra import KrylovSpectra
from ramble.problems.lenet import LeNet5Problem
from ramble.problems.mnist import mnist_images
from ramble.spectra.ends import lanczos_ends
from ramble.spectra.products import Curvature
from ramble.store.points import spread_points
from ramble.store.progress import Progress
from ramble.studies.paths.study import PathStudy
from ramble.tracking.tracker import tracker_of
from ramble.training.descent import find_solutions
from ramble.training.descent_settings import Recipe

PARAMETERS = Path(__file__).parent.parent / "params.yaml"
GOAL = 1e-3  # worst relative error of the top
ARPACK_TOLERANCES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)


@dataclass(frozen=True)
class Point:
    """One place on the path, and what is known about it."""

    problem: LeNet5Problem
    weights: Tensor  # (P,)
    top: int

    def product(self, dtype: torch.dtype = torch.float32) -> Callable[[Tensor], Tensor]:
        return Curvature(self.problem, self.weights.to(dtype), "benchmark", batch=1000).hessian()


@dataclass(frozen=True)
class Result:
    """What one method took, and how far its worst eigenvalue is off."""

    setting: str
    products: int
    seconds: float
    error: float


Method = Callable[[Point], tuple[np.ndarray, int]]


def arpack(operator: LinearOperator, top: int, tolerance: float) -> tuple[np.ndarray, int]:
    calls = 0

    def counted(vector: np.ndarray) -> np.ndarray:
        nonlocal calls
        calls += 1
        return operator.matvec(vector)

    start = np.random.default_rng(0).standard_normal(operator.shape[0]).astype(operator.dtype)
    wrapped = LinearOperator(operator.shape, matvec=counted, dtype=operator.dtype)
    return eigsh(wrapped, k=top, which="LM", tol=tolerance, v0=start, return_eigenvectors=False), calls


def ours(settings: KrylovSpectra) -> Method:
    def run(point: Point) -> tuple[np.ndarray, int]:
        random = torch.Generator().manual_seed(1)
        start = torch.randn(len(point.weights), generator=random)
        ends = lanczos_ends(point.product(), start, point.top, 1, settings.tolerance, settings.budget, random)
        return ends.top, ends.products

    return run


def scipy_arpack(tolerance: float, dtype: torch.dtype = torch.float32) -> Method:
    def run(point: Point) -> tuple[np.ndarray, int]:
        product, size = point.product(dtype), len(point.weights)
        matvec = lambda vector: product(torch.as_tensor(vector.ravel()).to(dtype)).numpy()  # noqa: E731
        own = np.float64 if dtype == torch.float64 else np.float32
        return arpack(LinearOperator((size, size), matvec=matvec, dtype=own), point.top, tolerance)

    return run


def curvlinops_arpack(tolerance: float) -> Method:
    def run(point: Point) -> tuple[np.ndarray, int]:
        from curvlinops import HessianLinearOperator  # type: ignore[import-not-found]

        network = point.problem.network(point.weights)
        parameters = [value for value in network.parameters() if value.requires_grad]
        data = [point.problem.data("train")]
        hessian = HessianLinearOperator(network, nn.CrossEntropyLoss(), parameters, data, check_deterministic=False)
        return arpack(hessian.to_scipy(dtype=np.float32), point.top, tolerance)

    return run


def pyhessian(tolerance: float, iterations: int) -> Method:
    def run(point: Point) -> tuple[np.ndarray, int]:
        module, calls = sys.modules["pyhessian.hessian"], 0
        original = module.hessian_vector_product

        def counted(*arguments: object) -> object:
            nonlocal calls
            calls += 1
            return original(*arguments)

        network = point.problem.network(point.weights)
        torch.manual_seed(1)
        module.hessian_vector_product = counted  # type: ignore[attr-defined]
        try:
            tool = PyHessian(network, nn.CrossEntropyLoss(), data=point.problem.data("train"), cuda=False)
            values, _ = tool.eigenvalues(maxIter=iterations, tol=tolerance, top_n=point.top)
        finally:
            module.hessian_vector_product = original  # type: ignore[attr-defined]
        network.zero_grad(set_to_none=True)
        return np.array(values), calls

    return run


def methods(settings: KrylovSpectra) -> dict[str, dict[str, Method]]:
    """Every method with its settings, cheap ones first."""
    found = {"krylov": {f"tolerance {settings.tolerance:g}": ours(settings)}}
    # the first pair is PyHessian's default
    pairs = [(1e-3, 100), (1e-4, 200), (1e-5, 400), (1e-6, 1000), (1e-7, 2000)]
    found["pyhessian"] = {f"tol {tol:g}, maxIter {most}": pyhessian(tol, most) for tol, most in pairs}
    found["eigsh"] = {f"tol {tol:g}": scipy_arpack(tol) for tol in ARPACK_TOLERANCES}
    if importlib.util.find_spec("curvlinops"):
        found["curvlinops"] = {f"tol {tol:g}": curvlinops_arpack(tol) for tol in ARPACK_TOLERANCES}
    else:
        print("curvlinops is left out, not being installed: pip install curvlinops-for-pytorch", flush=True)
    return found


def cheapest(settings: dict[str, Method], point: Point, truth: np.ndarray) -> Result:
    """Return the first setting that meets the goal, or else the last one."""
    for setting, method in settings.items():
        began = time.perf_counter()
        values, products = method(point)
        seconds = time.perf_counter() - began
        result = Result(setting, products, seconds, float(np.abs(np.sort(values) / truth - 1).max()))
        if result.error <= GOAL:
            break
    return result


TIMED = """
import sys, time, torch, yaml
from ramble.problems.lenet import LeNet5Problem
from ramble.problems.mnist import mnist_images
from ramble.spectra import products
from ramble.spectra.krylov import KrylovEngine
from ramble.spectra.settings import KrylovSettings
weights, arguments, threads = torch.load(sys.argv[1])
torch.set_num_threads(threads)
problem = LeNet5Problem([mnist_images(arguments["seed"], "mnist100", 0, **arguments["data"])], **arguments["problem"])
calls = {torch.float32: 0, torch.float64: 0}
whole = products.Curvature.hessian
def counted(self):
    product = whole(self)
    def count(vector):
        calls[vector.dtype] += 1
        return product(vector)
    return count
products.Curvature.hessian = counted
for number, point in enumerate(weights):
    calls.update({dtype: 0 for dtype in calls})
    began = time.process_time()
    engine = KrylovEngine(KrylovSettings(**arguments["engine"]), arguments["seed"])
    found = engine.spectrum(problem, point, 0, f"benchmark/{number}")
    print(time.process_time() - began, *calls.values(), int(found.converged), flush=True)
"""


def beside_earlier(points: list[Point], sources: list[Path], arguments: dict[str, object], threads: int) -> None:
    """Print processor seconds and products, in float32 and in float64, of the engine of each checkout at each point."""
    with tempfile.NamedTemporaryFile(suffix=".pt") as file:
        torch.save((torch.stack([point.weights for point in points]), arguments, threads), file.name)
        found = []
        for source in sources:
            run = [sys.executable, "-W", "ignore", "-c", TIMED, file.name]
            output = subprocess.run(run, env=os.environ | {"PYTHONPATH": str(source)}, capture_output=True, check=True)
            found.append([[float(part) for part in line.split()] for line in output.stdout.decode().splitlines()])
    for number, (ours, theirs) in enumerate(zip(*found, strict=True)):
        said = [
            f"{seconds:.2f} s, {single:.0f} + {double:.0f} products, converged {converged:.0f}"
            for seconds, single, double, converged in (ours, theirs)
        ]
        print(f"point {number}: {said[0]}; earlier {said[1]}; seconds {ours[0] / theirs[0]:.2f} times", flush=True)


def path_points(study: PathStudy, seed: int, count: int) -> list[Point]:
    """Train two solutions, join them, and return points of the path."""
    problem = LeNet5Problem([mnist_images(seed, "mnist100", 0, **study.data.arguments)], **study.problem.arguments)
    assert isinstance(study.solutions, Recipe)
    a, b = find_solutions(problem, seed, "mnist100", study.solutions.model_copy(update={"count": 2, "batch": 2}))
    tracker = tracker_of(study.trackers["guarded"], seed)
    with Progress("one path", tracker.settings.budget) as progress:
        (path,) = tracker.track(problem, a.weights[None], b.weights[None], torch.tensor([0]), progress)
    assert isinstance(study.spectra, KrylovSpectra)
    even = spread_points(torch.linspace(0, 1, len(path.points)), count)
    return [Point(problem, path.points[point].float(), study.spectra.top) for point in even]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--earlier", type=Path, help="the src of another checkout")
    parser.add_argument("--images", type=int, default=100, help="with --earlier: that spectra are taken on")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    warnings.filterwarnings("ignore", "Using backward.. with create_graph")

    parameters = validate(yaml.safe_load(PARAMETERS.read_text()))
    study = parameters.studies["mnist100"]
    assert isinstance(study, PathStudy)
    assert isinstance(study.spectra, KrylovSpectra)
    if options.earlier:
        arguments: dict[str, object] = {
            "seed": parameters.seed,
            "data": study.data.arguments | {"train": options.images},
            "problem": study.problem.arguments,
            "engine": study.spectra.settings.model_dump(),
        }
        points = path_points(study, parameters.seed, options.points)
        sources = [PARAMETERS.parent / "src", options.earlier.resolve()]
        beside_earlier(points, sources, arguments, options.threads)
        return
    rivals = methods(study.spectra)
    ratios: dict[str, list[tuple[float, float]]] = {name: [] for name in rivals if name != "krylov"}
    for number, point in enumerate(path_points(study, parameters.seed, options.points)):
        truth = np.sort(scipy_arpack(1e-10, torch.float64)(point)[0])
        results = {name: cheapest(settings, point, truth) for name, settings in rivals.items()}
        for name, result in results.items():
            print(
                f"point {number}, {name} ({result.setting}): {result.products} products, {result.seconds:.2f} s, "
                f"worst relative error {result.error:.1e}{' TOO MUCH' * (result.error > GOAL)}",
                flush=True,
            )
        own = results["krylov"]
        for name, found in ratios.items():
            found.append((results[name].products / own.products, results[name].seconds / own.seconds))
    for name, found in ratios.items():
        products, seconds = zip(*found, strict=True)
        print(f"{name} / krylov, median: products {median(products):.1f}, seconds {median(seconds):.1f}")


if __name__ == "__main__":
    main()
