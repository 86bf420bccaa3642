"""Networks and data are looked at where they come in: what is refused, in which words, and what must work."""

import copy
import random
import weakref
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_problems import committee_on, random_images, silent
from small_training import TRACKER
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations
from torch.utils.checkpoint import checkpoint
from unhurried import unhurried

from ramble.errors import RambleError
from ramble.problems.lenet import LeNet5Problem
from ramble.problems.network import NetworkProblem
from ramble.spectra.groups import group_of
from ramble.tracking.connect import connect
from ramble.training.descent import find_solutions
from ramble.training.descent_settings import Recipe, Settling

ZERO = torch.tensor([0])


class Given(NetworkProblem):
    """The network that a function makes."""

    def __init__(self, make, inputs: Tensor, labels: Tensor, **others: tuple[Tensor, Tensor]) -> None:
        self._make = make
        super().__init__({"train": (inputs, labels), **others})

    def build_network(self) -> nn.Module:
        return self._make()


class Forward(nn.Module):
    """A linear network of 8 inputs and 3 classes, with another forward pass around it."""

    def __init__(self, forward=None, **attributes: object) -> None:
        super().__init__()
        self.linear = nn.Linear(8, 3)
        self._forward = forward
        for name, value in attributes.items():
            setattr(self, name, value)

    def forward(self, inputs: Tensor) -> object:
        return self._forward(self, inputs) if self._forward else self.linear(inputs)


def points(seed: int = 0, count: int = 40) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(count, 8, generator=generator)
    return inputs, torch.randint(0, 3, (count,), generator=generator)


X, Y = points()


def perceptron() -> nn.Module:
    return nn.Sequential(nn.Linear(8, 5), nn.Tanh(), nn.Linear(5, 3))


def problem_of(make, inputs: Tensor = X, labels: Tensor = Y, **others: tuple[Tensor, Tensor]) -> Given:
    return Given(make, inputs, labels, **others)


def forward_of(forward, **attributes: object) -> Given:
    return problem_of(lambda: Forward(forward, **attributes))


def changed(values: Tensor, index: object, value: float) -> Tensor:
    other = values.clone()
    other[index] = value
    return other


# ---------------------------------------------------------------- data


@pytest.mark.parametrize(
    ("inputs", "labels", "sentence"),
    [
        (X[:0], Y[:0], r"the inputs of 'train' are none \(shape \(0, 8\)\); give at least one"),
        (torch.tensor(1.0), Y, r"are none \(shape \(\)\)"),
        (X.numpy(), Y, "are a ndarray; give a dense torch tensor"),
        (X.to_sparse(), Y, "layout torch.sparse_coo; give a dense torch tensor"),
        (X.cfloat(), Y, "are complex; give real numbers"),
        (changed(X, (3, 2), float("nan")), Y, r"hold nan at index \(3, 2\), which is not finite in torch.float32"),
        (changed(X, (0, 7), -float("inf")), Y, r"hold -inf at index \(0, 7\)"),
        (
            changed(X.double(), (1, 1), 1e300),
            Y,
            r"hold 1e\+300 at index \(1, 1\), which is not finite in",
        ),
        (X, Y[:30], "the labels of 'train' are 30 and its inputs 40; give one label for each input"),
        (X, Y[:, None], r"have the shape \(40, 1\) and not \(40,\); give labels.flatten\(\)"),
        (X, functional.one_hot(Y, 3).float(), r"shape \(40, 3\), as one-hot rows have; give .* labels.argmax\(1\)"),
        (X, Y[:, None, None].expand(-1, 2, 2), r"shape \(40, 2, 2\) and not \(40,\); give one class number"),
        (X, Y + 0.5, r"hold \d\.5 at index 0; give whole class numbers"),
        (X, changed(Y.float(), 4, float("nan")), "hold nan at index 4; give whole class numbers"),
        (X, Y.cfloat(), "labels of 'train' are complex"),
        (X, Y.tolist(), "are a list; give a dense torch tensor"),
        (X, changed(Y, 7, 3), "hold 3 at index 7; the network has 3 logits, so give classes 0 to 2"),
        (X, changed(Y, 8, -100), "hold -100 at index 8; the network has 3 logits"),
    ],
)
def test_data_that_no_network_can_be_right_on_are_refused(inputs, labels, sentence):
    with pytest.raises(RambleError, match=f"Given: .*{sentence}"):
        problem_of(perceptron, inputs, labels)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_data_of_other_splits_are_looked_at_too(split):
    for inputs, labels, sentence in (
        (changed(X, (3, 2), float("nan")), Y, "hold nan"),
        (X, Y + 1, "hold 3 at index"),
        (X[:0], Y[:0], "are none"),
        (X[:, :7], Y, r"the network fails on inputs of the shape \(1, 7\)"),
    ):
        with pytest.raises(RambleError, match=sentence):
            problem_of(perceptron, **{split: (inputs, labels)})


def test_a_training_set_is_needed():
    class Untrained(NetworkProblem):
        def build_network(self) -> nn.Module:
            return perceptron()

    with pytest.raises(RambleError, match=r"Untrained: there is no split 'train' \(but \['test'\]\)"):
        Untrained({"test": (X, Y)})


@unhurried
@given(st.integers(0, 39), st.integers(0, 39), st.sampled_from([torch.float32, torch.float64, torch.float16]))
def test_equal_inputs_need_equal_labels(one, other, dtype):
    inputs = changed(X, other, 0.0)
    inputs[other] = inputs[one]
    labels = changed(Y, other, int(Y[one]))
    problem_of(perceptron, inputs.to(dtype), labels)  # twins
    if one != other:
        first, second = sorted((one, other))
        with pytest.raises(RambleError, match=f"training inputs {first} and {second} are equal .* at least 1 error;"):
            problem_of(
                perceptron, inputs.to(dtype), changed(labels, other, (int(labels[one]) + 1) % 3)
            ).refuse_unavoidable()


