"""Solutions: results/<study>/solutions/<dataset>-<seed>.safetensors, and the table of their pairs."""

from collections.abc import Sequence
from itertools import combinations

import pandas as pd
import torch

from ramble.problems.problem import Problem
from ramble.store.artifacts import write_table
from ramble.store.tensors import write_tensors
from ramble.training.descent import Solution, cosine, errors_on_lines

LINE_POINTS = 5  # of each straight line, the ends among them: few, for on all of MNIST a look takes about 2 s


def write_solutions(
    problem: Problem, name: str, solutions: Sequence[Solution], count: int, outputs: Sequence[str], pairs: str
) -> None:
    """Write each solution as a state_dict with the header that the contract asks for, and a table of the pairs."""
    for number, (solution, output) in enumerate(zip(solutions, outputs, strict=True)):
        metadata = {
            "study": name,
            "dataset": solution.dataset,
            "seed": number % count,
            "restart": solution.restart,
            "attempts": solution.attempts,
            "steps": solution.steps,
            "settled": solution.settled,
            "train_loss": float(solution.train.losses),
            "train_errors": int(solution.train.errors),
            "min_margin": float(solution.train.min_margins),
            "test_errors": int(solution.test.errors) if solution.test else "none",
            "test_loss": float(solution.test.losses) if solution.test else "none",
            **problem.metadata,
        }
        write_tensors(output, problem.state_dict(solution.weights), metadata)
    write_table(pairs, pair_table(problem, solutions))


def pair_table(problem: Problem, solutions: Sequence[Solution]) -> pd.DataFrame:
    """Return cosine, distance and most errors on the straight line of every pair of solutions of one data set."""
    rows = []
    by_dataset: dict[int, list[Solution]] = {}
    for solution in solutions:
        by_dataset.setdefault(solution.dataset, []).append(solution)
    for dataset, several in by_dataset.items():
        pairs = list(combinations(range(len(several)), 2))
        starts, ends = (torch.stack([several[pair[side]].weights for pair in pairs]) for side in (0, 1))
        lines = errors_on_lines(problem, starts, ends, dataset, LINE_POINTS)
        for (a, b), line_errors in zip(pairs, lines, strict=True):
            first, second = several[a], several[b]
            rows.append(
                {
                    "dataset": dataset,
                    "a": a,
                    "b": b,
                    "attempts_a": first.attempts,
                    "attempts_b": second.attempts,
                    "cosine": cosine(first.weights, second.weights),
                    "distance": float((first.weights.double() - second.weights.double()).norm()),
                    "line_errors": line_errors,
                }
            )
    return pd.DataFrame(rows)
