"""The readings of the published training recipe, against NumPy and by their counts."""

import numpy as np
import pandas as pd
import pytest
import torch
from small_problems import committee_on, pattern_sets, silent

from ramble.papers.ramble.claims.recipe import judge_recipe, recipe_rows
from ramble.papers.ramble.thresholds import Thresholds
from ramble.problems.minibatches import epoch
from ramble.studies.recipe.parameters import Study as RecipeStudy
from ramble.studies.recipe.readings import Reading, readings, train, try_recipe

LIMITS = Thresholds.model_validate({})
SETS = pattern_sets(5, 2, 21, 30)
STUDY = RecipeStudy(
    kind="recipe", threads=1, of="tcm", rate=0.1, initial_sigma=0.1, input_scales=[1.0, 0.3],
    reductions=["mean", "sum"], restarts=2, max_steps=60,
    minibatches=[{"batch": 1, "epochs": 2}, {"batch": 4, "epochs": 5}, {"batch": 21, "epochs": 9}],
)  # fmt: skip


def numpy_descent(weights, patterns, labels, rate, batches, *, sums: bool, scale: float) -> list[int]:
    """Stochastic gradient descent of one committee by the chain rule, written out pattern by pattern.

    Returns the number of errors before the first batch and after every batch.
    """
    weights = weights.reshape(3, -1).copy()
    inputs = scale * patterns.reshape(len(patterns), 3, -1)

    def count() -> int:
        return int((labels * np.clip((inputs * weights).sum(2), -1, 1).sum(1) <= 0).sum())

    errors = [count()]
    for batch in batches:
        gradient = np.zeros_like(weights)
        for x, label in zip(inputs[batch], labels[batch], strict=True):
            fields = (weights * x).sum(1)
            z = np.clip(fields, -1, 1).sum()
            slope = -2 * label / (1 + np.exp(2 * label * z))  # of -log((1 + tanh(label z)) / 2)
            gradient += slope * (np.abs(fields) < 1)[:, None] * x
        weights -= rate * gradient / (1 if sums else len(batch))
        errors.append(count())
    return errors