def test_inputs_are_compared_as_the_network_sees_them():
    inputs, labels = changed(X, slice(0, 2), 0.0).double(), changed(Y, slice(0, 2), 0)
    inputs[0, 0], labels[1] = -0.0, 1
    with pytest.raises(RambleError, match="training inputs 0 and 1 are equal"):
        problem_of(perceptron, inputs, labels).refuse_unavoidable()
    inputs[0, 0] = 1e-60  # zero in float32
    with pytest.raises(RambleError, match="training inputs 0 and 1 are equal"):
        problem_of(perceptron, inputs, labels).refuse_unavoidable()
    problem = problem_of(lambda: perceptron().double(), inputs, labels)
    problem.refuse_unavoidable()
    assert problem.data("train")[0][0, 0] == 1e-60


def test_later_changes_to_the_given_tensors_change_nothing():
    inputs, labels, tokens = X.clone(), Y.clone(), torch.arange(10).view(5, 2)
    problem = problem_of(perceptron, inputs, labels)
    inputs.fill_(0)
    labels.fill_(0)
    assert all(torch.equal(*both) for both in zip(problem.data("train"), (X, Y), strict=True))
    problem = problem_of(lambda: nn.Sequential(nn.Embedding(10, 2), nn.Flatten(), nn.Linear(4, 3)), tokens, Y[:5])
    tokens.fill_(0)
    assert torch.equal(problem.data("train")[0], torch.arange(10).view(5, 2))


def test_twins_among_test_inputs_are_no_contradiction():
    problem = problem_of(perceptron, test=(X[:1].expand(3, -1), torch.tensor([0, 1, 2])))
    assert int(problem.evaluate(problem.initial_weights(torch.Generator())[None], ZERO, "test").errors) == 2


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.float32, torch.float64])
def test_whole_labels_of_any_dtype_are_classes(dtype):
    labels = problem_of(perceptron, X, Y.to(dtype)).data("train")[1]
    assert labels.dtype == torch.int64
    assert torch.equal(labels, Y)


def test_committees_refuse_other_values_and_contradictions():
    patterns = torch.tensor([[1, 1, -1], [1, -1, 1], [-1, 1, -1]])
    for labels, sentence in (
        ([1, 1, 1], r"patterns 1 and 2 are opposite and their labels 1 and 1; z\(-x\) = -z\(x\)"),
        ([1, 0, 1], r"labels hold 0 at index \(1,\); give \+1 and -1 only"),
        ([1, 1], r"shapes \(3, 3\) and \(2,\)"),
    ):
        with pytest.raises(RambleError, match=sentence):
            committee_on([{"patterns": patterns, "labels": torch.tensor(labels)}]).refuse_unavoidable()
    committee_on([{"patterns": patterns.double(), "labels": torch.tensor([1.0, 1.0, -1.0])}])
    equal, labels = changed(patterns, 2, 1), torch.tensor([1, 1, -1])
    equal[0] = 1
    with pytest.raises(RambleError, match="data set 1: the patterns 0 and 2 are equal and their labels 1 and -1"):
        committee_on(
            [
                {"patterns": patterns, "labels": torch.tensor([1, 1, -1])},
                {"patterns": equal, "labels": torch.tensor([1, 1, -1])},
            ]
        ).allow_errors(0)
    with pytest.raises(RambleError, match=r"patterns hold 0\.5 at index \(0, 0\)"):
        committee_on([{"patterns": changed(patterns.float(), (0, 0), 0.5), "labels": torch.tensor([1, 1, -1])}])
    with pytest.raises(RambleError, match="has no tensor 'labels'"):
        committee_on([{"patterns": patterns}])
    with pytest.raises(RambleError, match="patterns of the shapes"):
        committee_on([{"patterns": patterns[:count], "labels": torch.tensor([1, 1, -1])[:count]} for count in (2, 3)])


def test_images_of_lenet_are_looked_at():
    def lenet(*sets: dict) -> LeNet5Problem:
        return LeNet5Problem(sets, input_mean=0.1307, input_std=0.3081)

    images = random_images(1)
    twins = images["train_images"].clone()
    twins[4] = twins[2]
    labels = images["train_labels"].clone()
    labels[2], labels[4] = 3, 8
    with pytest.raises(RambleError, match=r"training inputs 2 and 4 are equal and their labels are not \(3 and 8\)"):
        lenet(images | {"train_images": twins, "train_labels": labels}).allow_errors(0)
    with pytest.raises(RambleError, match=r"train_images have the shape \(6, 28, 27\); give \(M, 28, 28\)"):
        lenet(images | {"train_images": images["train_images"][:, :, 1:]})
    with pytest.raises(RambleError, match="has no tensor 'test_labels'"):
        lenet({name: value for name, value in images.items() if name != "test_labels"})
    with pytest.raises(RambleError, match="takes one data set and is given 2"):
        lenet(images, images)


# ---------------------------------------------------------------- one logit


def one_logit() -> nn.Module:
    return nn.Sequential(nn.Linear(8, 5), nn.Tanh(), nn.Linear(5, 1))


BINARY = (Y > 0).long()


@pytest.mark.parametrize("make", [one_logit, lambda: nn.Sequential(one_logit(), nn.Flatten(0))], ids=["M, 1", "M"])
@pytest.mark.parametrize("labels", [BINARY, BINARY.bool(), BINARY.float(), 2 * BINARY - 1, 2.0 * BINARY - 1])
def test_one_logit_is_a_binary_network(make, labels):
    problem = problem_of(make, X, labels, test=(X, labels))
    weights = problem.initial_weights(torch.Generator().manual_seed(1))
    z = problem.network(weights)(X).flatten()
    logits = problem.outputs(weights[None], ZERO)[0]
    assert torch.equal(logits, torch.stack([torch.zeros_like(z), z], 1))
    margins = problem.sample_margins(weights[None], ZERO)[0]
    assert torch.allclose(margins, ((2 * BINARY - 1) * z).double(), atol=1e-6)
    losses, gradients = problem.gradients(weights[None], ZERO)
    network = problem.network(weights)
    loss = functional.binary_cross_entropy_with_logits(network(X).flatten(), BINARY.float())
    expected = torch.autograd.grad(loss, list(network.parameters()))
    assert torch.allclose(losses[0], loss, atol=1e-6)
    assert torch.allclose(gradients[0], torch.cat([part.flatten() for part in expected]), atol=1e-6)
    assert int(problem.evaluate(weights[None], ZERO, "test").errors) == int((margins <= 0).sum())


