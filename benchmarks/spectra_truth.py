"""Does every eigenvalue of stored spectra lie within its error bar? A check in float64 that shares no code with it.

At points spread over the stored spectra of a study, the same eigenvalues are computed by ARPACK (SciPy's eigsh, to
1e-8 and the lowest to 1e-6, from a random start of its own) on float64 products that autograd makes of the
cross-entropy, written here from logit differences. What lies outside its error bar is counted, and how much of its bar
the worst one takes. With `--losses` nothing stored is looked at: a network is trained until its loss is so small, and
its spectrum is taken there with the settings of the study.

    RAMBLE_DATA_ROOT=... python benchmarks/spectra_truth.py [--study mnist100] [--points 20] [--results results]
    RAMBLE_DATA_ROOT=... python benchmarks/spectra_truth.py --losses 7.5e-5 1e-6
"""

import argparse
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import yaml
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import Tensor
from torch.func import functional_call

from ramble.parameters.document import validate
from ramble.problems.lenet import LeNet5Problem
from ramble.problems.mnist import mnist_images
from ramble.spectra.engine import Engine, engine_of
from ramble.store.artifacts import read_table
from ramble.store.points import read_path
from ramble.studies.paths.study import PathStudy

PARAMETERS = Path(__file__).parent.parent / "params.yaml"


def hessian(problem: LeNet5Problem, weights: Tensor) -> LinearOperator:
    """Return the Hessian of the mean cross-entropy by double backward in float64."""
    inputs, labels = problem.data("train")
    network = problem.build_network().double()
    leaf = weights.double().requires_grad_()
    logits = functional_call(network, problem.unflatten(leaf), (inputs.double(),))
    below = logits - logits.gather(1, labels.unsqueeze(1))
    others = below.scatter(1, labels.unsqueeze(1), -torch.inf)
    (gradient,) = torch.autograd.grad(others.exp().sum(1).log1p().mean(), leaf, create_graph=True)

    def product(vector: np.ndarray) -> np.ndarray:
        (found,) = torch.autograd.grad(gradient, leaf, torch.as_tensor(vector.ravel()), retain_graph=True)
        return found.numpy()

    return LinearOperator((len(weights), len(weights)), matvec=product, dtype=np.float64)


def outside(row: pd.Series, operator: LinearOperator, seed: int) -> tuple[int, float]:
    """Return how many of a row's eigenvalues lie outside their bars, and the largest share of a bar that one takes."""
    top = sum(name.startswith("eig_") for name in row.index)
    start = np.random.default_rng(seed).standard_normal(operator.shape[0])
    exact = np.sort(eigsh(operator, k=top, which="LM", ncv=80, tol=1e-8, v0=start, return_eigenvectors=False))[::-1]
    (lowest,) = eigsh(operator, k=1, which="SA", ncv=80, tol=1e-6, v0=start, return_eigenvectors=False)
    names = [*(f"eig_{number}" for number in range(1, top + 1)), "most_negative"]
    bars = [*(f"error_{number}" for number in range(1, top + 1)), "most_negative_error"]
    shares = np.abs(row[names].to_numpy(float) - np.append(exact, lowest)) / row[bars].to_numpy(float)
    return int((shares > 1).sum()), float(shares.max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", default="mnist100")
    parser.add_argument("--points", type=int, default=20)
    parser.add_argument("--losses", type=float, nargs="+", default=[])
    parser.add_argument("--results", type=Path, default=Path("results"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    parameters = validate(yaml.safe_load(PARAMETERS.read_text()))
    study = parameters.studies[options.study]
    assert isinstance(study, PathStudy)
    data = mnist_images(parameters.seed, options.study, 0, **study.data.arguments)
    problem = LeNet5Problem([data], **study.problem.arguments)
    if options.losses:
        points = trained(problem, sorted(options.losses, reverse=True), engine_of(study.spectra, parameters.seed))
    else:
        points = stored(options.results / options.study, options.points)
    total, worst, looked = 0, 0.0, 0
    for looked, (name, row, weights) in enumerate(points, start=1):
        count, share = outside(row, hessian(problem, weights), looked)
        total, worst = total + count, max(worst, share)
        print(f"{name}: {count} outside, worst {share:.2g}", flush=True)
    print(f"{looked} points: {total} eigenvalues outside their error bars; the worst takes {worst:.2g} of its bar")


def stored(folder: Path, count: int) -> Iterator[tuple[str, pd.Series, Tensor]]:
    """Yield points spread over the stored spectra of a study."""
    tables = sorted((folder / "spectra").glob("*/*.csv"))
    places = [(file, number) for file in tables for number in range(len(read_table(file)))]
    if not places:
        raise SystemExit(f"{folder / 'spectra'}: no spectra are stored there; make them first")
    chosen = [places[number] for number in np.linspace(0, len(places) - 1, count).astype(int)]
    for file, place in chosen:
        row = read_table(file).iloc[place]
        path = read_path(str(folder / "paths" / file.parent.name / f"{file.stem}.safetensors"))
        yield f"{file.parent.name}/{file.stem} point {row.point:g}", row, torch.from_numpy(path.points[int(row.point)])


def trained(problem: LeNet5Problem, losses: list[float], engine: Engine) -> Iterator[tuple[str, pd.Series, Tensor]]:
    """Yield one network as gradient descent brings its loss down."""
    weights = problem.initial_weights(torch.Generator().manual_seed(0)).unsqueeze(0)
    for wanted in losses:
        loss, rate = math.inf, 0.1
        while loss > wanted:
            found, gradient = problem.gradients(weights, torch.tensor([0]))
            # the steps grow as the gradient falls: by itself it would take a million of them
            step = rate if found > rate else rate * (rate / float(found)) ** 0.5
            weights = weights - step * gradient
            loss = float(found)
        row = engine.rows(problem, weights[0], 0, f"loss {wanted:g}").iloc[0]
        yield f"loss {loss:.3g}", row, weights[0]


if __name__ == "__main__":
    main()
