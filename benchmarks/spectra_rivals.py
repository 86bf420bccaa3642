"""Top Hessian eigenvalues by four tools in one table, at equal measured accuracy: LeNet5 and ResNet20.

Networks are trained by Adam to a loss of 0.02. All eigenvalues that a tool finds are compared with a float64 reference
(ARPACK at 1e-10). Every rival gets the cheapest of its settings that brings all of them within 1e-3, chosen by
hindsight, and its seconds are those of that setting alone. `krylov` is the whole engine as the workflow runs it, with
its default settings: rounding measured, error bars, the most negative eigenvalue and the trace, none of which the
rivals look for; `krylov, top alone`
leaves out the last two, with the smallest number of vectors for the trace. Seconds are of processor time, on one
thread, the best of a few rounds in which the tools take turns. The ResNet20 has group norm: where statistics of batch
norm follow the weights, our Hessian goes through them and that of the other tools does not, so that they would look for
the eigenvalues of two matrices.

    RAMBLE_DATA_ROOT=... python benchmarks/spectra_rivals.py [--networks lenet5 resnet20] [--images 100 20]
        [--top 20 5] [--rounds 2] [--eigenthings FOLDER]

FOLDER is what `pip install --pre --no-deps --target FOLDER hessian-eigenthings` fills. What is not installed is left
out.
"""

import argparse
import importlib.util
import os
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
import torchvision
from full_batch_gradient import resnet20
from spectra import curvlinops_arpack, pyhessian, scipy_arpack
from torch import Tensor, nn

from ramble.problems.lenet import LeNet5Problem
from ramble.problems.mnist import mnist_images
from ramble.problems.network import NetworkProblem
from ramble.spectra.krylov import KrylovEngine
from ramble.spectra.products import Curvature
from ramble.spectra.settings import KrylovSettings

GOAL = 1e-3
STEPS = (20, 30, 40, 60, 80, 100, 120, 160)
TOLERANCES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
POWERS = ((1e-3, 100), (1e-4, 200), (1e-5, 400), (1e-6, 1000))
ROOT = os.environ.get("RAMBLE_DATA_ROOT", "data")


class Residual(NetworkProblem):
    """A ResNet20 on the first images of CIFAR-10."""

    def __init__(self, count: int) -> None:
        cifar = torchvision.datasets.CIFAR10(ROOT)
        images = torch.from_numpy(cifar.data[:count]).float().permute(0, 3, 1, 2) / 255
        super().__init__({"train": ((images - images.mean()) / images.std(), torch.tensor(cifar.targets[:count]))})

    def build_network(self) -> nn.Module:
        """Return the network."""
        return resnet20()


def problem_of(name: str, count: int) -> NetworkProblem:
    if name != "lenet5":
        return Residual(count)
    data = mnist_images(0, "benchmark", 0, data_root=ROOT, train=count, test=1)
    return LeNet5Problem([data], input_mean=0.1307, input_std=0.3081)


class Point:
    """A network trained to no error, and what `spectra` asks of a point."""

    def __init__(self, name: str, count: int, top: int) -> None:
        self.problem, self.top = problem_of(name, count), top
        weights = self.problem.initial_weights(torch.Generator().manual_seed(1)).requires_grad_()
        optimiser = torch.optim.Adam([weights], lr=2e-3)
        for step in range(400):
            (loss,), (weights.grad,) = self.problem.gradients(weights.detach()[None], torch.tensor([0]))
            if step > 30 and loss < 0.02:
                break
            optimiser.step()
        self.weights, self.loss = weights.detach(), float(loss)

    def product(self, dtype: torch.dtype = torch.float32) -> Callable[[Tensor], Tensor]:
        """Return v -> H v."""
        return Curvature(self.problem, self.weights.to(dtype), "benchmark", batch=1000).hessian()


Values = np.ndarray
Tool = Callable[[Point], Values]


def krylov(point: Point) -> Values:
    engine = KrylovEngine(KrylovSettings(top=point.top), seed=1)
    found = engine.spectrum(point.problem, point.weights, 0, "benchmark")
    if not found.converged:
        print("krylov did not converge", flush=True)
    return found.eigenvalues