@pytest.mark.parametrize(
    ("train", "test", "sentence"),
    [
        (BINARY * 2, BINARY, "hold 2 at index .* one logit takes the labels 0 and 1, or -1 and"),
        (BINARY, 2 * BINARY - 1, "labels of 'train', 'test' hold both -1 and 0"),
    ],
)
def test_labels_of_one_logit_are_of_one_kind(train, test, sentence):
    with pytest.raises(RambleError, match=sentence):
        problem_of(one_logit, X, train, test=(X, test))


def test_signs_are_no_classes_of_two_logits():
    with pytest.raises(RambleError, match=r"has 2 logits, so give classes 0 to 1 \(or a network with one logit"):
        problem_of(lambda: nn.Linear(8, 2), X, 2 * BINARY - 1)


# ---------------------------------------------------------------- inputs that are whole


def reader() -> nn.Module:
    return nn.Sequential(nn.Embedding(5, 4), nn.Flatten(), nn.Linear(24, 2))


def test_whole_numbers_stay_whole():
    tokens = torch.randint(0, 5, (50, 6), generator=torch.Generator().manual_seed(1))
    problem = problem_of(
        lambda: nn.Sequential(nn.Embedding(5, 4), nn.Flatten(), nn.Linear(24, 2)), tokens, tokens[:, 0] > 2
    )
    weights = problem.initial_weights(torch.Generator().manual_seed(1))[None]
    network = problem.network(weights[0])
    assert problem.data("train")[0].dtype == torch.int64
    assert torch.allclose(problem.outputs(weights, ZERO)[0], network(tokens))
    functional.cross_entropy(network(tokens), (tokens[:, 0] > 2).long()).backward()
    expected = torch.cat([value.grad.flatten() for value in network.parameters()])
    for found in (
        problem.gradients(weights, ZERO)[1],
        problem.batch_gradients(weights, torch.arange(50)[None])[1],
        problem._gradients_batched(weights, 1.0)[1],
    ):
        assert torch.allclose(found[0], expected, atol=1e-6)
    assert problem.sample_margins(weights, ZERO).dtype == torch.float64
    with pytest.raises(RambleError, match="training inputs 0 and 1 are equal"):
        problem_of(
            lambda: nn.Sequential(nn.Embedding(5, 4), nn.Flatten(), nn.Linear(24, 2)),
            tokens[:1].expand(2, -1),
            Y[:2] * 0 + torch.tensor([0, 1]),
        ).refuse_unavoidable()


@pytest.mark.parametrize("dtype", [torch.uint8, torch.bool, torch.int64])
def test_whole_numbers_for_a_layer_that_takes_none_have_a_remedy(dtype):
    with pytest.raises(RambleError, match=r"whole numbers stay whole.*inputs\.float\(\)"):
        problem_of(perceptron, (X > 0).to(dtype), Y)


# ---------------------------------------------------------------- what networks return


@pytest.mark.parametrize(
    ("forward", "sentence"),
    [
        (lambda own, x: (own.linear(x), x), "returns a tuple; return only the logits"),
        (lambda own, x: {"logits": own.linear(x)}, "returns a dict; return only the logits"),
        (lambda own, x: own.linear(x).sum(0), r"outputs of the shape \(3,\) for inputs of the shape \(1, 8\)"),
        (lambda own, x: own.linear(x)[:, :, None], r"outputs of the shape \(1, 3, 1\)"),
        (lambda own, x: own.linear(x)[:, 0].squeeze(), r"outputs of the shape \(\) .*squeeze\(1\) instead of squeeze"),
        (lambda own, x: own.linear(x) / 0, "outputs are not finite at initial weights"),
        (lambda own, x: own.linear(x).argmax(1), "returns torch.int64 where its weights are torch.float32"),
        (lambda own, x: own.linear(x).half(), "returns torch.float16 where its weights are torch.float32; take casts"),
        (
            lambda own, x: functional.linear(x.float(), own.linear.weight.float()),
            "returns torch.float32 where its weights are torch.float64; take casts out",
        ),
        (lambda own, x: own.linear(x * torch.ones(8)[None].float() @ torch.eye(8)), "torch.float64.* in the dtype of"),
        (lambda own, x: own.linear(x.detach()).detach(), "no gradient in any weight; take torch.no_grad"),
        (torch.no_grad()(lambda own, x: own.linear(x)), "no gradient in any weight"),
        (lambda own, x: own.linear(x.relu_()), "writes to its inputs; its first layers must not work in place"),
        (lambda own, x: own.missing(x), "AttributeError: 'Forward' object has no attribute 'missing'"),
        (
            lambda own, x: own.linear(x.float() + 1.0).float().to(x.dtype) + 1e-8 * x.float().mean().to(x.dtype),
            "rounding of float32, take casts|fails on inputs",
        ),
    ],
)
def test_outputs_that_are_no_logits_are_refused(forward, sentence):
    with pytest.raises(RambleError, match=rf"Given\.build_network: .*{sentence}"):
        forward_of(forward)


def counting(own: Forward, inputs: Tensor) -> Tensor:
    own.calls += 1
    return own.linear(inputs)


def counting_in_a_buffer(own: Forward, inputs: Tensor) -> Tensor:
    own.steps += 1
    return own.linear(inputs)


def of_its_own_generator(own: Forward, inputs: Tensor) -> Tensor:
    noise = torch.rand((), generator=GENERATOR, dtype=torch.float64).to(inputs.dtype)
    return own.linear(inputs) * (1 + noise)


