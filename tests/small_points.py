"""Points and headers for tests that need some, whatever they say."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike

from ramble.store.headers import Header, PathHeader, Status
from ramble.store.points import Points, StoredPath

DIGEST = "0" * 64


def path_header(pair: str = "0-0-1", **changes: object) -> PathHeader:
    values = {
        "study": "tcm", "maker": "path", "dataset": int(pair.split("-")[0]), "pair": pair, "tracker": "guarded",
        "inputs": 10, "max_errors": 0, "data_digest": DIGEST, "start_digest": DIGEST, "end_digest": DIGEST,
        "steps_digest": DIGEST,
        "status": Status.ARRIVED, "reason": "", "steps": 1, "gradients": 40, "evaluations": 9, "certificate": "exact",
        "certificate_reason": "", "certified_segments": 1, "min_margin": 0.125, "certificate_points": 2,
        "certificate_resolution": 0.5, "facts": {},
    }  # fmt: skip
    return PathHeader(**(values | changes))


def stored_path(points: ArrayLike, t: ArrayLike | None = None, pair: str = "0-0-1", **header: object) -> StoredPath:
    return StoredPath(pair, *_arrays(points, t), path_header(pair, **header))


def some_points(points: ArrayLike, t: ArrayLike | None = None, dataset: int = 0) -> Points:
    return Points("some", *_arrays(points, t), Header(study="s", maker="hand", dataset=dataset, facts={}))


def _arrays(points: ArrayLike, t: ArrayLike | None) -> Sequence[np.ndarray]:
    points = torch.as_tensor(points).float().numpy()
    return points, np.linspace(0, 1, len(points)) if t is None else np.asarray(t, np.float64)
