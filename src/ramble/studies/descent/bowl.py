"""Three walks on the loss of two weights, and the loss around them."""

import pandas as pd
import torch
from torch import Tensor

from ramble.problems.finite_sums import LogisticRegression
from ramble.studies.descent.parameters import Study
from ramble.studies.descent.sums import Sums
from ramble.training.single_samples import draws, walk

MARGIN = 0.15  # of the extent of all walks, shown around them


def measure_bowl(sums: Sums, study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the walks and the loss on a grid.

    The walks have a row a step: run (descent, overshooting, stochastic, minimum), rate, share (rate times L), step,
    u, v (the weights) and loss; the minimum is a run of one point. The grid has the columns u, v, loss.
    """
    bowl, settings = sums.bowl(), study.bowl
    assert bowl.smoothness is not None
    runs = {
        "descent": (settings.rate, settings.steps, False),
        "overshooting": (settings.large_rate, settings.large_steps, False),
        "stochastic": (settings.stochastic_rate, settings.stochastic_steps, True),
    }
    start, rows = torch.tensor([settings.start], dtype=torch.float64), []
    for run, (share, steps, by_chance) in runs.items():
        rate = share / bowl.smoothness
        rates = torch.full((steps, 1), rate, dtype=torch.float64)
        drawn = draws(bowl, steps, 1, sums.stream("bowl", run)) if by_chance else None
        points = walk(bowl, start, rates, drawn).points[:, 0]
        rows.append(_rows(bowl, points, run, rate, share))
    rows.append(_rows(bowl, bowl.minimum(torch.zeros(2)).unsqueeze(0), "minimum", 0.0, 0.0))
    walks = pd.concat(rows, ignore_index=True)
    return walks, _grid(bowl, walks, settings.grid)


def _rows(bowl: LogisticRegression, points: Tensor, run: str, rate: float, share: float) -> pd.DataFrame:
    found = {"step": range(len(points)), "u": points[:, 0], "v": points[:, 1], "loss": bowl.value(points)}
    return pd.DataFrame({"run": run, "rate": rate, "share": share, **found})


def _grid(bowl: LogisticRegression, walks: pd.DataFrame, size: int) -> pd.DataFrame:
    axes = []
    for column in (walks.u, walks.v):
        reach = MARGIN * float(column.max() - column.min())
        axes.append(torch.linspace(column.min() - reach, column.max() + reach, size, dtype=torch.float64))
    cells = torch.cartesian_prod(*axes)
    return pd.DataFrame({"u": cells[:, 0], "v": cells[:, 1], "loss": bowl.value(cells)})