def remembering(own: Forward, inputs: Tensor) -> Tensor:
    if own.first is None:
        own.first = own.linear.weight.detach().clone()
    return own.linear(inputs) + (inputs @ own.first.to(inputs.dtype).T)


class Hiding(Forward):
    """Keeps its weights under a second name that no one may replace."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = [self.linear.weight]

    def forward(self, inputs: Tensor) -> Tensor:
        return self.linear(inputs) + inputs @ self.kept[0].T


class Statistical(Forward):
    """Normalises over the batch."""

    def forward(self, inputs: Tensor) -> Tensor:
        return self.linear(inputs) - 1e-3 * self.linear(inputs).mean(0)


class Zeroed(Statistical):
    """The same with a last layer that begins at zero, which hides it."""

    def __init__(self) -> None:
        super().__init__()
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)


def normalised(**options: bool) -> nn.Module:
    return nn.Sequential(nn.Linear(8, 3), nn.BatchNorm1d(3, **options))


GENERATOR = torch.Generator().manual_seed(1)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: nn.Sequential(nn.Linear(8, 3), nn.BatchNorm1d(3, track_running_stats=False)),
            "a single input must do",
        ),
        (Statistical, "logits change with the other inputs of the batch, by .*; take GroupNorm or LayerNorm"),
        (Zeroed, "logits change with the other inputs of the batch"),
        (lambda: Forward(lambda own, x: own.linear(x) + x.std()), "change with the other inputs|not finite"),
        (lambda: Forward(lambda own, x: own.linear(x) + (len(x) > 10)), "change with the other inputs of the batch"),
        (lambda: Forward(lambda own, x: own.linear(x) + (len(x) > 30)), "change with the other inputs of the batch"),
        (lambda: Forward(lambda own, x: own.linear(x.roll(1, 0))), "change with the other inputs of the batch"),
        (
            lambda: nn.Sequential(nn.Linear(8, 3), nn.BatchNorm1d(3)),
            r"'1\.running_mean' is kept beside the weights and",
        ),
        (lambda: parametrizations.spectral_norm(nn.Linear(8, 3)), r"_u' is kept beside the weights and changes in tr"),
        (
            lambda: Forward(lambda own, x: own.linear(functional.dropout(x, 0.2))),
            "draws random numbers in evaluation mode",
        ),
        (lambda: Forward(lambda own, x: own.linear(x) + 0 * torch.rand(1).to(x)), "draws random numbers in evaluation"),
        (lambda: Forward(lambda own, x: own.linear(x) * random.random()), "draws random numbers|change from one ev"),
        (lambda: Forward(lambda own, x: own.linear(x) * np.random.rand()), "draws random numbers|change from one ev"),  # noqa: NPY002
        (lambda: Forward(of_its_own_generator), "logits change from one evaluation to the next"),
        (lambda: Forward(counting, calls=0), "'calls' changes from one evaluation to the next"),
        (
            lambda: Forward(counting_in_a_buffer, steps=nn.Buffer(torch.zeros(()))),
            "'steps' changes from one evaluation",
        ),
        (lambda: Forward(remembering, first=None), "are others where torch.func.functional_call replaces the weights"),
        (Hiding, "are others where torch.func.functional_call replaces the weights"),
    ],
)
def test_logits_are_a_function_of_weights_and_one_input(make, sentence):
    before = torch.get_rng_state()
    with pytest.raises(RambleError, match=rf"Given\.build_network: .*({sentence})"):
        problem_of(make)
    assert torch.equal(torch.get_rng_state(), before)


def test_statistics_over_space_are_seen_with_a_single_training_input():
    images = torch.randn(1, 1, 8, 8, generator=torch.Generator().manual_seed(1))

    def make() -> nn.Module:
        norm = nn.BatchNorm2d(3, track_running_stats=False)
        return nn.Sequential(nn.Conv2d(1, 3, 3), norm, nn.Flatten(), nn.Linear(108, 3))

    with pytest.raises(RambleError, match="change with the other inputs of the batch"):
        problem_of(make, images, Y[:1])


def test_rounding_of_float32_that_would_decide_margins_is_refused():
    def cancelling(own: Forward, inputs: Tensor) -> Tensor:
        return (own.linear(inputs) + 1e6) - 1e6

    with pytest.raises(RambleError, match=r"float32 and float64 logits differ by .* return a float64 network"):
        forward_of(cancelling)
    problem_of(lambda: Forward(cancelling).double())


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.last = nn.Linear(8, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        sequence = inputs.view(-1, 1, 8) * inputs.view(-1, 8, 1)
        return self.last(self.attention(sequence, sequence, sequence)[0].mean(1))


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cells = nn.LSTM(1, 4, batch_first=True, dropout=0.5, num_layers=2)
        self.last = nn.Linear(4, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.last(self.cells(inputs.unsqueeze(2))[0][:, -1])


def transformer() -> nn.Module:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    return nn.Sequential(nn.Unflatten(1, (1, 8)), layer, nn.Flatten(), nn.Linear(8, 3))


SOUND = {
    "layer norm": lambda: nn.Sequential(nn.Linear(8, 6), nn.LayerNorm(6), nn.Linear(6, 3)),
    "dropout": lambda: nn.Sequential(nn.Linear(8, 6), nn.Dropout(0.5), nn.ReLU(inplace=True), nn.Linear(6, 3)),
    "attention": Attention,
    "transformer": transformer,
    "recurrent": Recurrent,
    "weight norm": lambda: nn.Sequential(parametrizations.weight_norm(nn.Linear(8, 3))),
    "zeros": lambda: Forward(lambda own, x: 0 * own.linear(x)),
    "softmax": lambda: nn.Sequential(nn.Linear(8, 3), nn.Softmax(1)),
}


class Batched(Given):
    """As on a GPU."""

    batched_on = ("cpu",)


NO_VMAP = {"attention", "transformer", "recurrent", "weight norm"}


@pytest.mark.parametrize("name", SOUND)
@pytest.mark.parametrize("kind", [Given, Batched])
def test_networks_that_depend_on_nothing_else_work(name, kind, caplog):
    problem = kind(SOUND[name], X, Y)
    assert problem._batches_chains == (kind is Batched and name not in NO_VMAP)
    weights = torch.stack([problem.initial_weights(torch.Generator().manual_seed(seed)) for seed in (1, 2)])
    inputs = problem.data("train")[0]
    expected = torch.stack([problem.network(row)(inputs) for row in weights]).detach()
    assert torch.allclose(problem.outputs(weights, ZERO.repeat(2)), expected, atol=1e-5)
    gradients = problem.gradients(weights, ZERO.repeat(2))[1]
    for row in range(2):
        network = problem.network(weights[row])
        functional.cross_entropy(network(inputs), Y).backward()
        gradient = torch.cat([value.grad.flatten() for value in network.parameters()])
        assert torch.allclose(gradients[row], gradient, atol=1e-5)
    assert not caplog.records


# ---------------------------------------------------------------- what moves and what stays


def frozen_backbone() -> nn.Module:
    return nn.Sequential(nn.Linear(8, 6).requires_grad_(False), nn.Tanh(), nn.Linear(6, 3))


def test_frozen_weights_stay_and_are_not_counted():
    problem = problem_of(frozen_backbone)
    assert problem.n_weights == 6 * 3 + 3
    assert list(problem.shapes) == ["2.weight", "2.bias"]
    first, second = (problem.initial_weights(torch.Generator().manual_seed(seed)) for seed in (1, 2))
    assert not torch.equal(first, second)
    networks = [problem.network(weights) for weights in (first, second)]
    for name in ("weight", "bias"):
        kept = [getattr(network[0], name) for network in networks]
        assert torch.equal(*kept)
        assert not any(value.requires_grad for value in kept)
    again = problem_of(frozen_backbone).network(first)
    assert torch.equal(again[0].weight, networks[0][0].weight)  # as another process builds it
    gradient = problem.gradients(first[None], ZERO)[1]
    assert gradient.shape == (1, 21)
    loss = functional.cross_entropy(networks[0](X), Y)
    parts = torch.autograd.grad(loss, [value for value in networks[0].parameters() if value.requires_grad])
    assert torch.allclose(gradient[0], torch.cat([part.flatten() for part in parts]), atol=1e-6)
    assert torch.allclose(problem.outputs(first[None], ZERO)[0], networks[0](X), atol=1e-6)


def test_what_the_user_made_is_never_written_to():
    backbone, head = nn.Linear(8, 6).requires_grad_(False), nn.Linear(6, 3)
    made = nn.Sequential(backbone, nn.Dropout(0.5), head).train()
    shift = torch.ones(8)
    made.shift = shift
    before = copy.deepcopy(made.state_dict())
    problem = problem_of(lambda: made)
    weights = torch.randn(problem.n_weights)
    problem.gradients(weights[None], ZERO)
    network = problem.network(weights.double())
    with torch.no_grad():
        for value in network.parameters():
            value.fill_(7.0)
    assert all(torch.equal(value, before[name]) for name, value in made.state_dict().items())
    assert [value.requires_grad for value in made.parameters()] == [False, False, True, True]
    assert all(module.training for module in made.modules())
    assert all(value.grad is None and value.dtype == torch.float32 for value in made.parameters())
    assert made.shift is shift
    assert torch.equal(shift, torch.ones(8))
    assert torch.equal(problem.network(weights)[2].bias, weights[-3:])  # and later networks are others


class Constant(nn.Module):
    """Scales its inputs by what is kept in one of several ways."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.linear = nn.Linear(8, 3)
        self.kind = kind
        scale = torch.linspace(1, 2, 8)
        if kind in ("persistent", "passing"):
            self.register_buffer("scale", scale, persistent=kind == "persistent")
        elif kind == "frozen":
            self.scale = nn.Parameter(scale, requires_grad=False)
        else:
            self.scale = {"plain": scale, "float64": scale.double(), "list": [scale], "dict": {"a": (scale,)}}[kind]

    def forward(self, inputs: Tensor) -> Tensor:
        scale = self.scale
        while not isinstance(scale, Tensor):
            scale = scale[0] if isinstance(scale, list | tuple) else scale["a"]
        return self.linear(inputs * scale)