def top_alone(point: Point) -> Values:
    engine = KrylovEngine(KrylovSettings(top=point.top, bottom=0, trace_samples=2), seed=1)
    return engine.spectrum(point.problem, point.weights, 0, "benchmark").eigenvalues


def eigenthings(steps: int) -> Tool:
    def run(point: Point) -> Values:
        from hessian_eigenthings.algorithms.lanczos import lanczos  # type: ignore[import-not-found]
        from hessian_eigenthings.operators.hessian import HessianOperator  # type: ignore[import-not-found]

        network = point.problem.network(point.weights)
        loss = lambda model, batch: nn.functional.cross_entropy(model(batch[0]), batch[1])  # noqa: E731
        operator = HessianOperator(network, [point.problem.data("train")], loss)
        found = lanczos(operator, k=point.top, max_iter=steps, reorthogonalize=True, seed=1)
        return found.eigenvalues.numpy()

    return run


def first(method: Callable[[Point], tuple[Values, int]]) -> Tool:
    return lambda point: method(point)[0]


def tools() -> dict[str, dict[str, Tool]]:
    """Every tool with its settings, cheap ones first."""
    found: dict[str, dict[str, Tool]] = {"krylov": {"": krylov}, "krylov, top alone": {"": top_alone}}
    found["eigsh on our products"] = {f"tol {tol:g}": first(scipy_arpack(tol)) for tol in TOLERANCES}
    if importlib.util.find_spec("curvlinops"):
        found["curvlinops, eigsh"] = {f"tol {tol:g}": first(curvlinops_arpack(tol)) for tol in TOLERANCES}
    if importlib.util.find_spec("hessian_eigenthings"):
        found["hessian-eigenthings"] = {f"{steps} steps": eigenthings(steps) for steps in STEPS}
    found["PyHessian"] = {f"tol {tol:g}, {most}": first(pyhessian(tol, most)) for tol, most in POWERS}
    return found


def timed(tool: Tool, point: Point, truth: Values) -> tuple[float, float]:
    """Return processor seconds and the worst relative error."""
    began = time.process_time()
    values = tool(point)
    seconds = time.process_time() - began
    return seconds, float(np.abs(np.sort(values) / truth - 1).max())


def compare(name: str, count: int, top: int, rounds: int) -> None:
    """Print the rows of one network."""
    point = Point(name, count, top)
    size = len(point.weights)
    print(f"{name}, {count} images, {size} weights, loss {point.loss:.2g}, top {top}", flush=True)
    truth = np.sort(scipy_arpack(1e-10, torch.float64)(point)[0])
    chosen: dict[str, tuple[str, Tool, float]] = {}
    for tool, settings in tools().items():
        for setting, run in settings.items():
            try:
                seconds, error = timed(run, point, truth)
            except (NotImplementedError, RuntimeError) as failure:  # not every network's operations are known to all
                print(f"  {tool} cannot do this network: {str(failure).splitlines()[0]}", flush=True)
                break
            chosen[tool] = setting, run, error
            print(f"  tried {tool} {setting}: {seconds:.2f} s, {error:.1e}", flush=True)
            if error <= GOAL or (tool == "PyHessian" and seconds > 200):
                break
    best: dict[str, float] = {}
    for _ in range(rounds):
        for tool, (_, run, error) in chosen.items():
            if error <= GOAL:
                best[tool] = min(best.get(tool, np.inf), timed(run, point, truth)[0])
    print("| tool | setting | seconds | times krylov | worst error |\n|---|---|---|---|---|")
    for tool, (setting, _, error) in chosen.items():
        seconds = f"{best[tool]:.2f} | {best[tool] / best['krylov']:.2f}" if tool in best else "- | -"
        print(f"| {tool} | {setting} | {seconds} | {error:.1e}{' (not reached)' * (error > GOAL)} |", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", choices=["lenet5", "resnet20"], default=["lenet5", "resnet20"])
    parser.add_argument("--images", nargs="+", type=int, default=[100, 20])
    parser.add_argument("--top", nargs="+", type=int, default=[20, 5])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--eigenthings", type=Path, help="where hessian-eigenthings is")
    options = parser.parse_args(arguments)
    if options.eigenthings:
        sys.path.append(str(options.eigenthings))
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    for name, count, top in zip(options.networks, options.images, options.top, strict=True):
        compare(name, count, top, options.rounds)


if __name__ == "__main__":
    main()
