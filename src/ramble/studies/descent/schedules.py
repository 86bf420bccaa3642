"""Stochastic gradient descent on a logistic regression under several step sizes."""

import numpy as np
import pandas as pd
import torch

from ramble.measure.descent_bounds import weighted_means
from ramble.studies.descent.parameters import Study
from ramble.studies.descent.sums import Sums
from ramble.training.single_samples import draws, faded, walk

ROWS = 60  # of a walk, evenly spread over the logarithm of the step


def measure_schedules(sums: Sums, study: Study) -> pd.DataFrame:
    """Return rows at some steps of every walk of every schedule.

    Columns: schedule, kind (constant, suitable, fleeting, other); walk; step k (the number of steps taken); rate
    a_k; sum_rates; square (|grad F|^2 before step k); recent, the mean of |grad F|^2 over the second half of the
    steps so far; weighted_mean, sum a_j |grad F_j|^2 / sum a_j; bound on its expectation, (2 (F_1 - F*) + L M sum
    a_j^2) / sum a_j, with M computed and M_G = 1; plateau, a L M of constant steps, else NaN.
    """
    objective = sums.logistic()
    assert objective.smoothness is not None
    assert objective.variance_bound is not None
    names, steps = list(study.schedules), study.schedule_steps
    columns = [
        faded(one.rate / objective.smoothness, one.power, one.delay, steps)
        for one in study.schedules.values()
        for _ in range(study.walks)
    ]
    rates = torch.stack(columns, 1)
    starts = torch.zeros(rates.shape[1], objective.size, dtype=torch.float64)
    # the same samples under every schedule: what differs is due to the step sizes
    drawn = draws(objective, steps, study.walks, sums.stream("schedules")).repeat(1, len(names))
    squares = walk(objective, starts, rates, drawn, kept=[]).squares
    gap = float(objective.value(starts[0]) - objective.value(objective.minimum(starts[0])))
    sums_of_rates, noise = rates.cumsum(0), objective.smoothness * objective.variance_bound
    bounds = (2 * gap + noise * rates.square().cumsum(0)) / sums_of_rates
    means, totals = weighted_means(squares, rates), torch.cat([torch.zeros(1, rates.shape[1]), squares.cumsum(0)])
    looks = np.unique(np.geomspace(1, steps, ROWS).astype(int))
    rows = []
    for column in range(rates.shape[1]):
        schedule = names[column // study.walks]
        kind = study.schedules[schedule]
        for taken in looks.tolist():
            last, half = taken - 1, taken // 2
            rows.append(
                {
                    "schedule": schedule,
                    "kind": _kind(kind.constant, kind.suitable, kind.fleeting),
                    "walk": column % study.walks,
                    "step": taken,
                    "rate": float(rates[last, column]),
                    "sum_rates": float(sums_of_rates[last, column]),
                    "square": float(squares[last, column]),
                    "recent": float((totals[taken, column] - totals[half, column]) / (taken - half)),
                    "weighted_mean": float(means[last, column]),
                    "bound": float(bounds[last, column]),
                    "plateau": float(rates[last, column]) * noise if kind.constant else float("nan"),
                }
            )
    return pd.DataFrame(rows)


def _kind(constant: bool, suitable: bool, fleeting: bool) -> str:
    told = {"constant": constant, "suitable": suitable, "fleeting": fleeting}
    return next((name for name, is_so in told.items() if is_so), "other")
