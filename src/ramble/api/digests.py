"""Which samples a table was measured on."""

import pandas as pd

from ramble.problems.network import NetworkProblem
from ramble.problems.problem import Problem
from ramble.store.tensors import digest_of


def with_digests(profile: pd.DataFrame, problem: Problem) -> pd.DataFrame:
    """Return a profile with a column train_digest, and test_digest where there is a test set, the same in every row.

    That is the digest of inputs and classes as the network sees them; that of the training set is `data_digest` in the
    header of the path. Problems that are no networks have no such column.
    """
    if not isinstance(problem, NetworkProblem):
        return profile
    digests = {}
    for split in problem.splits:
        inputs, classes = problem.data(split)
        digests[f"{split}_digest"] = digest_of({"inputs": inputs, "classes": classes})
    return profile.assign(**digests)
