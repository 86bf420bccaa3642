"""Hessian spectra of LeNet5 on more and more images: time, memory, and what a random subset gets wrong.

At the middle of a path of study mnist, each size in a process of its own: the seconds of one product and the peak
memory above that of the loaded data (on Linux). Then, one point a process and several processes side by side: the top
20 eigenvalues on all images at points spread along the path, and at its middle on random subsets.

    RAMBLE_DATA_ROOT=... python benchmarks/spectra_of_many_images.py [--path FILE] [--points 11] [--processes 4]
"""

import argparse
import ctypes
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
import yaml
from torch import Tensor

from ramble.parameters.document import validate
from ramble.parameters.spectra import KrylovSpectra
from ramble.problems.lenet import LeNet5Problem
from ramble.problems.mnist import mnist_images
from ramble.spectra.ends import lanczos_ends
from ramble.spectra.products import Curvature
from ramble.store.points import read_points, spread_points
from ramble.studies.paths.study import PathStudy

PROJECT = Path(__file__).parent.parent
PATH = PROJECT / "results/mnist/paths/guarded/0-0-1.safetensors"
SIZES = (100, 1_000, 10_000, 60_000)
PRODUCTS, SUBSETS = 3, 3


def study() -> tuple[PathStudy, KrylovSpectra]:
    found = validate(yaml.safe_load((PROJECT / "params.yaml").read_text())).studies["mnist"]
    assert isinstance(found, PathStudy)
    assert isinstance(found.spectra, KrylovSpectra)
    return found, found.spectra


def problem_on(images: int, every: Tensor | None = None) -> LeNet5Problem:
    """Return LeNet5 on the first images of MNIST, or on chosen ones of all."""
    paths, _ = study()
    data = mnist_images(0, "benchmark", 0, **paths.data.arguments | {"train": images, "test": 1})
    if every is not None:
        data |= {name: data[name][every] for name in ("train_images", "train_labels")}
    return LeNet5Problem([data], **paths.problem.arguments)


def resident(kind: str) -> float:
    """Return the memory of this process in MiB: "VmRSS" now, "VmHWM" its peak since `forget_peak`."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{kind}:")) / 1024  # KiB


def forget_peak() -> None:
    """Hand back what was freed, and let the peak begin at what is held now: loading would hide what comes after it."""
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")


def product_cost(images: int, weights: Tensor) -> tuple[float, float]:
    """Return the seconds of one product, and the most memory that it held beyond the loaded data, in MiB."""
    torch.set_num_threads(1)
    _, spectra = study()
    problem = problem_on(images)
    vector = torch.randn(len(weights), generator=torch.Generator().manual_seed(1))
    forget_peak()
    before = resident("VmRSS")
    product = Curvature(problem, weights, "benchmark", spectra.batch).hessian()
    product(vector)
    began = time.perf_counter()
    for _ in range(PRODUCTS):
        product(vector)
    return (time.perf_counter() - began) / PRODUCTS, resident("VmHWM") - before


def top(weights: Tensor, size: int, seed: int | None) -> tuple[np.ndarray, bool, int, float, float]:
    """Return the top eigenvalues, whether they converged, the products they took, the seconds and the peak in MiB."""
    torch.set_num_threads(1)
    paths, spectra = study()
    every = None
    if seed is not None:
        images = int(paths.data.arguments["train"])
        every = torch.randperm(images, generator=torch.Generator().manual_seed(seed))[:size]
    problem = problem_on(SIZES[-1], every)
    random = torch.Generator().manual_seed(1)
    start = torch.randn(len(weights), generator=random)
    began = time.perf_counter()
    product = Curvature(problem, weights, "benchmark", spectra.batch).hessian()
    ends = lanczos_ends(product, start, spectra.top, 1, spectra.tolerance, spectra.budget, random)
    return ends.top, ends.converged, ends.products, time.perf_counter() - began, resident("VmHWM")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--path", type=Path, default=PATH, help="a stored path of study mnist")
    parser.add_argument("--points", type=int, default=11)
    parser.add_argument("--processes", type=int, default=4, help="of one thread each")
    options = parser.parse_args()
    path = read_points(str(options.path))
    points, weights = spread_points(path.position, options.points), torch.from_numpy(path.points)
    middle = points[len(points) // 2]
    context = get_context("spawn")

    for size in SIZES:
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            seconds, memory = pool.submit(product_cost, size, weights[middle]).result()
        cost = f"{seconds:.3f} s a product, {1e6 * seconds / size:.0f} us an image, {memory:.0f} MiB"
        print(f"{size:6d} images: {cost}", flush=True)

    began = time.perf_counter()
    with ProcessPoolExecutor(options.processes, mp_context=context) as pool:
        jobs = {pool.submit(top, weights[point], SIZES[-1], None): point for point in points}
        for job in as_completed(jobs):
            found, converged, products, seconds, memory = job.result()
            print(
                f"t = {path.t[jobs[job]]:.2f}: {len(found)} eigenvalues, {found[0]:.3g} to {found[-1]:.3g}, "
                f"{'' if converged else 'NOT '}converged, {products} products, {seconds:.0f} s, peak {memory:.0f} MiB",
                flush=True,
            )
        whole = (time.perf_counter() - began) / 60
        print(f"{len(points)} points, {options.processes} side by side: {whole:.1f} min", flush=True)

        truth, _, _, seconds, _ = next(job.result() for job, point in jobs.items() if point == middle)
        for size in SIZES[:-1]:
            subsets = [pool.submit(top, weights[middle], size, seed) for seed in range(SUBSETS)]
            errors = np.abs(np.array([subset.result()[0] for subset in subsets]) / truth - 1)
            costs = float(np.median([subset.result()[3] for subset in subsets]))
            print(
                f"a random {size:6d} of them: {costs:.1f} s, {seconds / costs:.0f} times less; eigenvalues off by "
                f"{100 * np.median(errors):.0f} % (median), {100 * errors.max():.0f} % (worst), {SUBSETS} subsets",
                flush=True,
            )


if __name__ == "__main__":
    main()
