"""Hessian spectra of LeNet5 on more and more images: time, memory, and what a random subset gets wrong.

A network is trained for a few epochs on all images. Then, each size in a process of its own: the seconds of one product
and the peak memory above that of the loaded data; and the top 20 eigenvalues at one point, on all images and on random
subsets of them.

    RAMBLE_DATA_ROOT=... python benchmarks/spectra_of_many_images.py [--images 60000] [--threads 4]
"""

import argparse
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
import yaml
from torch import Tensor, nn

from ramble.parameters.document import validate
from ramble.parameters.paths import PathStudy
from ramble.parameters.spectra import KrylovSpectra
from ramble.problems.lenet import LeNet5Problem
from ramble.problems.mnist import mnist_images
from ramble.spectra.krylov import lanczos_ends
from ramble.spectra.products import Curvature

PARAMETERS = Path(__file__).parent.parent / "params.yaml"
SIZES = (100, 1_000, 10_000, 60_000)
EPOCHS, POINTS, PRODUCTS = 3, 11, 3


def study() -> tuple[PathStudy, KrylovSpectra]:
    found = validate(yaml.safe_load(PARAMETERS.read_text())).studies["mnist100"]
    assert isinstance(found, PathStudy)
    assert isinstance(found.spectra, KrylovSpectra)
    return found, found.spectra


def problem_on(images: int, every: torch.Tensor | None = None) -> LeNet5Problem:
    """Return LeNet5 on the first images of MNIST, or on chosen ones of them."""
    paths, _ = study()
    data = mnist_images(0, "benchmark", 0, **paths.data.arguments | {"train": images, "test": 1})
    if every is not None:
        data |= {name: data[name][every] for name in ("train_images", "train_labels")}
    return LeNet5Problem([data], **paths.problem.arguments)


def trained(problem: LeNet5Problem) -> Tensor:
    """Return the weights (P,) after some epochs of plain SGD."""
    network = problem.network(problem.initial_weights(torch.Generator().manual_seed(0)))
    inputs, labels = problem.data("train")
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    for epoch in range(EPOCHS):
        order = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(epoch))
        for chosen in order.split(128):
            optimiser.zero_grad()
            nn.functional.cross_entropy(network(inputs[chosen]), labels[chosen]).backward()
            optimiser.step()
    return problem.flatten(network.state_dict()).detach()


def peak() -> float:
    """Return the largest memory so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def product_cost(images: int, weights: Tensor, threads: int) -> tuple[float, float]:
    """Return the seconds of one product, and the memory it took beyond the data and one evaluation, in MiB."""
    torch.set_num_threads(threads)
    _, spectra = study()
    problem = problem_on(images)
    vector = torch.randn(len(weights), generator=torch.Generator().manual_seed(1))
    before = peak()
    product = Curvature(problem, weights, "benchmark", spectra.batch).hessian()
    product(vector)
    began = time.perf_counter()
    for _ in range(PRODUCTS):
        product(vector)
    return (time.perf_counter() - began) / PRODUCTS, peak() - before


def top(problem: LeNet5Problem, weights: Tensor) -> tuple[np.ndarray, int, float]:
    """Return the top eigenvalues, the products they took and the seconds."""
    _, spectra = study()
    random = torch.Generator().manual_seed(1)
    start = torch.randn(len(weights), generator=random)
    began = time.perf_counter()
    product = Curvature(problem, weights, "benchmark", spectra.batch).hessian()
    ends = lanczos_ends(product, start, spectra.top, 1, spectra.tolerance, spectra.budget, random)
    return ends.top, ends.products, time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--threads", type=int, default=4)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    problem = problem_on(options.images)
    weights = trained(problem)
    sizes = [size for size in SIZES if size <= options.images]

    for size in sizes:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            seconds, memory = pool.submit(product_cost, size, weights, options.threads).result()
        print(f"{size:6d} images: {seconds:.3f} s a product, {1e6 * seconds / size:.0f} us an image, {memory:.0f} MiB")

    truth, products, seconds = top(problem, weights)
    print(
        f"all {options.images} images: top {len(truth)} in {seconds:.0f} s ({products} products); "
        f"{POINTS} points take {POINTS * seconds / 60:.1f} min"
    )
    for size in sizes[:-1]:
        errors, costs = [], []
        for seed in range(3):
            every = torch.randperm(options.images, generator=torch.Generator().manual_seed(seed))[:size]
            found, _, cost = top(problem_on(options.images, every), weights)
            errors.append(np.abs(found / truth - 1))
            costs.append(cost)
        worst, middle = np.max(errors), np.median(errors)
        print(
            f"a random {size:6d} of them: {np.median(costs):.1f} s, {seconds / np.median(costs):.0f} times less; "
            f"eigenvalues off by {100 * middle:.0f} % (median), {100 * worst:.0f} % (worst), 3 subsets"
        )


if __name__ == "__main__":
    main()
