"""CIFAR-10 as tensors: the images asked for and no others, and files that are none."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from ramble.errors import RambleError
from ramble.problems import cifar
from ramble.problems.cifar import FOLDER, cifar_images


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of four images each, whose pixels number them, under sums that fit."""
    monkeypatch.setenv("RAMBLE_DATA_ROOT", str(tmp_path))
    (tmp_path / FOLDER).mkdir()
    for place, (file, _) in enumerate([*cifar.CIFAR10.train_list, *cifar.CIFAR10.test_list]):
        rows = np.repeat(np.arange(4, dtype=np.uint8)[:, None] + 4 * place, 3072, axis=1)
        with (tmp_path / FOLDER / file).open("wb") as opened:
            pickle.dump({"data": rows, "labels": [(4 * place + row) % 10 for row in range(4)]}, opened)
    with (tmp_path / FOLDER / cifar.CIFAR10.meta["filename"]).open("wb") as opened:
        pickle.dump({"label_names": [str(number) for number in range(10)]}, opened)
    monkeypatch.setattr(cifar, "check_integrity", lambda file, md5: os.path.exists(file))
    monkeypatch.setattr("torchvision.datasets.cifar.check_integrity", lambda file, md5: True)
    return tmp_path


def test_the_first_images_are_trained_on_and_the_last_ones_kept_back(root):
    found = cifar_images(0, "s", 0, "elsewhere", train=6, test=2, validation=3)
    assert found["train_images"].shape == (6, 3, 32, 32)
    assert found["train_images"].dtype == torch.uint8
    assert found["train_images"][:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert found["train_labels"].tolist() == [0, 1, 2, 3, 4, 5]
    assert found["test_images"][:, 2, 5, 5].tolist() == [20, 21]
    assert found["validation_images"][:, 0, 0, 0].tolist() == [17, 18, 19]
    assert found["input_mean"].shape == found["input_std"].shape == (3,)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"train": 21}, "train: 21 images asked for, CIFAR-10 has 20"),
        ({"train": 18, "validation": 3}, "ask for 0 to 2"),
        ({"test": 5}, "test: 5 images asked for, CIFAR-10 has 4"),
        ({"train": 0}, "data.arguments.train"),
        ({"data_root": 3}, "data_root = 3 is not the name of a folder"),
    ],
)
def test_what_is_not_there_cannot_be_asked_for(root, arguments, sentence):
    with pytest.raises(RambleError, match=sentence):
        cifar_images(0, "s", 0, **{"data_root": "elsewhere", "train": 2, "test": 2, **arguments})


def test_files_are_compared_with_their_sums_before_they_are_read(root, monkeypatch):
    monkeypatch.setattr(cifar, "check_integrity", lambda file, md5: not file.endswith("data_batch_3"))
    with pytest.raises(RambleError, match="data_batch_3: corrupt"):
        cifar_images(0, "s", 0, "elsewhere", train=2, test=2)
    (root / FOLDER / "data_batch_2").unlink()
    with pytest.raises(RambleError, match="data_batch_2: missing"):
        cifar_images(0, "s", 0, "elsewhere", train=2, test=2)
