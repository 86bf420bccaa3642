"""How often is an eigenvalue outside its error bar? Many spectra that are awkward for Lanczos, against dense algebra.

Matrices in float64 with chosen eigenvalues (multiple, in tight clusters, of both signs, of low rank, geometric, all
equal, all zero; 5 to 500 of them) in random frames, and the Hessians of small networks at their initial weights. Counts
how many runs converged, how many of those are wrong (an eigenvalue outside its bar, or a bar beyond the tolerance), and
how many of all runs have an eigenvalue outside its bar.

    python benchmarks/error_bars.py [--runs 1000] [--seed 1] [--tolerance 1e-3 1e-5]
"""

import argparse
import time
from collections import Counter
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from ramble.problems.network import NetworkProblem
from ramble.spectra.ends import lanczos_ends
from ramble.spectra.exact import hessian_of_network

Vector = np.ndarray
NETWORKS = 0.1  # share of the runs


def repeated(random: np.random.Generator, size: int) -> Vector:
    times = int(random.integers(2, 11))
    return np.repeat(random.standard_normal(max(1, size // times)), times)


def tight_clusters(random: np.random.Generator, size: int) -> Vector:
    times = int(random.integers(2, 8))
    centres = random.standard_normal((max(1, size // times), 1))
    width = 10.0 ** random.uniform(-8, -2)
    return (centres * (1 + width * random.standard_normal((len(centres), times)))).ravel()


def low_rank(random: np.random.Generator, size: int) -> Vector:
    values = np.zeros(size)
    rank = max(1, size // int(random.integers(2, 20)))
    values[:rank] = random.standard_normal(rank) * 10.0 ** random.uniform(-3, 3)
    return values


def both_signs(random: np.random.Generator, size: int) -> Vector:
    half = random.random(max(1, size // 2)) + 0.1
    apart = random.choice([0, 1e-6, 1e-3, 0.1])
    return np.concatenate([half, -half * (1 + apart * random.random(len(half)))])


def geometric(random: np.random.Generator, size: int) -> Vector:
    return np.geomspace(1, 10.0 ** -random.uniform(2, 14), size) * random.choice([1, -1], size, p=[0.8, 0.2])


def outliers(random: np.random.Generator, size: int) -> Vector:
    values = 0.1 * random.standard_normal(size)
    count = min(size, int(random.integers(1, 25)))
    values[:count] += random.uniform(0.5, 5, count)
    return values


def copies_at_the_edge(random: np.random.Generator, size: int) -> Vector:
    values = np.sort(random.uniform(0, 1, size))
    values[: size // 3] = values[-1] * (1 - 10.0 ** random.uniform(-4, -1))
    return values


def power_law(random: np.random.Generator, size: int) -> Vector:
    values = 1 / np.arange(1, size + 1) ** random.uniform(0.5, 2)
    values[random.integers(0, size, min(size, 6))] = values[min(size - 1, 5)]
    return values


def bulk_and_few(random: np.random.Generator, size: int) -> Vector:
    return np.concatenate([random.uniform(-1, 1, size), random.choice([1.01, 1.05, 1.2], 3)])


SPECTRA = {
    "repeated": repeated,
    "nine times each": lambda random, size: np.repeat(10 * random.random(max(1, size // 9)), 9),
    "tight clusters": tight_clusters,
    "low rank": low_rank,
    "both signs": both_signs,
    "geometric": geometric,
    "outliers": outliers,
    "all equal": lambda random, size: np.full(size, random.standard_normal()),
    "zero": lambda _, size: np.zeros(size),
    "copies at the edge": copies_at_the_edge,
    "power law": power_law,
    "bulk and few": bulk_and_few,
}


class SmallProblem(NetworkProblem):
    """A narrow network with tanh, on random inputs of a few classes."""

    def __init__(self, inputs: Tensor, labels: Tensor, hidden: int) -> None:
        self._hidden = hidden
        super().__init__({"train": (inputs, labels)})

    def build_network(self) -> nn.Module:
        return nn.Sequential(nn.Linear(6, self._hidden), nn.Tanh(), nn.Linear(self._hidden, 3))


def at_initial_weights(random: np.random.Generator) -> Tensor:
    """Return the Hessian of a small network: its output layer has nearly multiple eigenvalues, many others are zero."""
    generator = torch.Generator().manual_seed(int(random.integers(2**40)))
    samples = int(random.integers(6, 40))
    labels = torch.arange(samples) % 3
    problem = SmallProblem(torch.randn(samples, 6, generator=generator), labels, int(random.integers(3, 15)))
    return hessian_of_network(problem, problem.initial_weights(generator), "benchmark")


def with_eigenvalues(values: Vector, random: np.random.Generator) -> Tensor:
    generator = torch.Generator().manual_seed(int(random.integers(2**40)))
    shape = (len(values), len(values))
    frame, _ = torch.linalg.qr(torch.randn(shape, generator=generator, dtype=torch.float64))
    matrix = (frame * torch.as_tensor(values)) @ frame.T
    return (matrix + matrix.T) / 2


def matrices(random: np.random.Generator, count: int) -> Iterator[tuple[str, Tensor]]:
    for _ in range(count):
        if random.random() < NETWORKS:
            yield "network at initial weights", at_initial_weights(random)
            continue
        kind = str(random.choice(list(SPECTRA)))
        size = int(np.exp(random.uniform(np.log(5), np.log(500))))
        yield kind, with_eigenvalues(SPECTRA[kind](random, size), random)


def judged(matrix: Tensor, tolerance: float, random: np.random.Generator) -> Counter[str]:
    """Run Lanczos with settings drawn at random, and count what is wrong."""
    size = len(matrix)
    top = int(min(size, random.choice([1, 3, 10, 20])))
    bottom = int(min(size, random.choice([0, 1, 1, 3])))
    budget = int(max(top, bottom, random.choice([60, 150, 400])))
    generator = torch.Generator().manual_seed(int(random.integers(2**40)))
    start = torch.randn(size, generator=generator, dtype=torch.float64)
    found = lanczos_ends(lambda vector: matrix @ vector, start, top, bottom, tolerance, budget, generator)

    exact = torch.linalg.eigvalsh(matrix).numpy()
    largest = np.sort(exact[np.argsort(-np.abs(exact), kind="stable")[:top]])[::-1]
    misses = np.concatenate([np.abs(found.top - largest), np.abs(found.lowest - exact[:bottom])])
    bars = np.concatenate([found.top_errors, found.lowest_errors])
    allowed = max(tolerance * np.abs(largest).min(), 10.1 * found.rounding)
    outside = bool((misses > bars).any())
    wrong = found.converged and (outside or bool((misses > allowed * 1.001).any()))
    return Counter(
        runs=1, converged=int(found.converged), wrong=int(wrong), outside=int(outside), products=found.products
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000, help="at each tolerance")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tolerance", type=float, nargs="+", default=[1e-3, 1e-5])
    options = parser.parse_args()
    torch.set_num_threads(1)
    for tolerance in options.tolerance:
        began, total = time.perf_counter(), Counter[str]()
        random = np.random.default_rng([options.seed, round(-1000 * np.log10(tolerance))])
        for number, (kind, matrix) in enumerate(matrices(random, options.runs)):
            found = judged(matrix, tolerance, random)
            total += found
            if found["outside"] or found["wrong"]:
                print(f"run {number}, {kind}, {len(matrix)} eigenvalues: {dict(found)}", flush=True)
        print(
            f"tolerance {tolerance:g}: {total['runs']} runs, {total['converged']} converged, {total['wrong']} of them "
            f"wrong; {total['outside']} of all with an eigenvalue outside its bar; {total['products']} products, "
            f"{time.perf_counter() - began:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
