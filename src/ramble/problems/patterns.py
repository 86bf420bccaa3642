"""Random +-1 patterns with random +-1 labels: the training sets of the Tree Committee Machine (section 3.1)."""

import torch
from torch import Tensor

from ramble.errors import check_count
from ramble.problems.seeds import generator


def random_patterns(seed: int, name: str, dataset: int, patterns: int, inputs: int) -> dict[str, Tensor]:
    """Return one training set: `patterns` (M, N) int8 and `labels` (M,) int8, all of them +-1.

    Args:
        seed: the root seed.
        name: the study; streams are named by study and data set.
        dataset: number of the data set, 0..D-1.
        patterns: M.
        inputs: N.

    Raises:
        RambleError: M or N is no positive whole number.
    """
    check_count("data.arguments.patterns", patterns)
    check_count("data.arguments.inputs", inputs)
    random = generator(seed, name, "patterns", dataset)
    signs = torch.randint(0, 2, (patterns, inputs + 1), generator=random, dtype=torch.int8) * 2 - 1
    return {"patterns": signs[:, :inputs].contiguous(), "labels": signs[:, inputs].contiguous()}
