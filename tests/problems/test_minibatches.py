"""Minibatches: every sample in turn, or the hardest most often, and looks that stop early."""

import torch
from small_problems import smooth_problem

from ramble.problems.minibatches import Hardest, epoch


def test_an_epoch_holds_every_sample_once():
    batches = epoch(10, 4, torch.Generator().manual_seed(1))
    assert [len(batch) for batch in batches] == [4, 4, 2]
    assert sorted(torch.cat(list(batches)).tolist()) == list(range(10))


def test_the_hardest_samples_are_drawn_as_often_as_the_focus_says():
    margins = torch.arange(1000.0).flip(0)
    drawn = Hardest(margins).draw((200, 100), 3.0, torch.Generator().manual_seed(2))
    ranks = 999 - drawn  # sample 999 has the smallest margin
    for first in (1, 10, 100, 500):
        assert abs(float((ranks < first).double().mean()) - (first / 1000) ** (1 / 3)) < 0.02
    alike = Hardest(margins).draw((200, 100), 1.0, torch.Generator().manual_seed(2))
    assert abs(float((alike < 500).double().mean()) - 0.5) < 0.02


def test_a_look_stops_after_the_hardest_if_one_of_them_is_too_hard(monkeypatch):
    monkeypatch.setattr("ramble.problems.minibatches.FIRST", 10)
    hardest = Hardest(torch.arange(100.0))
    asked = []

    def margins_of(samples: torch.Tensor) -> torch.Tensor:
        asked.append(samples.tolist())
        return torch.where(samples == 3, -1.0, 50.0)

    assert not hardest.look(margins_of, 1.0)
    assert asked == [list(range(10))]
    assert (hardest.errors, hardest.smallest) == (1, -1.0)
    assert hardest.margins[10] == 10.0  # as seen before


def test_a_look_takes_in_everything_in_growing_blocks_where_the_hardest_pass(monkeypatch):
    monkeypatch.setattr("ramble.problems.minibatches.FIRST", 10)
    hardest, wide = Hardest(torch.arange(100.0)), torch.full((100,), 5.0)
    asked = []

    def margins_of(samples: torch.Tensor) -> torch.Tensor:
        asked.append(len(samples))
        return wide[samples]

    assert hardest.look(margins_of, 5.0)
    assert asked == [10, 40, 50]
    assert torch.equal(hardest.margins, wide)
    wide[77] = 4.0
    assert not hardest.look(lambda samples: wide[samples], 5.0)
    assert hardest.smallest == 4.0


def test_gradients_and_margins_of_all_samples_are_those_of_the_whole_training_set():
    problem = smooth_problem(samples=12)
    weights = torch.randn(2, 31, generator=torch.Generator().manual_seed(3))
    zeros, every = torch.zeros(2, dtype=torch.long), torch.arange(12)
    for ours, theirs in zip(
        problem.batch_gradients(weights, every.expand(2, -1)), problem.gradients(weights, zeros), strict=True
    ):
        assert torch.allclose(ours, theirs, atol=1e-6)
    expected = problem.sample_margins(weights[:1], zeros[:1])[0]
    assert torch.allclose(problem.batch_margins(weights[0], every).double(), expected, atol=1e-5)
    assert torch.allclose(problem.batch_margins(weights[0], every[3:5]).double(), expected[3:5], atol=1e-5)


def test_every_network_has_its_own_minibatch():
    problem = smooth_problem(samples=12)
    weights = torch.randn(31, generator=torch.Generator().manual_seed(4)).expand(2, -1)
    batches = torch.tensor([[0, 1, 2], [3, 4, 5]])
    _, gradients = problem.batch_gradients(weights, batches)
    for row, batch in enumerate(batches):
        _, (alone,) = problem.batch_gradients(weights[:1], batch[None])
        assert torch.allclose(gradients[row], alone, atol=1e-6)
    assert not torch.allclose(gradients[0], gradients[1])
