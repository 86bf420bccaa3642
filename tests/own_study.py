"""A study of a user's own package in a copy of the project: the smallest that runs, one job for its data."""

from checkouts import Checkout

DATA = "results/own/data/0.safetensors"
SOLUTIONS = "results/own/pairs.csv"

HELPER = "SIGN = 1\n"
MAKER = """
import torch
from mypkg.helper import SIGN


def make(seed, name, dataset):
    return {"patterns": SIGN * torch.ones(4, 6, dtype=torch.int8), "labels": torch.ones(4, dtype=torch.int8)}
"""
PROBLEM = """
from ramble.problems.tree_committee import TreeCommittee


class Committee(TreeCommittee):
    pass
"""
OVERLAY = """
paper: [own]
studies:
  own:
    kind: paths
    threads: 1
    paths_per_job: 1
    data: {path: mypkg.maker.make}
    problem: {path: mypkg.problem.Committee, arguments: {hidden: 3, input_scale: 1.0, initial_sigma: 0.06}}
    solutions:
      {count: 2, rate: 0.2, max_steps: 300, batch: 4, rounds: 20, max_cosine: 0.99,
       settling: {window: 10, tolerance: 0.1, max_steps: 100}}
    trackers: {line: {points: 3, resolution: 0.5}}
    spectra: {engine: exact, trackers: [], points: 2}
"""


def with_own_study(checkout: Checkout) -> Checkout:
    """Add the package and name its study in the overlay that the copy is run with."""
    package = checkout.root / "mypkg"
    package.mkdir()
    for name, text in (("__init__", ""), ("helper", HELPER), ("maker", MAKER), ("problem", PROBLEM)):
        (package / f"{name}.py").write_text(text)
    (checkout.root / "tests/small.yaml").write_text(OVERLAY)
    return checkout
