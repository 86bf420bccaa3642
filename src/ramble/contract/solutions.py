"""Solutions: results/<study>/solutions/<dataset>-<seed>.safetensors, and the table of their pairs."""

from collections.abc import Sequence

import pandas as pd

from ramble.artifacts import write_table, write_tensors
from ramble.problems.problem import Problem
from ramble.training import Solution, cosine


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
        write_tensors(output, problem.unflatten(solution.weights), metadata)
    write_table(pairs, pair_table(solutions))


def pair_table(solutions: Sequence[Solution]) -> pd.DataFrame:
    """Return cosine and distance of every pair of solutions of one data set."""
    rows = []
    by_dataset: dict[int, list[Solution]] = {}
    for solution in solutions:
        by_dataset.setdefault(solution.dataset, []).append(solution)
    for dataset, several in by_dataset.items():
        for a, first in enumerate(several):
            for b, second in enumerate(several[a + 1 :], start=a + 1):
                rows.append(
                    {
                        "dataset": dataset,
                        "a": a,
                        "b": b,
                        "attempts_a": first.attempts,
                        "attempts_b": second.attempts,
                        "cosine": cosine(first.weights, second.weights),
                        "distance": float((first.weights.double() - second.weights.double()).norm()),
                    }
                )
    return pd.DataFrame(rows)
