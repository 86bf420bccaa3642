"""Which images of MNIST are trained on, chosen by, and tested on."""

import pytest
import torch
from checkouts import ROOT

from ramble.errors import RambleError
from ramble.problems.mnist import mnist_images

pytestmark = pytest.mark.slow  # reads, or downloads, all of MNIST
FOLDER = str(ROOT / "data")


def images(**sizes: int) -> dict[str, torch.Tensor]:
    return mnist_images(0, "test", 0, FOLDER, **sizes)


def test_validation_images_are_the_last_of_the_training_images():
    every, some = images(train=60_000, test=20), images(train=59_990, test=20, validation=10)
    assert list(every) == ["train_images", "train_labels", "test_images", "test_labels"]
    assert set(some) - set(every) == {"validation_images", "validation_labels"}
    for part in ("images", "labels"):
        assert torch.equal(torch.cat([some[f"train_{part}"], some[f"validation_{part}"]]), every[f"train_{part}"])
        assert torch.equal(some[f"test_{part}"], every[f"test_{part}"])


@pytest.mark.parametrize(("train", "validation"), [(50_000, 10_001), (1, 60_000), (1, 60_001)])
def test_no_image_is_trained_on_and_chosen_by(train, validation):
    with pytest.raises(RambleError, match=rf"data\.arguments\.validation: .* ask for 0 to {60_000 - train}"):
        images(train=train, test=10, validation=validation)
