"""LeNet5, its initial weights, and the plumbing between modules and flat weights."""

import math

import pytest
import torch
from small_problems import SmoothNetwork, SmoothProblem, random_images, small_lenet, smooth_problem
from torch import nn
from torch.nn import functional

from ramble.errors import RambleError
from ramble.problems.lenet import LeNet5, LeNet5Problem
from ramble.problems.patterns import random_patterns
from ramble.problems.pooled_convolution import pooled_convolution

FANS = {"conv1": (25, 150), "conv2": (150, 400), "fc1": (400, 120), "fc2": (120, 84), "fc3": (84, 10)}


def lenet_with_relu_before_pooling(state: dict[str, torch.Tensor], images: torch.Tensor) -> torch.Tensor:
    maps = functional.conv2d(images, state["conv1.weight"], state["conv1.bias"], padding=2).clamp(min=0)
    maps = functional.max_pool2d(maps, 2)
    maps = functional.conv2d(maps, state["conv2.weight"], state["conv2.bias"]).clamp(min=0)
    hidden = functional.max_pool2d(maps, 2).reshape(len(images), 400)
    for name in ("fc1", "fc2"):
        hidden = (hidden @ state[f"{name}.weight"].T + state[f"{name}.bias"]).clamp(min=0)
    return hidden @ state["fc3.weight"].T + state["fc3.bias"]


def test_lenet_has_61706_weights():
    assert sum(parameter.numel() for parameter in LeNet5().parameters()) == 61_706
    assert small_lenet().n_weights == 61_706


def test_pooling_before_the_relu_gives_what_relu_before_pooling_gives():
    network = LeNet5().double()
    random = torch.Generator().manual_seed(1)
    images = torch.randn(3, 1, 28, 28, generator=random, dtype=torch.float64)
    with torch.no_grad():
        expected = lenet_with_relu_before_pooling(network.state_dict(), images)
        assert torch.allclose(network(images), expected, atol=1e-12)


def test_weights_are_xavier_uniform_and_biases_zero():
    state = small_lenet().unflatten(small_lenet().initial_weights(torch.Generator().manual_seed(2)))
    for layer, (fan_in, fan_out) in FANS.items():
        bound = math.sqrt(6 / (fan_in + fan_out))
        largest = float(state[f"{layer}.weight"].abs().max())
        assert 0.9 * bound < largest <= bound
        assert not state[f"{layer}.bias"].any()


def test_initial_weights_are_reproducible_and_leave_the_global_generator_alone():
    problem = small_lenet()
    before = torch.random.get_rng_state()
    first = problem.initial_weights(torch.Generator().manual_seed(3))
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.rand(5)
    assert torch.equal(problem.initial_weights(torch.Generator().manual_seed(3)), first)
    assert not torch.equal(problem.initial_weights(torch.Generator().manual_seed(4)), first)


def test_building_a_problem_draws_no_global_random_numbers():
    before = torch.random.get_rng_state()
    small_lenet()
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_layer_is_one_module_with_weight_and_bias():
    layers = {layer.name: layer.columns for layer in small_lenet().layers}
    assert list(layers) == list(FANS)
    assert (layers["conv1"].start, layers["conv1"].stop) == (0, 156)
    assert (layers["conv2"].start, layers["conv2"].stop) == (156, 2572)
    assert layers["fc3"].stop == 61_706


def test_flat_weights_are_in_the_order_of_the_state_dict():
    problem = smooth_problem()
    network = problem.build_network()
    flat = problem.flatten(network.state_dict())
    assert torch.equal(flat, torch.cat([value.flatten() for value in network.state_dict().values()]))
    back = problem.unflatten(torch.stack([flat, 2 * flat]))
    for name, value in network.state_dict().items():
        assert torch.equal(back[name][1], 2 * value)