@pytest.mark.parametrize("kind", ["persistent", "passing", "frozen", "plain", "float64", "list", "dict"])
@pytest.mark.parametrize("batched", [Given, Batched])
def test_constants_work_in_every_dtype(kind, batched):
    problem = batched(lambda: Constant(kind), X, Y)
    assert list(problem.shapes) == ["linear.weight", "linear.bias"]
    for dtype in (torch.float32, torch.float64):
        weights = torch.randn(2, 27, dtype=dtype, generator=torch.Generator().manual_seed(1))
        state = problem.unflatten(weights[0])
        inputs = X.to(dtype) * torch.linspace(1, 2, 8).to(dtype)
        expected = inputs @ state["linear.weight"].T + state["linear.bias"]
        assert torch.allclose(problem.outputs(weights, ZERO.repeat(2))[0], expected, atol=1e-5)
        assert problem.network(weights[0])(X.to(dtype)).dtype == dtype
        assert problem.gradients(weights, ZERO.repeat(2))[1].dtype == dtype
    assert problem.evaluate(weights.float(), ZERO.repeat(2)).errors.shape == (2,)


class Rotary(nn.Module):
    """Multiplies by complex numbers of absolute value 1."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(8, 3)
        self.register_buffer("turn", torch.polar(torch.ones(4), torch.linspace(0, 1, 4)), persistent=False)

    def forward(self, inputs: Tensor) -> Tensor:
        pairs = torch.view_as_complex(inputs.view(-1, 4, 2).contiguous()) * self.turn
        return self.linear(torch.view_as_real(pairs).flatten(1))


def test_complex_constants_stay_complex():
    problem = problem_of(Rotary)
    weights = problem.initial_weights(torch.Generator().manual_seed(1)).double()
    assert problem.network(weights).turn.dtype == torch.complex128
    assert torch.isfinite(problem.outputs(weights[None], ZERO)).all()


def test_a_constant_that_two_calls_make_differently_is_refused():
    chance = random.Random(1)

    def kept(own: Forward, inputs: Tensor) -> Tensor:
        return own.linear(inputs) * own.kept()

    with pytest.raises(RambleError, match=r"build_network: 'scale' does not move along a path, and two calls return"):
        problem_of(lambda: Forward(lambda own, x: own.linear(x) * own.scale, scale=torch.tensor(chance.random())))
    with pytest.raises(RambleError, match="logits differ between two calls for equal weights"):
        problem_of(lambda: Forward(kept, kept=partial(float, chance.random())))
    sizes = iter([4, 5])
    with pytest.raises(RambleError, match=r"two calls return networks that differ in '0\.\w+'"):
        problem_of(lambda: nn.Sequential(nn.Linear(8, size := next(sizes)), nn.Linear(size, 3)))


class Gained(nn.Module):
    """Scales what is hidden by a gain that its forward pass reaches in one of several ways."""

    def __init__(self, way: str, trainable: bool = True) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(8, 4), nn.Linear(4, 3)
        self.gain = nn.Parameter(torch.ones(4), requires_grad=trainable)
        if way == "closure":
            self.own_gain = lambda: self.gain
        elif way == "weak reference":
            reference = weakref.ref(self)
            self.own_gain = lambda: reference().gain
        elif way == "global":
            self.own_gain = lambda: GLOBAL
        else:
            self.own_gain = self._found if way == "method" else partial(getattr, self, "gain")

    def _found(self) -> nn.Parameter:
        return self.gain

    def forward(self, inputs: Tensor) -> Tensor:
        return self.last(self.first(inputs).relu() * self.own_gain())


GLOBAL = nn.Parameter(torch.ones(4))


@pytest.mark.parametrize("trainable", [True, False])
@pytest.mark.parametrize("way", ["closure", "weak reference", "global"])
def test_weights_that_a_copy_does_not_have_are_refused(way, trainable):
    built = Gained(way, trainable)  # kept, for a weak reference keeps nothing
    with pytest.raises(
        RambleError, match=r"uses a weight of the shape \(4,\) that is none of its own, .* through self"
    ):
        problem_of(lambda: built)


@pytest.mark.parametrize("way", ["method", "partial"])
def test_weights_that_a_copy_has_follow(way):
    problem = problem_of(lambda: Gained(way))
    weights = problem.initial_weights(torch.Generator().manual_seed(1))
    state = problem.unflatten(weights)
    state["gain"][:] = 0
    assert torch.allclose(problem.outputs(problem.flatten(state)[None], ZERO), state["last.bias"])


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.last = (nn.Linear(8, size, bias=False) for size in (8, 8, 3))
        self.second.weight = self.first.weight

    def forward(self, inputs: Tensor) -> Tensor:
        return self.last(torch.tanh(self.second(torch.tanh(self.first(inputs)))))


def test_weights_under_two_names_are_one(tmp_path):
    from ramble.problems.stored import read_weights
    from ramble.store.tensors import write_tensors

    problem = problem_of(Tied)
    assert list(problem.shapes) == ["first.weight", "last.weight"]
    weights = problem.initial_weights(torch.Generator().manual_seed(1))
    network = problem.network(weights)
    assert network.first.weight is network.second.weight
    assert torch.allclose(problem.outputs(weights[None], ZERO)[0], network(X), atol=1e-6)
    functional.cross_entropy(network(X), Y).backward()
    expected = torch.cat([value.grad.flatten() for value in network.parameters()])
    assert torch.allclose(problem.gradients(weights[None], ZERO)[1][0], expected, atol=1e-6)
    state = problem.state_dict(weights)
    file = str(tmp_path / "0-0.safetensors")
    write_tensors(file, state, {})
    assert torch.equal(read_weights(problem, file), weights)
    Tied().load_state_dict(state)
    write_tensors(file, state | {"second.weight": state["second.weight"] + 1}, {})
    with pytest.raises(RambleError, match=r"0-0.safetensors: holds another 'second.weight'.*two names; delete it"):
        read_weights(problem, file)


@pytest.mark.parametrize("make", [frozen_backbone, lambda: Constant("persistent"), lambda: Constant("frozen")])
def test_files_hold_the_whole_state_dict_and_another_constant_is_refused(make, tmp_path):
    from ramble.problems.stored import read_weights
    from ramble.store.tensors import write_tensors

    problem, file = problem_of(make), str(tmp_path / "0-0.safetensors")
    weights = problem.initial_weights(torch.Generator().manual_seed(1))
    state = problem.state_dict(weights)
    loaded = make()
    loaded.load_state_dict(state)
    assert torch.allclose(loaded(X), problem.outputs(weights[None], ZERO)[0], atol=1e-6)
    write_tensors(file, state, {})
    assert torch.equal(read_weights(problem, file), weights)
    (name, *_) = state.keys() - problem.shapes.keys()
    for other, sentence in (
        (state | {name: state[name] + 1}, f"holds another '{name}'"),
        ({key: value for key, value in state.items() if key != name}, "the network of this study has"),
        ({key: value.double() for key, value in state.items()}, "holds weights in torch.float64"),
    ):
        write_tensors(file, other, {})
        with pytest.raises(RambleError, match=sentence):
            read_weights(problem, file)


def test_float64_networks_stay_float64():
    problem = problem_of(lambda: perceptron().double(), X)
    weights = problem.initial_weights(torch.Generator().manual_seed(1))
    assert problem.dtype == weights.dtype == problem.data("train")[0].dtype == torch.float64
    assert problem.outputs(weights[None], ZERO).dtype == torch.float64
    assert all(part.dtype == torch.float64 for part in problem.gradients(weights[None], ZERO))
    assert all(value.dtype == torch.float64 for value in problem.state_dict(weights).values())
    assert problem.evaluate(weights[None], ZERO).min_margins.dtype == torch.float64


def listed() -> nn.Module:
    module = Forward(lambda own, x: own.linear(own.others[0](x)))
    module.others = [nn.Linear(8, 8)]
    return module


def sharing() -> nn.Module:
    module = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 3))
    module[1].weight = nn.Parameter(module[0].weight.data)
    return module


def old_weight_norm() -> nn.Module:
    with pytest.warns(FutureWarning):
        return nn.Sequential(torch.nn.utils.weight_norm(nn.Linear(8, 3)))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: perceptron().requires_grad_(False), "the network has no trainable weights"),
        (
            lambda: nn.Sequential(nn.LazyLinear(3)),
            r"'0\.weight' has no shape before the first input; give shapes",
        ),
        (lambda: perceptron().half(), r"'0\.weight' is torch\.float16; all weights must be torch\.float32"),
        (lambda: perceptron().bfloat16(), r"'0\.weight' is torch\.bfloat16"),
        (
            lambda: nn.Sequential(nn.Linear(8, 5), nn.Linear(5, 3).double()),
            r"'1\.weight' is torch\.float64; all weights",
        ),
        (lambda: perceptron().to("meta"), "is on torch's meta device"),
        (lambda: perceptron().state_dict(), "returns an OrderedDict; return a plain nn.Module"),
        (listed, r"'others\[0\]' is a module in a plain list or dictionary, which hides its weights"),
        (
            lambda: Forward(None, extra=torch.ones(3, requires_grad=True)),
            "'extra' requires a gradient and is no parameter",
        ),
        (
            lambda: Forward(None, extra=[nn.Parameter(torch.ones(3))]),
            r"'extra\[0\]' requires a gradient and is",
        ),
        (sharing, r"'\d\.weight' and '\d\.weight' share memory and are two tensors"),
        (old_weight_norm, "'0.weight' is computed from weights when the network is built"),
        (lambda: Forward(None, lines=(line for line in "ab")), "the network cannot be copied .*generator"),
    ],
)
def test_networks_that_cannot_be_walked_are_refused(make, sentence):
    with pytest.raises(RambleError, match=rf"Given\.build_network: .*{sentence}"):
        problem_of(make)


class Idle(Forward):
    def __init__(self) -> None:
        super().__init__()
        self.idle = nn.Linear(2, 2)


def test_weights_without_a_part_are_named_and_allowed(caplog):
    problem = problem_of(Idle)
    assert [record.message for record in caplog.records] == [
        "Given.build_network: no gradient of the logits of some inputs reaches idle.weight, idle.bias"
    ]
    weights = problem.initial_weights(torch.Generator().manual_seed(1))
    gradient = problem.unflatten(problem.gradients(weights[None], ZERO)[1][0])
    assert not gradient["idle.weight"].any()
    assert gradient["linear.weight"].any()


# ---------------------------------------------------------------- gradients by chunks


@pytest.mark.parametrize("kind", [Given, Batched])
@pytest.mark.parametrize("size", [1, 7, 13, 39, 40, 500])
def test_gradients_summed_over_chunks_are_those_of_all_inputs(kind, size):
    problem = kind(perceptron, X, Y)
    weights = torch.randn(2, problem.n_weights, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    samples = torch.stack([torch.arange(40), torch.arange(40).flip(0)])
    whole = [*problem.gradients(weights, ZERO.repeat(2), 1.3), *problem.batch_gradients(weights, samples)]
    problem._gradient_chunk = size
    parts = [*problem.gradients(weights, ZERO.repeat(2), 1.3), *problem.batch_gradients(weights, samples)]
    for found, expected in zip(parts, whole, strict=True):
        assert torch.allclose(found, expected, rtol=1e-12, atol=1e-14)
        assert size < 40 or torch.equal(found, expected)


# ---------------------------------------------------------------- from training to paths


def wide(outputs: int = 3) -> nn.Module:
    return nn.Sequential(nn.Linear(8, 60), nn.ReLU(), nn.Linear(60, outputs))


def wide_on_frozen() -> nn.Module:
    return nn.Sequential(nn.Linear(8, 20).requires_grad_(False), nn.Tanh(), nn.Linear(20, 8), wide())


@pytest.mark.parametrize(
    ("make", "labels", "dtype"),
    [
        (lambda: nn.Sequential(wide(1), nn.Flatten(0)), 2.0 * BINARY[:15] - 1, torch.float32),
        (wide_on_frozen, Y[:15], torch.float32),
        (lambda: wide().double(), Y[:15], torch.float64),
    ],
    ids=["one logit", "frozen", "float64"],
)
def test_such_networks_are_trained_and_joined(make, labels, dtype):
    problem = problem_of(make, X[:15], labels)
    recipe = Recipe(count=2, rate=0.2, settling=Settling(max_steps=300))
    ends = torch.stack([found.weights for found in find_solutions(problem, 1, "x", recipe)])
    assert ends.dtype == dtype
    (path,) = connect(problem, TRACKER, ends[:1], ends[1:], ZERO, silent(TRACKER.settings.budget))
    assert path.status == "arrived"
    assert path.points.dtype == dtype
    for start, end in pairwise(path.points):
        rows = torch.stack([torch.lerp(start, end, t / 7) for t in range(8)])
        assert (problem.sample_margins(rows, torch.zeros(8, dtype=torch.long)) > 0).all()


# ---------------------------------------------------------------- the study


def test_a_refusal_names_the_study(tmp_path):
    from ramble.problems.stored import load_problem
    from ramble.store.tensors import write_tensors

    file = str(tmp_path / "0.safetensors")
    images = random_images(1)
    write_tensors(file, images | {"train_labels": images["train_labels"] + 10}, {"study": "mnist100"})
    arguments = {"input_mean": 0.1307, "input_std": 0.3081}
    with pytest.raises(RambleError, match=r"study 'mnist100', LeNet5Problem: the labels of 'train' hold 1\d at"):
        load_problem("ramble.problems.lenet.LeNet5Problem", arguments, [file], torch.device("cpu"))


class Anew(nn.Module):
    """Computes its hidden units anew in the backward pass, from the weights that are there then."""

    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        self.first, self.norm, self.last = nn.Linear(8, 8), norm, nn.Linear(8, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        def hidden(found: Tensor) -> Tensor:
            return self.norm(self.first(found)).relu()

        return self.last(checkpoint(hidden, inputs, use_reentrant=False))


@pytest.mark.parametrize(("norm", "way"), [(nn.Identity, None), (lambda: nn.BatchNorm1d(8), "reestimate")])
def test_a_backward_pass_that_computes_anew_is_refused_for_its_weights_are_gone_by_then(norm, way):
    class Mine(NetworkProblem):
        def build_network(self) -> nn.Module:
            return Anew(norm())

    with pytest.raises(RambleError, match=r"have other derivatives .* leave torch\.utils\.checkpoint out"):
        Mine({"train": (X, Y)}, batch_norm=way)


class OtherUnderVmap(nn.Module):
    """Its derivatives for many networks at once are not those for one."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(8, 4), nn.Linear(4, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = self.first(inputs)
        return self.last(hidden.detach() if torch._C._functorch.is_functorch_wrapped_tensor(hidden) else hidden)


