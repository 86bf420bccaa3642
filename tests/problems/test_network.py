"""LeNet5, its initial weights, and the plumbing between modules and flat weights."""

import logging
import math
from functools import partial

import pytest
import torch
from small_problems import SmoothNetwork, SmoothProblem, pattern_sets, random_images, small_lenet, smooth_problem
from torch import nn
from torch.nn import functional

from ramble.errors import RambleError
from ramble.problems.devices import choose_device
from ramble.problems.lenet import LeNet5, LeNet5Problem
from ramble.problems.patterns import random_patterns
from ramble.problems.pooled_convolution import pooled_convolution
from ramble.problems.tree_committee import TreeCommittee

ZEROS = torch.zeros(2, dtype=torch.long)
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
    from ramble.problems.stored import read_weights
    from ramble.store.tensors import write_tensors

    file = tmp_path / "0-0.safetensors"
    write_tensors(file, {"weight": torch.zeros(3, 4)}, {})
    with pytest.raises(RambleError, match=r"0-0\.safetensors"):
        read_weights(smooth_problem(), str(file))


class CrampedNetwork(SmoothNetwork):
    """Runs out of memory as a GPU would: by the number of inputs at a time."""

    room = 8

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        if len(inputs) > self.room:
            raise torch.OutOfMemoryError(f"{len(inputs)} inputs")
        return super().forward(inputs)


class CrampedProblem(SmoothProblem):
    def build_network(self) -> nn.Module:
        return CrampedNetwork()


def test_where_memory_runs_out_fewer_inputs_are_evaluated_at_a_time(caplog, monkeypatch):
    roomy = smooth_problem(samples=40)
    splits = {split: roomy.data(split) for split in roomy.splits}
    weights, datasets = torch.randn(2, 31, generator=torch.Generator().manual_seed(1)), torch.zeros(2, dtype=torch.long)
    problem, samples = CrampedProblem(splits), torch.arange(40)
    margins = roomy.sample_margins(weights[:1], datasets[:1])[0].float()
    assert torch.allclose(problem.batch_margins(weights[0], samples), margins, atol=1e-5)
    for split in ("train", "test"):
        assert torch.allclose(problem.outputs(weights, datasets, split), roomy.outputs(weights, datasets, split))
    assert caplog.record_tuples == [
        ("ramble", logging.WARNING, f"no memory for {size} inputs at a time; going on with {half}")
        for size, half in ((40, 20), (20, 10), (10, 5))
    ]  # once, although networks were evaluated again and again
    monkeypatch.setattr(CrampedNetwork, "room", 0)
    for ask in (partial(problem.outputs, weights, datasets), partial(CrampedProblem, splits)):
        with pytest.raises(RambleError, match="no memory to evaluate the network on a single input"):
            ask()


class LonelyNetwork(SmoothNetwork):
    """Runs out of memory where it is one of several at a time."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        if torch._C._functorch.is_functorch_wrapped_tensor(next(self.parameters())):
            raise torch.OutOfMemoryError("several networks")
        return super().forward(inputs)


class LonelyProblem(SmoothProblem):
    def build_network(self) -> nn.Module:
        return LonelyNetwork()


@pytest.mark.parametrize(
    "ask",
    [
        lambda problem, weights: problem.outputs(weights, ZEROS),
        lambda problem, weights: torch.cat([part.flatten() for part in problem.gradients(weights, ZEROS)]),
        lambda problem, weights: problem.batch_gradients(weights, torch.tensor([[0, 3, 5], [2, 2, 1]]))[1],
    ],
    ids=["outputs", "gradients", "gradients of minibatches"],
)
def test_where_memory_runs_out_networks_go_one_by_one(ask, caplog):
    roomy = smooth_problem(samples=40)
    problem = LonelyProblem({split: roomy.data(split) for split in roomy.splits})
    problem._batches_chains = True  # as on a GPU
    weights = torch.randn(2, 31, generator=torch.Generator().manual_seed(1))
    for _ in range(2):
        assert torch.allclose(ask(problem, weights), ask(roomy, weights), atol=1e-6)
    assert caplog.record_tuples == [
        ("ramble", logging.WARNING, "no memory for 2 networks at a time; going on one by one")
    ]


def test_where_memory_runs_out_gradients_are_summed_over_fewer_inputs(caplog, monkeypatch):
    roomy = smooth_problem(samples=40)
    problem = CrampedProblem({split: roomy.data(split) for split in roomy.splits})
    problem._batches_chains = True
    weights, samples = torch.randn(2, 31, generator=torch.Generator().manual_seed(1)), torch.arange(18).view(2, 9)
    for found, expected in (
        (problem.batch_gradients(weights, samples), roomy.batch_gradients(weights, samples)),
        (problem.gradients(weights, ZEROS), roomy.gradients(weights, ZEROS)),
    ):
        assert all(torch.allclose(*both, atol=1e-6) for both in zip(found, expected, strict=True))
    assert [record[2] for record in caplog.record_tuples] == [
        "no memory for 2 networks at a time; going on one by one",
        "no memory for the gradient of 9 inputs at a time; going on with 4",
    ]
    monkeypatch.setattr(CrampedNetwork, "room", 0)
    with pytest.raises(RambleError, match="gradient of one network on a single training sample; take one with more"):
        problem.batch_gradients(weights, samples)


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is here")
def test_cuda_asked_for_and_absent_is_said_in_a_sentence():
    assert choose_device("auto") == torch.device("cpu")
    with pytest.raises(RambleError, match=r"device: 'cuda:1' is asked for but torch sees no CUDA device; set device"):
        choose_device("cuda:1")


def lenet_on(device: str, *, batches_chains: bool) -> LeNet5Problem:
    problem = LeNet5Problem([random_images(3)], input_mean=0.1307, input_std=0.3081, device=device)
    problem._batches_chains &= batches_chains
    return problem


def committee_on(device: str) -> TreeCommittee:
    return TreeCommittee(pattern_sets(21, 1, 20, 9), hidden=3, input_scale=0.8, initial_sigma=0.5, device=device)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize(
    "make",
    [partial(lenet_on, batches_chains=True), partial(lenet_on, batches_chains=False), committee_on],
    ids=["LeNet5", "LeNet5 one by one", "TreeCommittee"],
)
def test_cuda_gives_what_the_cpu_gives(make):
    here, there = make("cpu"), make("cuda")
    random = torch.Generator().manual_seed(1)
    weights = torch.stack([here.initial_weights(random) for _ in range(2)])
    assert torch.allclose(there.outputs(weights.to(there.device), ZEROS).cpu(), here.outputs(weights, ZEROS), atol=1e-4)
    theirs = there.gradients(weights.to(there.device), ZEROS)
    for ours, found in zip(here.gradients(weights, ZEROS), theirs, strict=True):
        assert torch.allclose(found.cpu(), ours, rtol=1e-3, atol=1e-5)


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