@pytest.mark.parametrize("sums", [False, True])
@pytest.mark.parametrize("batch", [1, 4, 21])
def test_a_reading_is_the_gradient_descent_that_numpy_does(batch, sums):
    problem, scale, epochs = committee_on(SETS, input_scale=0.3), 0.3, 6
    per_epoch = -(-21 // batch)
    reading = Reading(scale, "sum" if sums else "mean", batch, epochs * per_epoch, per_epoch)
    weights = 0.3 * torch.randn(3, 30, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    datasets = torch.tensor([1, 0, 1])
    fewest, steps = train(problem, weights, datasets, 0.1, reading, torch.Generator().manual_seed(3), silent())
    order = torch.Generator().manual_seed(3)
    batches = [samples.numpy() for _ in range(epochs) for samples in epoch(21, batch, order)]
    for row, dataset in enumerate(datasets.tolist()):
        tensors = {name: tensor.numpy().astype(float) for name, tensor in SETS[dataset].items()}
        patterns, labels = tensors["patterns"], tensors["labels"]
        looks = numpy_descent(weights[row].numpy(), patterns, labels, 0.1, batches, sums=sums, scale=scale)[::per_epoch]
        assert int(fewest[row]) == min(looks)
        solved = [per_epoch * number for number, errors in enumerate(looks) if errors == 0]
        assert int(steps[row]) == (solved[0] if solved else -1)


def test_minibatch_gradients_are_those_of_a_committee_that_knows_no_other_patterns():
    problem, samples = committee_on(SETS), torch.tensor([4, 0, 17, 9, 20])
    weights = 0.2 * torch.randn(3, 30, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    datasets = torch.tensor([0, 1, 0])
    fewer = committee_on([{name: tensor[samples] for name, tensor in each.items()} for each in SETS])
    for found, expected in zip(
        problem.batch_gradients(weights, datasets, samples), fewer.gradients(weights, datasets), strict=True
    ):
        assert torch.allclose(found, expected, rtol=1e-12, atol=1e-15)


def test_every_reading_is_tried_once():
    found = [(each.input_scale, each.reduction, each.batch, each.steps) for each in readings(STUDY, 21)]
    assert found == [
        (1.0, "mean", 21, 60), (1.0, "mean", 1, 42), (1.0, "mean", 4, 30),
        (1.0, "sum", 21, 60), (1.0, "sum", 4, 30),
        (0.3, "mean", 21, 60), (0.3, "mean", 1, 42), (0.3, "mean", 4, 30),
        (0.3, "sum", 21, 60), (0.3, "sum", 4, 30),
    ]  # fmt: skip


def test_the_table_counts_the_restarts_of_every_reading_and_data_set():
    problems = {scale: committee_on(SETS, input_scale=scale) for scale in STUDY.input_scales}
    table = try_recipe(problems, 7, "recipe", STUDY)
    assert len(table) == 10 * 2
    assert (table.restarts == 2).all()
    assert (table.solved <= 2).all()
    assert ((table.solved > 0) == (table.fewest_errors == 0)).all()
    assert (table.median_steps.notna() == (table.solved > 0)).all()
    assert table.equals(try_recipe(problems, 7, "recipe", STUDY))


def counted(solved: list[int], fewest: list[int], batch: int = 20) -> pd.DataFrame:
    """Two readings of two data sets, of all patterns and of minibatches of 5."""
    return pd.DataFrame(
        {
            "input_scale": 1.0, "reduction": "mean", "batch": [20, 20, 5, 5], "gradients": 40, "dataset": [0, 1, 0, 1],
            "restarts": 3, "solved": solved, "median_steps": 9.0, "median_errors": 2.0, "fewest_errors": fewest,
        }
    )  # fmt: skip


def test_the_recipe_works_where_one_reading_solves_every_data_set():
    claim = judge_recipe("recipe", counted([0, 1, 0, 0], [2, 0, 4, 6]), LIMITS)
    assert (claim.measured, claim.verdict) == (0.5, "not reproduced")
    assert claim.spread.startswith("1 of 12 restarts in 2 readings; by minibatches 0 of 6, fewest errors 4")
    # two readings that solve one data set each are no reading that solves both
    assert judge_recipe("recipe", counted([0, 1, 1, 0], [2, 0, 0, 6]), LIMITS).measured == 0.5
    assert judge_recipe("recipe", counted([0, 0, 1, 3], [2, 1, 0, 0]), LIMITS).verdict == "reproduced"


def test_a_row_of_the_table_says_what_a_reading_solved():
    header, whole, small = recipe_rows(counted([0, 1, 0, 0], [2, 0, 4, 6]))
    assert len(header) == len(whole) == len(small)
    assert whole[2:6] == ("all", "40", "1 of 6", "0")
    assert small[2:6] == ("5", "40", "0 of 6", "4")


def readings_of(*rows: tuple[int, int, int, int]) -> pd.DataFrame:
    """A table of batch, gradients, data set, and how many of one restart are solved."""
    table = pd.DataFrame(rows, columns=["batch", "gradients", "dataset", "solved"])
    return table.assign(input_scale=1.0, reduction="mean", restarts=1, median_errors=0.0, fewest_errors=0)


def test_two_readings_that_differ_in_their_gradients_are_two():
    found = readings_of(
        *[(10, gradients, dataset, int(dataset < 5)) for gradients in (100, 900) for dataset in range(10)]
    )
    claim = judge_recipe("recipe", found, LIMITS)
    assert (claim.measured, claim.verdict) == (0.5, "not reproduced")
    assert "in 2 readings" in claim.spread
    assert [row[3] for row in recipe_rows(found)[1:]] == ["100", "900"]


def test_a_reading_that_is_asked_for_twice_is_tried_once():
    twice = STUDY.model_copy(update={"minibatches": [*STUDY.minibatches, *STUDY.minibatches]})
    assert readings(twice, 21) == readings(STUDY, 21)
