"""Whatever is computed for many chains at once equals the same chain by chain."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_problems import committee_on, pattern_sets, random_images, small_lenet, smooth_problem
from unhurried import unhurried

DATASETS, INPUTS = 3, 9
PROBLEM = committee_on(pattern_sets(21, DATASETS, 6, INPUTS), hidden=3, input_scale=0.8)
chains = st.lists(st.integers(0, DATASETS - 1), min_size=1, max_size=9)


def random_weights(seed: int, chains: int, size: int, scale: float = 1.0) -> torch.Tensor:
    random = torch.Generator().manual_seed(seed)
    return scale * torch.randn(chains, size, generator=random, dtype=torch.float64)


@unhurried
@given(chains, st.integers(0, 10_000))
def test_committee_outputs_gradients_and_evaluations(which, seed):
    datasets, weights = torch.tensor(which), random_weights(seed, len(which), INPUTS)
    outputs = PROBLEM.outputs(weights, datasets)
    losses, gradients = PROBLEM.gradients(weights, datasets, 1.5)
    found = PROBLEM.evaluate(weights, datasets)
    hessians = PROBLEM.hessians(weights, datasets)
    for row, dataset in enumerate(which):
        own, alone = weights[row : row + 1], torch.tensor([dataset])
        loss, gradient = PROBLEM.gradients(own, alone, 1.5)
        single = PROBLEM.evaluate(own, alone)
        assert torch.allclose(outputs[row], PROBLEM.outputs(own, alone)[0], atol=1e-12)
        assert torch.allclose(losses[row], loss[0], atol=1e-12)
        assert torch.allclose(gradients[row], gradient[0], atol=1e-12)
        assert torch.allclose(hessians[row], PROBLEM.hessians(own, alone)[0], atol=1e-12)
        assert found.errors[row] == single.errors[0]
        assert torch.allclose(found.losses[row], single.losses[0], atol=1e-12)
        assert torch.allclose(found.min_margins[row], single.min_margins[0], atol=1e-12)


@unhurried
@given(chains, st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_committee_is_indifferent_to_the_order_of_its_chains(which, seed, shuffler):
    datasets, weights = torch.tensor(which), random_weights(seed, len(which), INPUTS)
    order = list(range(len(which)))
    shuffler.shuffle(order)
    shuffled = PROBLEM.gradients(weights[order], datasets[order])[1]
    assert torch.allclose(shuffled, PROBLEM.gradients(weights, datasets)[1][order], atol=1e-12)


def test_committee_labels_follow_the_chains():
    sets = pattern_sets(22, 2, 5, INPUTS)
    found = committee_on(sets).labels(torch.tensor([1, 0, 1]))
    assert found.tolist() == [sets[d]["labels"].double().tolist() for d in (1, 0, 1)]


def test_committee_notices_that_a_tensor_of_data_sets_was_changed_in_place():
    weights, datasets = random_weights(3, 2, INPUTS), torch.tensor([0, 0])
    PROBLEM.gradients(weights, datasets)
    datasets[1] = 2
    assert torch.allclose(PROBLEM.gradients(weights, datasets)[1], PROBLEM.gradients(weights, datasets.clone())[1])


@pytest.mark.parametrize("make", [small_lenet, smooth_problem])
def test_networks_equal_one_by_one(make):
    problem = make()
    random = torch.Generator().manual_seed(5)
    weights = torch.stack([problem.initial_weights(random) for _ in range(3)])
    datasets = torch.zeros(3, dtype=torch.long)
    for split in ("train", "test"):
        outputs = problem.outputs(weights, datasets, split)
        found = problem.evaluate(weights, datasets, split)
        for row in range(3):
            single = problem.evaluate(weights[row : row + 1], datasets[:1], split)
            network = problem.network(weights[row])
            assert torch.allclose(outputs[row], network(problem.data(split)[0]), atol=1e-5)
            assert found.errors[row] == single.errors[0]
            assert torch.allclose(found.losses[row], single.losses[0], atol=1e-6)


@settings(unhurried, max_examples=3)
@given(st.integers(0, 1000), st.integers(1, 3))
def test_lenet_gradients_looped_and_batched_agree(seed, count):
    problem = small_lenet(seed)
    random = torch.Generator().manual_seed(seed)
    weights = torch.stack([problem.initial_weights(random) for _ in range(count)]).double()
    looped_losses, looped = problem._gradients_looped(weights, 1.3)
    batched_losses, batched = problem._gradients_batched(weights, 1.3)
    assert torch.allclose(looped_losses, batched_losses, rtol=1e-10)
    assert torch.allclose(looped, batched, rtol=1e-8, atol=1e-12)


def test_lenet_gradient_is_that_of_the_module_itself():
    problem = small_lenet(4)
    weights = problem.initial_weights(torch.Generator().manual_seed(1)).double()
    network = problem.network(weights)
    inputs, labels = problem.data("train")
    torch.nn.CrossEntropyLoss()(network(inputs.double()), labels).backward()
    expected = torch.cat([parameter.grad.flatten() for parameter in network.parameters()])
    losses, gradients = problem.gradients(weights.unsqueeze(0), torch.tensor([0]))
    assert torch.allclose(gradients[0], expected, rtol=1e-8, atol=1e-12)
    assert losses.shape == (1,)


def test_lenet_sees_scaled_pixels():
    tensors = random_images(0)
    inputs, labels = small_lenet(0).data("train")
    pixel = float(tensors["train_images"][2, 5, 7])
    assert float(inputs[2, 0, 5, 7]) == pytest.approx((pixel / 255 - 0.1307) / 0.3081, rel=1e-5)
    assert labels.tolist() == tensors["train_labels"].tolist()