def test_random_patterns_are_signs_and_differ_between_data_sets():
    first = random_patterns(2019, "tcm", 0, patterns=40, inputs=30)
    again = random_patterns(2019, "tcm", 0, patterns=40, inputs=30)
    other = random_patterns(2019, "tcm", 1, patterns=40, inputs=30)
    assert first["patterns"].shape == (40, 30)
    assert first["labels"].shape == (40,)
    assert {*first["patterns"].unique().tolist(), *first["labels"].unique().tolist()} == {-1, 1}
    assert torch.equal(first["patterns"], again["patterns"])
    assert not torch.equal(first["patterns"], other["patterns"])
    assert abs(float(first["patterns"].float().mean())) < 5 / math.sqrt(40 * 30)


def test_weights_of_another_network_are_refused(tmp_path):
    from ramble.artifacts import write_tensors
    from ramble.contract.problems import read_weights

    file = tmp_path / "0-0.safetensors"
    write_tensors(file, {"weight": torch.zeros(3, 4)}, {})
    with pytest.raises(RambleError, match=r"0-0\.safetensors"):
        read_weights(smooth_problem(), str(file))


class CrampedNetwork(SmoothNetwork):
    """Runs out of memory as a GPU would: by the number of inputs at a time."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        if len(inputs) > self.room:
            raise torch.OutOfMemoryError(f"{len(inputs)} inputs")
        return super().forward(inputs)


class CrampedProblem(SmoothProblem):
    room = 8

    def build_network(self) -> nn.Module:
        return CrampedNetwork(self.room)


class FullProblem(CrampedProblem):
    room = 0


def test_where_memory_runs_out_fewer_inputs_are_evaluated_at_a_time(caplog):
    roomy = smooth_problem(samples=40)
    splits = {split: roomy.data(split) for split in roomy.splits}
    weights, datasets = torch.randn(2, 31, generator=torch.Generator().manual_seed(1)), torch.zeros(2, dtype=torch.long)
    with caplog.at_level("INFO", logger="ramble"):
        found = CrampedProblem(splits).outputs(weights, datasets, "test")
    assert torch.allclose(found, roomy.outputs(weights, datasets, "test"), atol=1e-6)
    assert caplog.messages[-1] == "no memory for 15 inputs at a time; going on with 7"
    with pytest.raises(torch.OutOfMemoryError, match="1 inputs"):
        FullProblem(splits).outputs(weights, datasets)


def test_images_that_are_normalised_already_are_refused():
    images = random_images(1)
    images["test_images"] = images["test_images"] / 255
    with pytest.raises(RambleError, match=r"test_images are torch\.float32, not raw pixels"):
        LeNet5Problem([images], input_mean=0.1307, input_std=0.3081)


def test_only_samples_in_doubt_are_decided_in_float64():
    problem = small_lenet(5)
    weights = problem.initial_weights(torch.Generator().manual_seed(6))
    state = problem.unflatten(weights)
    label = int(problem.labels(torch.zeros(1))[0, 0])
    other = (label + 1) % 10  # a rival that ties with the true class of the first image, for all of its class
    for name in ("fc3.weight", "fc3.bias"):
        state[name][other] = state[name][label]
    tied = problem.flatten(state)[None]
    found = problem.evaluate(tied, torch.zeros(1))
    exact = problem.evaluate(tied.double(), torch.zeros(1))
    assert int(found.errors) == int(exact.errors)
    assert float(problem.sample_margins(tied, torch.zeros(1))[0, 0]) <= 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_first_stage_in_one_step_is_that_of_the_modules_ties_and_blank_pixels_included(dtype):
    random = torch.Generator().manual_seed(4)
    images = torch.randint(-2, 3, (7, 1, 28, 28), generator=random).to(dtype)  # small integers: many equal maxima
    images[:, :, :9] = -1.0
    images[0] = 0.0
    weight = torch.randint(-2, 3, (6, 1, 5, 5), generator=random).to(dtype)
    bias = torch.randint(-3, 2, (6,), generator=random).to(dtype)
    plain = functional.conv2d(images, weight, bias, padding=2)
    expected = functional.relu(functional.max_pool2d(plain, 2))
    assert torch.equal(pooled_convolution(images, weight, bias), expected)