def test_networks_whose_derivatives_vmap_makes_others_are_taken_one_by_one():
    class Batched(Given):
        batched_on = ("cpu",)

    problem = Batched(OtherUnderVmap, X, Y)
    weights = torch.stack([problem.initial_weights(torch.Generator().manual_seed(seed)) for seed in (0, 1)])
    gradients = problem.gradients(weights, torch.zeros(2, dtype=torch.long))[1]
    assert problem.unflatten(gradients[0])["first.weight"].norm() > 0


IMAGES = torch.randn(20, 3, 6, 6, generator=torch.Generator().manual_seed(0))


class Flattening(nn.Module):
    """Images in a row, by one of the ways that people write."""

    def __init__(self, flat, convolves: bool) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 3, 3, padding=1) if convolves else nn.Identity()
        self.last, self.flat = nn.Linear(108, 3), flat

    def forward(self, inputs: Tensor) -> Tensor:
        return self.last(self.flat(self.first(inputs)))


@pytest.mark.parametrize("convolves", [True, False])
@pytest.mark.parametrize(("flat", "innermost"), [
    (lambda x: x.flatten(1), True),
    (lambda x: x.reshape(-1, 108), True),
    (lambda x: x.view(x.size(0), -1), False),
    (lambda x: x.view(-1, 108), False),
    (lambda x: x.as_strided((len(x), 108), (108, 1), x.storage_offset()), False),  # other numbers, and no error
])  # fmt: skip
def test_a_network_sees_the_images_that_are_given_whatever_their_order_in_memory(flat, innermost, convolves):
    problem = problem_of(lambda: Flattening(flat, convolves), IMAGES, torch.arange(20) % 3)
    weights = problem.initial_weights(torch.Generator().manual_seed(1))
    assert problem.channels_last == innermost
    with torch.no_grad():
        expected = problem.network(weights)(IMAGES)
    torch.testing.assert_close(problem.outputs(weights[None], ZERO)[0], expected)
    own = problem.margins_on(weights[None], ZERO, torch.arange(20))
    torch.testing.assert_close(own, problem.sample_margins(weights[None], ZERO)[0])
    assert problem.gradients(weights[None], ZERO)[1].isfinite().all()


