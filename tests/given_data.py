"""Tests that need images which nobody made for them."""

import os
from pathlib import Path

import pytest

from ramble.problems.cifar import CIFAR10

needs_cifar = pytest.mark.skipif(
    not (Path(os.environ.get("RAMBLE_DATA_ROOT", "data")) / CIFAR10.base_folder).is_dir(),
    reason="there is no CIFAR-10 in the data root",
)
