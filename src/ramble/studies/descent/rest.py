"""Does stochastic gradient descent stay where it is begun at a minimum?"""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ramble.problems.finite_sums import FiniteSum
from ramble.studies.descent.parameters import Study
from ramble.studies.descent.sums import Sums
from ramble.training.single_samples import draws, walk

ROWS = 50  # of a walk, evenly spread over the logarithm of the step
REGRESSION, NETWORK, LOGISTIC = "linear regression", "network", "logistic regression"


def measure_rest(sums: Sums, study: Study) -> pd.DataFrame:
    """Return rows at some steps of walks of constant step size, begun at a minimum and beside it.

    Columns: problem; targets (met: every sample's loss is least there; missed); largest_gradient, that of one sample
    at the minimum; rate; start (at, beside); walk; step; distance from the minimum, relative to its norm; gap, the loss
    above the minimum's. In a network it is also 0 elsewhere: equal functions have many weights.
    """
    tables = []
    for problem, noisy, objective, minimum in _minima(sums):
        rows = _walks(sums, study, objective, minimum, f"{problem} {noisy}")
        tables.append(rows.assign(problem=problem, targets="missed" if noisy else "met"))
    whole = pd.concat(tables, ignore_index=True)
    return whole[["problem", "targets", *whole.columns.drop(["problem", "targets"])]]


def _minima(sums: Sums) -> list[tuple[str, bool, FiniteSum, Tensor]]:
    """Return problems with and without noise, and a minimum (P,) of each."""
    found: list[tuple[str, bool, FiniteSum, Tensor]] = []
    for noisy in (False, True):
        for name, (objective, teacher) in (
            (REGRESSION, sums.least_squares(noisy=noisy)),
            (NETWORK, sums.network_on_targets(noisy=noisy)),
        ):
            # without noise the teacher is a minimum to the last bit
            found.append((name, noisy, objective, objective.minimum(teacher) if noisy else teacher))
    logistic = sums.logistic()
    return [*found, (LOGISTIC, True, logistic, logistic.minimum(torch.zeros(logistic.size)))]


def _walks(sums: Sums, study: Study, objective: FiniteSum, minimum: Tensor, name: str) -> pd.DataFrame:
    settings, stream = study.rest, sums.stream("rest", name)
    rate = settings.rate / _largest_of_one_sample(objective, minimum)
    directions = torch.randn(study.walks, objective.size, generator=stream, dtype=torch.float64)
    aside = settings.aside * minimum.norm() * directions / directions.norm(dim=1, keepdim=True)
    starts = torch.cat([minimum.expand(study.walks, -1), minimum + aside])
    rates = torch.full((settings.steps, len(starts)), rate, dtype=torch.float64)
    looks = np.unique(np.concatenate([[0], np.geomspace(1, settings.steps, ROWS)]).astype(int))
    drawn = draws(objective, settings.steps, len(starts), stream)
    found = walk(objective, starts, rates, drawn, kept=looks[:-1].tolist())
    rows = []
    for row in range(len(starts)):
        points = found.points[:, row]
        rows.append(
            pd.DataFrame(
                {
                    "largest_gradient": float(objective.gradients(minimum).norm(dim=1).max()),
                    "rate": rate,
                    "start": "at" if row < study.walks else "beside",
                    "walk": row % study.walks,
                    "step": found.steps,
                    "distance": (points - minimum).norm(dim=1) / minimum.norm(),
                    "gap": objective.value(points) - objective.value(minimum),
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def _largest_of_one_sample(objective: FiniteSum, weights: Tensor) -> float:
    """Return the largest curvature (eigenvalue) of one sample's loss at weights (P,)."""
    each = torch.stack([objective.alone(sample).hessian(weights) for sample in range(objective.samples)])
    return float(torch.linalg.eigvalsh(each)[:, -1].max())
