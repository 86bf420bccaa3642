"""CIFAR-10, and the networks for it: what they are, and what they refuse."""

import pytest
import torch
from checkouts import ROOT
from torch import Tensor, nn
from torch.nn import functional

from ramble.errors import RambleError
from ramble.problems.carlini import CarliniNet, CarliniProblem
from ramble.problems.cifar import MEAN, STD, cifar10_images
from ramble.problems.resnet import ResNet, ResNetProblem

FOLDER = str(ROOT / "data")
ZERO = torch.tensor([0])


def colour_images(train: int = 6, test: int = 4) -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(1)
    tensors = {"input_mean": torch.tensor(MEAN), "input_std": torch.tensor(STD)}
    for split, size in (("train", train), ("test", test)):
        tensors[f"{split}_images"] = torch.randint(0, 256, (size, 3, 32, 32), generator=random, dtype=torch.uint8)
        tensors[f"{split}_labels"] = torch.randint(0, 10, (size,), generator=random, dtype=torch.uint8)
    return tensors


@pytest.mark.parametrize(("depth", "count"), [(20, 269_722), (32, 464_154), (56, 853_018)])
def test_residual_networks_have_the_published_size(depth, count):
    network = ResNet(depth)
    assert sum(value.numel() for value in network.parameters()) == count
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    assert len(convolutions) == depth - 1
    assert network.eval()(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


def test_shortcuts_are_those_of_option_a():
    """The first block of the second stage with its inner part at zero: every second pixel, 8 channels a side."""
    block = ResNet(20).eval().layer2[0]
    nn.init.zeros_(block.bn2.weight)
    maps = torch.rand(2, 16, 32, 32)
    found = block(maps)
    assert found.shape == (2, 32, 16, 16)
    assert torch.equal(found[:, 8:24], maps[:, :, ::2, ::2])
    assert not found[:, :8].any()
    assert not found[:, 24:].any()


def test_the_network_of_carlini_and_wagner_has_1147978_weights():
    assert sum(value.numel() for value in CarliniNet().parameters()) == 1_147_978
    assert CarliniNet().eval()(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


def test_problems_see_normalised_pixels():
    tensors = colour_images()
    problem = CarliniProblem([tensors])
    expected = tensors["train_images"].double() / 255
    for channel in range(3):
        expected[:, channel] = (expected[:, channel] - MEAN[channel]) / STD[channel]
    assert torch.allclose(problem.data("train")[0].double(), expected, atol=1e-5)
    assert problem.metadata == {"input_mean": list(MEAN), "input_std": list(STD)}
    assert problem.splits == ("train", "test")


@pytest.mark.parametrize("way", ["fold", "reestimate"])
def test_residual_networks_are_walked_both_ways(way):
    problem = ResNetProblem([colour_images()], depth=8, batch_norm=way)
    weights = problem.initial_weights(torch.Generator().manual_seed(1))[None]
    losses, gradients = problem.gradients(weights, ZERO)
    network = problem.network(weights[0])
    inputs, labels = problem.data("train")
    assert torch.allclose(losses[0], functional.cross_entropy(network(inputs), labels), atol=1e-4)
    assert gradients.isfinite().all()
    assert problem.metadata["batch_norm"] == way
    assert problem.metadata.get("batch_norm_samples") == (6 if way == "reestimate" else None)
    state = ResNet(8).state_dict()
    assert torch.isfinite(problem.weights_of(state)).all()


def test_other_images_and_depths_are_refused():
    tensors = colour_images()
    for changed, sentence in (
        ({"train_images": tensors["train_images"].float()}, "not raw pixels"),
        ({"test_images": tensors["test_images"][:, :1]}, r"the shape \(4, 1, 32, 32\); give \(M, 3, 32, 32\)"),
        ({"input_std": torch.tensor([1.0, 0.0, 1.0])}, "give positive deviations"),
        ({"input_mean": torch.tensor([1.0])}, "give 3 finite numbers, one a channel"),
    ):
        with pytest.raises(RambleError, match=f"problem CarliniProblem: .*{sentence}"):
            CarliniProblem([tensors | changed])
    del tensors["input_mean"]
    with pytest.raises(RambleError, match="has no tensor 'input_mean'"):
        CarliniProblem([tensors])
    for depth in (21, 2, 20.0, True):
        with pytest.raises(RambleError, match=r"problem\.arguments\.depth = .* is not 6 n \+ 2"):
            ResNetProblem([colour_images()], depth=depth)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"train": 0}, r"data\.arguments\.train = 0 is not a whole number of at least 1"),
        ({"validation": -1}, r"data\.arguments\.validation = -1"),
        ({"mean": [0.5]}, r"data\.arguments\.mean = \[0\.5\] is not three numbers"),
        ({"std": [0.5, 0, 0.5]}, r"data\.arguments\.std = 0 is not a finite number greater than 0"),
    ],
)
def test_arguments_that_are_none_are_refused_before_anything_is_read(arguments, sentence):
    with pytest.raises(RambleError, match=sentence):
        cifar10_images(0, "x", 0, "/nowhere", **{"train": 1, "test": 1} | arguments)


def test_missing_and_corrupt_files_are_named(tmp_path, monkeypatch):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    monkeypatch.setenv("RAMBLE_DATA_ROOT", str(tmp_path))
    with pytest.raises(RambleError, match=r"cifar-10-batches-py/data_batch_1: missing; put the files"):
        cifar10_images(0, "x", 0, FOLDER, train=1, test=1)
    (folder / "data_batch_1").write_bytes(b"not a pickle that anybody opens")
    with pytest.raises(RambleError, match=r"data_batch_1: corrupt \(its MD5 sum is not c99cafc152"):
        cifar10_images(0, "x", 0, FOLDER, train=1, test=1)


@pytest.mark.slow  # reads, or downloads, all of CIFAR-10
def test_images_are_the_first_and_their_normalisation_goes_with_them():
    tensors = cifar10_images(0, "x", 0, FOLDER, train=40, test=20, validation=10)
    assert tensors["train_images"].shape == (40, 3, 32, 32)
    assert tensors["train_labels"][:5].tolist() == [6, 9, 9, 4, 1]  # frog, truck, truck, deer, automobile
    assert tensors["test_labels"][:5].tolist() == [3, 8, 8, 0, 6]
    assert tensors["validation_images"].shape == (10, 3, 32, 32)
    every = cifar10_images(0, "x", 0, FOLDER, train=50_000, test=1)
    pixels = every["train_images"].flatten(2).double().div_(255)
    assert torch.allclose(pixels.mean((0, 2)), torch.tensor(MEAN).double(), atol=1e-4)
    assert torch.allclose(pixels.std((0, 2)), torch.tensor(STD).double(), atol=1e-4)
    assert torch.equal(every["train_images"][-10:], tensors["validation_images"])
    with pytest.raises(RambleError, match="CIFAR-10 has 50000"):
        cifar10_images(0, "x", 0, FOLDER, train=50_001, test=1)
    with pytest.raises(RambleError, match="ask for 0 to 10"):
        cifar10_images(0, "x", 0, FOLDER, train=49_990, test=1, validation=11)
