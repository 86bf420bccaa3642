"""Margin and loss against sample-by-sample arithmetic."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from unhurried import unhurried

from ramble.problems.margins import margins, mean_loss

whole_logits = st.lists(st.integers(-4, 4), min_size=2, max_size=6)


def test_binary_margin_is_label_times_output():
    outputs = torch.tensor([[0.5, -2.0, 0.0], [-1.5, 3.0, 4.0]])
    labels = torch.tensor([[1.0, -1.0, 1.0], [1.0, 1.0, -1.0]])
    by_hand = [[0.5, 2.0, 0.0], [-1.5, 3.0, -4.0]]
    assert margins(outputs, labels).tolist() == by_hand


def test_multiclass_margin_is_true_logit_minus_largest_other():
    random = torch.Generator().manual_seed(3)
    outputs = torch.randn(2, 7, 5, generator=random, dtype=torch.float64)
    labels = torch.randint(0, 5, (2, 7), generator=random)
    found = margins(outputs, labels)
    for chain in range(2):
        for sample in range(7):
            logits, label = outputs[chain, sample].tolist(), int(labels[chain, sample])
            others = [logit for number, logit in enumerate(logits) if number != label]
            assert float(found[chain, sample]) == logits[label] - max(others)


def test_labels_of_one_data_set_serve_all_networks():
    outputs = torch.tensor([[[1.0, 3.0]], [[4.0, 2.0]]])
    assert margins(outputs, torch.tensor([1])).tolist() == [[2.0], [-2.0]]


@pytest.mark.parametrize(
    ("outputs", "labels"),
    [(torch.tensor([0.0]), torch.tensor([1.0])), (torch.tensor([[2.0, 2.0, 1.0]]), torch.tensor([0]))],
    ids=["binary", "multi-class"],
)
def test_a_tie_has_no_positive_margin(outputs, labels):
    assert margins(outputs, labels).item() == 0.0


def test_binary_loss_is_cross_entropy_of_half_one_plus_tanh():
    outputs, labels = [0.3, -1.2, 2.5, 0.0], [1.0, 1.0, -1.0, -1.0]
    losses = []
    for output, label in zip(outputs, labels, strict=True):
        probability = (1 + math.tanh(output)) / 2
        losses.append(-math.log(probability if label > 0 else 1 - probability))
    found = mean_loss(torch.tensor(outputs, dtype=torch.float64), torch.tensor(labels, dtype=torch.float64))
    assert float(found) == pytest.approx(sum(losses) / 4, rel=1e-12)


def test_multiclass_loss_is_minus_log_softmax():
    random = torch.Generator().manual_seed(4)
    outputs = torch.randn(2, 3, 4, generator=random, dtype=torch.float64)
    labels = torch.randint(0, 4, (2, 3), generator=random)
    found = mean_loss(outputs, labels, output_gain=1.7)
    for chain in range(2):
        losses = []
        for sample in range(3):
            logits = [1.7 * logit for logit in outputs[chain, sample].tolist()]
            share = math.exp(logits[int(labels[chain, sample])]) / sum(math.exp(logit) for logit in logits)
            losses.append(-math.log(share))
        assert float(found[chain]) == pytest.approx(sum(losses) / 3, rel=1e-12)


def test_output_gain_multiplies_binary_outputs():
    outputs, labels = torch.tensor([0.3, -0.4], dtype=torch.float64), torch.tensor([1.0, 1.0], dtype=torch.float64)
    by_hand = (math.log1p(math.exp(-2 * 2.5 * 0.3)) + math.log1p(math.exp(2 * 2.5 * 0.4))) / 2
    assert float(mean_loss(outputs, labels, output_gain=2.5)) == pytest.approx(by_hand, rel=1e-12)


@unhurried
@given(st.floats(-8, 8))
def test_half_one_plus_tanh_is_sigmoid_of_twice_the_output(output):
    loss = float(mean_loss(torch.tensor([output], dtype=torch.float64), torch.tensor([1.0], dtype=torch.float64)))
    assert math.exp(-loss) == pytest.approx((1 + math.tanh(output)) / 2, rel=1e-8)


@unhurried
@given(whole_logits, st.data())
def test_margin_is_positive_exactly_when_the_largest_logit_is_unique_and_true(logits, data):
    label = data.draw(st.integers(0, len(logits) - 1))
    margin = float(margins(torch.tensor([logits], dtype=torch.float64), torch.tensor([label])))
    correct = logits[label] == max(logits) and logits.count(max(logits)) == 1
    assert (margin > 0) == correct


@unhurried
@given(whole_logits, st.integers(-1000, 1000), st.data())
def test_adding_a_constant_to_all_logits_changes_neither_margin_nor_loss(logits, constant, data):
    label = torch.tensor([data.draw(st.integers(0, len(logits) - 1))])
    outputs = torch.tensor([logits], dtype=torch.float64)
    assert torch.equal(margins(outputs + constant, label), margins(outputs, label))
    assert torch.allclose(mean_loss(outputs + constant, label), mean_loss(outputs, label), rtol=1e-10, atol=1e-10)