def test_weights_of_no_dimension_are_weights():
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale, self.linear = nn.Parameter(torch.tensor(2.0)), nn.Linear(8, 3)

        def forward(self, inputs: Tensor) -> Tensor:
            return self.scale * self.linear(inputs)

    problem = problem_of(Scaled)
    weights = torch.randn(3, 28, generator=torch.Generator().manual_seed(0))
    assert torch.equal(problem.unflatten(weights)["scale"], weights[:, 0])
    assert torch.equal(problem.flatten(problem.state_dict(weights[1])), weights[1])
    numerically = torch.autograd.functional.jacobian(lambda row: problem.outputs(row[None], ZERO)[0], weights[0])
    assert numerically.shape == (40, 3, 28)
    assert problem.gradients(weights, torch.zeros(3, dtype=torch.long))[1].shape == (3, 28)
    assert group_of(problem, "scale", "here").unflatten(weights[:, :1])["scale"].shape == (3,)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: nn.DataParallel(perceptron()), r"is wrapped in DataParallel; return what is inside \(its module\)"),
        (lambda: nn.Sequential(nn.LazyLinear(3)), "has no shape before the first input"),
        (
            lambda: nn.Sequential(
                nn.Unflatten(1, (2, 4)), nn.InstanceNorm1d(2, track_running_stats=True), nn.Flatten(), nn.Linear(8, 3)
            ),
            r"'1\.running_mean' is kept beside the weights and changes in training.*; leave it out of the network",
        ),
        (lambda: nn.Sequential(nn.BatchNorm1d(8), nn.Linear(8, 3)), r"changes in training.*; give batch_norm='reest"),
        (lambda: Forward(lambda own, x, mask: own.linear(x)), "is given the inputs and nothing else: wrap what takes"),
        (
            lambda: Forward(lambda own, x: own.linear(x.float())),
            r"make and cast tensors in the forward pass in the dtype of the weights \(x\.to\(self\.weight\.dtype\)",
        ),
    ],
)
def test_what_a_network_is_refused_for_is_named_with_a_remedy_that_works(make, sentence):
    with pytest.raises(RambleError, match=sentence):
        problem_of(make)
