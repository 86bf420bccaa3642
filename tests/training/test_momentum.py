"""Momentum and one cycle of the rate: steps are those of torch, and nothing changes where they are not asked for."""

from functools import partial
from pathlib import Path

import pytest
import torch
from small_problems import WideProblem, wide_problem
from torch.nn import functional

from ramble.problems.minibatches import epoch
from ramble.problems.seeds import generator
from ramble.store.checkpoints import Checkpoint
from ramble.store.stamps import digest_of
from ramble.training import stochastic
from ramble.training.descent import Solution
from ramble.training.step import minibatch_step, nesterov_step, one_cycle
from ramble.training.stochastic import find_stochastic_solutions
from ramble.training.stochastic_settings import StochasticRecipe

PROBLEM = wide_problem(seed=1)
CYCLE = {"count": 1, "rate": 0.3, "momentum": 0.9, "schedule": "one-cycle", "batch": 4, "epochs": 12}
ROUNDS = {"fine_rate": 0.05, "focus": 2.0, "round_steps": 10, "decay": 0.9, "margin": 0.5, "max_rounds": 100}


def solutions(folder: Path, problem: WideProblem = PROBLEM, **changes) -> list[Solution]:
    checkpoint = Checkpoint(folder / "a.safetensors", "k", every=1e9)
    return find_stochastic_solutions(problem, 5, "test", StochasticRecipe(**(CYCLE | ROUNDS | changes)), checkpoint)


@pytest.mark.parametrize("momentum", [0.5, 0.9])
def test_steps_with_momentum_are_those_of_torch(momentum):
    weights = PROBLEM.initial_weights(torch.Generator().manual_seed(3))[None]
    network = PROBLEM.network(weights[0])
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1, momentum=momentum, nesterov=True)
    inputs, labels = PROBLEM.data("train")
    ours, velocity, plain = weights, torch.zeros_like(weights), weights
    for samples in epoch(PROBLEM.n_samples, 4, torch.Generator().manual_seed(4)):
        ours, velocity = nesterov_step(PROBLEM, ours, velocity, samples, 0.1, momentum)
        plain = minibatch_step(PROBLEM, plain, samples, 0.1)
        optimiser.zero_grad()
        functional.cross_entropy(network(inputs[samples]), labels[samples]).backward()
        optimiser.step()
        theirs = PROBLEM.flatten(dict(network.named_parameters())).detach()
        torch.testing.assert_close(ours[0], theirs, rtol=1e-6, atol=1e-6)
    assert float((ours - plain).abs().max()) > 0.01


def test_a_training_run_takes_the_steps_of_torch_with_its_one_cycle(tmp_path, monkeypatch):
    seen: list[torch.Tensor] = []
    monkeypatch.setattr(stochastic, "_look", lambda problem, recipe, run: seen.append(run.weights) or True)
    monkeypatch.setattr(stochastic, "_solution", lambda *_: None)
    solutions(tmp_path)
    network = PROBLEM.network(PROBLEM.initial_weights(generator(5, "test", "initial", 0, 0)))
    optimiser = torch.optim.SGD(network.parameters(), lr=1.0, momentum=0.9, nesterov=True)
    order, (inputs, labels) = generator(5, "test", "batches", 0, 0), PROBLEM.data("train")
    for step in range(12 * 4):
        if step % 4 == 0:
            batches = epoch(PROBLEM.n_samples, 4, order)
        optimiser.param_groups[0]["lr"] = 0.3 * one_cycle((step + 1) / 48)
        optimiser.zero_grad()
        samples = batches[step % 4]
        functional.cross_entropy(network(inputs[samples]), labels[samples]).backward()
        optimiser.step()
    theirs = PROBLEM.flatten(dict(network.named_parameters())).detach()
    torch.testing.assert_close(seen[0], theirs, rtol=1e-4, atol=1e-5)


def test_one_cycle_rises_for_a_fifth_and_falls_to_nothing():
    shares = torch.linspace(0, 1, 101, dtype=torch.float64).tolist()
    rates = [one_cycle(share) for share in shares]
    assert rates[0] == 0
    assert rates[10] == pytest.approx(0.5)
    assert rates[20] == 1
    assert rates[60] == pytest.approx(0.5)
    assert rates[-1] == pytest.approx(0)
    assert rates[:21] == sorted(rates[:21])
    assert rates[20:] == sorted(rates[20:], reverse=True)


def test_rounds_begin_at_their_own_rate_and_fall_from_there(tmp_path, monkeypatch):
    rates: list[float] = []

    def kept(problem, weights, velocity, samples, rate, momentum):
        rates.append(rate)
        return nesterov_step(problem, weights, velocity, samples, rate, momentum)

    monkeypatch.setattr(stochastic, "nesterov_step", kept)
    solutions(tmp_path, margin=1e9, max_rounds=3, round_steps=2)
    assert rates[48:] == pytest.approx([0.05, 0.05, 0.045, 0.045, 0.0405, 0.0405])


def test_it_reaches_the_margin_asked_for(tmp_path):
    (found,) = solutions(tmp_path)
    assert int(found.train.errors) == 0
    assert float(found.train.min_margins) >= 0.5


def test_a_recipe_that_has_none_of_it_says_nothing_of_it():
    assert not {"momentum", "schedule", "fine_rate"} & set(StochasticRecipe().model_dump(mode="json"))
    named = StochasticRecipe(momentum=0.0, schedule="constant", fine_rate=None)
    assert digest_of(named) == digest_of(StochasticRecipe())
    changed = [{"momentum": 0.9}, {"schedule": "one-cycle"}, {"fine_rate": 0.1}]
    assert len({digest_of(StochasticRecipe(**each)) for each in [{}, *changed]}) == 4


class KilledError(Exception):
    """In place of a signal."""


@pytest.mark.parametrize("steps", [3, 30, 55])
def test_a_killed_run_goes_on_with_its_velocity_to_the_same_solutions(tmp_path, monkeypatch, steps):
    expected = solutions(tmp_path, count=2)
    left = iter(range(steps))

    def mortal(*given):
        if next(left, None) is None:
            raise KilledError
        return nesterov_step(*given)

    recipe = StochasticRecipe(**(CYCLE | ROUNDS | {"count": 2}))
    checkpoint = Checkpoint(tmp_path / "b.safetensors", "k", every=0.0)
    run = partial(find_stochastic_solutions, PROBLEM, 5, "test", recipe, checkpoint)
    monkeypatch.setattr(stochastic, "nesterov_step", mortal)
    with pytest.raises(KilledError):
        run()
    monkeypatch.setattr(stochastic, "nesterov_step", nesterov_step)
    for ours, theirs in zip(run(), expected, strict=True):
        assert torch.equal(ours.weights, theirs.weights)
