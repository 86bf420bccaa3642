"""The tracker that needs no tuning: what it joins as it comes, and how it ends where nothing can be joined."""

import re
from dataclasses import replace
from functools import cache

import pytest
import torch
from small_problems import pattern_sets, silent, torn_problem, wide_problem
from torch import Tensor

from ramble.certificates.segments import certify_segments
from ramble.problems.problem import Problem
from ramble.problems.tree_committee import TreeCommittee
from ramble.store.checkpoints import Checkpoint
from ramble.store.headers import Status
from ramble.tracking.adaptive import DEEPEST, HALVINGS, AdaptiveRun, AdaptiveTracker
from ramble.tracking.adaptive_scales import Scales, contraction
from ramble.tracking.adaptive_settings import AdaptiveSettings
from ramble.tracking.connect import connect
from ramble.tracking.momentum import standing
from ramble.tracking.path import Path, Setting
from ramble.tracking.polyline import Strand
from ramble.training.descent import find_solutions
from ramble.training.descent_settings import Recipe, Settling
from ramble.training.step import cosine

ONE = torch.tensor([0])
COMMITTEE = TreeCommittee(pattern_sets(31, 1, 75, 45), hidden=3, input_scale=1.0, initial_sigma=0.3)


@cache
def committees() -> Tensor:
    settling = Settling(window=200, tolerance=0.1, max_steps=1000)
    recipe = Recipe(count=2, rate=0.2, output_gain=2.0, batch=64, rounds=2, max_cosine=0.85, settling=settling)
    return torch.stack([solution.weights for solution in find_solutions(COMMITTEE, 31, "test", recipe)])


@cache
def wide_ends() -> Tensor:
    problem = wide_problem(samples=16)
    weights = torch.stack([problem.initial_weights(torch.Generator().manual_seed(seed)) for seed in (1, 2)])
    for _ in range(1000):
        weights = weights - 0.3 * problem.gradients(weights, torch.tensor([0, 0]))[1]
    return weights


def joined(problem: Problem, ends: Tensor, seed: int = 3, **changes) -> Path:
    tracker = AdaptiveTracker(AdaptiveSettings(**changes), seed=seed)
    (path,) = connect(problem, tracker, ends[:1], ends[1:], ONE, silent())
    return path


def test_joins_committees_that_the_straight_line_does_not():
    path = joined(COMMITTEE, committees())
    assert path.steps[0].train_errors > 0
    assert path.joins
    assert path.certificate == "exact"
    assert torch.equal(path.points[0], committees()[0])
    assert torch.equal(path.points[-1], committees()[1])


def test_joins_rectified_units_with_a_proof():
    path = joined(wide_problem(samples=16), wide_ends())
    assert path.steps[0].train_errors > 0
    assert path.joins
    assert path.certificate == "sound"


def test_takes_the_straight_line_where_it_is_free_of_errors():
    start = committees()[:1]
    path = joined(COMMITTEE, torch.cat([start, start + 1e-4 * torch.randn(start.shape)]))
    assert path.joins
    assert path.gradients == 0
    assert len(path.steps) == 1


def test_says_what_it_saw_where_nothing_joins():
    problem, start, end = torn_problem()
    path = joined(problem, torch.cat([start, end]), attempts=1, first_rounds=2)
    assert path.status is Status.STUCK
    assert not path.joins
    assert "the straight line has 1 errors at its worst point" in path.reason
    assert "max_errors" in path.reason


def test_a_seed_gives_one_path():
    first, again, other = (joined(COMMITTEE, committees(), seed=seed) for seed in (3, 3, 4))
    assert torch.equal(first.points, again.points)
    assert not torch.equal(first.points, other.points)


def test_trains_by_batches_where_there_are_many_samples():
    path = joined(wide_problem(samples=16), wide_ends(), whole=10, batch=3)
    assert path.joins


@pytest.mark.parametrize("batched", [False, True])
def test_goes_on_from_a_checkpoint_to_the_same_path(tmp_path, batched):
    problem, ends = (wide_problem(samples=16), wide_ends()) if batched else (COMMITTEE, committees())
    several = {"whole": 10, "batch": 3} if batched else {}
    settings = AdaptiveSettings(polish_rounds=2, first_rounds=3, round_steps=3, attempts=2, **several)
    setting = Setting(problem, ends[:1], ends[1:], ONE)
    whole = AdaptiveTracker(settings, seed=3).track(problem, setting.starts, setting.ends, ONE, silent())
    for stop in (1, 2, 3, 7):
        run = AdaptiveTracker(settings, seed=3).begin(setting)
        for _ in range(stop):
            run.steps += 1
            run.step()
        checkpoint = Checkpoint(tmp_path / f"{stop}.safetensors", "key", every=1e9)
        checkpoint.save(run.state().tensors, run.state().facts)
        tracker = AdaptiveTracker(settings, seed=3, checkpoints=[checkpoint])
        again = tracker.track(problem, setting.starts, setting.ends, ONE, silent())
        assert torch.equal(whole[0].points, again[0].points)
        assert whole[0].steps == again[0].steps
        assert whole[0].hop_evaluations == again[0].hop_evaluations
        assert whole[0].reason == again[0].reason


def test_training_is_focused_where_few_errors_are_left_and_on_bends_alone():
    # a batch that could hold all errors: the line between the given ends has few, as all looks have
    problem, ends = wide_problem(samples=16), wide_ends()
    settings = AdaptiveSettings(whole=10, batch=16, polish_rounds=3, first_rounds=4, attempts=1, margin_share=0.9)
    setting = Setting(problem, ends[:1], ends[1:], ONE)
    run, focused = AdaptiveTracker(settings, seed=3).begin(setting), []
    while not run.over and run.steps < settings.budget:
        again = AdaptiveTracker(settings, seed=3).taken_up(setting, run.state())
        for each in (run, again):
            each.steps += 1
            each.step()
        focused.append(run._focus)
        assert torch.equal(run._polygon.points, again._polygon.points)
        assert run.state().facts == again.state().facts
    assert not any(focused[:3])
    assert all(focused[3:])


def test_a_batch_is_no_larger_than_the_training_set():
    assert joined(wide_problem(samples=16), wide_ends(), whole=10, batch=50).joins


def test_a_run_taken_up_wants_the_margin_that_it_wanted():
    problem, ends = wide_problem(samples=16), wide_ends()
    settings = AdaptiveSettings(margin_share=0.99, first_rounds=8, attempts=1)
    setting = Setting(problem, ends[:1], ends[1:], ONE)
    run, waited = AdaptiveTracker(settings, seed=3).begin(setting), 0
    while not run.over and run.steps < settings.budget - 1:
        run.steps += 1
        run.step()
        again = AdaptiveTracker(settings, seed=3).taken_up(setting, run.state())
        assert again.over == run.over
        waited += run._strand.steps[-1].accepted and not run.over
    assert waited, "no round had a path without errors that lacked the margin: nothing was tested"


def test_a_look_in_batches_ends_at_the_first_error_and_the_sentence_is_on_all_points(monkeypatch):
    problem, ends = wide_problem(samples=16), wide_ends()
    looks = []
    monkeypatch.setattr(Strand, "look", lambda *given, kept=Strand.look: looks.append(given[2:]) or kept(*given))
    path = joined(problem, ends, whole=10, batch=3, polish_rounds=1, first_rounds=1, attempts=1, rate=1e-6)
    assert path.status is Status.STUCK
    for found, _, _, rows, _ in looks:
        assert len(rows) == len(found.errors)
        outside = ~found.in_solution_space
        assert int(outside.sum()) == 1  # the last one looked at
    looked = path.evaluations - path.hop_evaluations  # certificates apart
    assert looked == sum(evaluated for *_, evaluated in looks) < 3 * len(looks) + 10
    counted = re.search(r"errors? at (\d+) of (\d+) points", path.reason)
    assert counted, path.reason
    assert int(counted[2]) == 13  # two ways with their middles, and two segments with their quarters


def test_a_look_goes_deeper_once_a_certificate_finds_errors_that_it_missed(monkeypatch):
    problem, ends = wide_problem(samples=16), wide_ends()
    settings = AdaptiveSettings(whole=10, batch=3)
    run, depths = AdaptiveTracker(settings, seed=3).begin(Setting(problem, ends[:1], ends[1:], ONE)), []

    def missed(*given, **named):
        found = certify_segments(*given, **named)
        return replace(found, min_margins=-torch.ones(1)) if "all_or_none" in named else found

    monkeypatch.setattr("ramble.tracking.adaptive.certify_segments", missed)
    while run.steps < settings.budget and (not depths or depths[-1] < DEEPEST):
        run.steps += 1
        run.step()
        depths.append(run._halvings)
        again = AdaptiveTracker(settings, seed=3).taken_up(Setting(problem, ends[:1], ends[1:], ONE), run.state())
        assert (again._halvings, again._unseen) == (run._halvings, run._unseen)
    assert sorted(set(depths)) == list(range(HALVINGS, DEEPEST + 1))
    assert not run.over
    assert len(run._strand.points) == 2 * 2 + 2 * 2**DEEPEST + 1  # the ways are as they were


def test_momentum_takes_the_steps_of_torch_with_a_rate_for_every_weight():
    random = torch.Generator().manual_seed(5)
    weights = torch.randn(2, 6, generator=random, dtype=torch.float64)
    rates = torch.tensor([0.1, 0.1, 0.02, 0.02, 0.02, 0.3], dtype=torch.float64)
    ours = standing(weights)
    parts = [weights[:, part].clone().requires_grad_() for part in (slice(0, 2), slice(2, 5), slice(5, 6))]
    groups = [{"params": [part], "lr": rate} for part, rate in zip(parts, (0.1, 0.02, 0.3), strict=True)]
    torchs = torch.optim.SGD(groups, momentum=0.9, nesterov=True)
    for _ in range(5):
        gradients = torch.randn(2, 6, generator=random, dtype=torch.float64)
        ours = ours.step(gradients, rates)
        for part, columns in zip(parts, (slice(0, 2), slice(2, 5), slice(5, 6)), strict=True):
            part.grad = gradients[:, columns].clone()
        torchs.step()
    torch.testing.assert_close(ours.bends, torch.cat([part.detach() for part in parts], 1), rtol=1e-12, atol=1e-12)


def test_refuses_a_state_of_another_shape():
    setting = Setting(COMMITTEE, committees()[:1], committees()[1:], ONE)
    tracker = AdaptiveTracker(AdaptiveSettings())
    run = tracker.begin(setting)
    assert isinstance(run, AdaptiveRun)
    state = run.state()
    state.tensors["means"] = state.tensors["means"][:1]
    with pytest.raises(ValueError, match="differ in shape"):
        tracker.taken_up(setting, state)


def test_a_step_is_a_share_of_the_size_of_each_layer():
    problem = wide_problem()
    ends = torch.stack([problem.initial_weights(torch.Generator().manual_seed(seed)) for seed in (1, 2)])
    one, ten = (Scales.at(problem, factor * ends, ONE) for factor in (1.0, 10.0))
    torch.testing.assert_close(10 * one.sizes, ten.sizes)
    torch.testing.assert_close(100 * one.squares, ten.squares)
    for layer in problem.layers:
        own = ends[:, layer.columns]
        assert float(one.sizes[layer.columns][0]) == pytest.approx(float(own.square().mean().sqrt()))
        assert float(one.squares[layer.columns][0]) == pytest.approx(float(own.square().sum(1).mean()))


def test_contracts_only_where_that_takes_errors_away():
    first, last = committees()
    factor = contraction(COMMITTEE, first, last, ONE)
    middle = torch.lerp(first, last, 0.5)
    errors = COMMITTEE.evaluate(torch.stack([middle, factor * middle]), torch.tensor([0, 0])).errors.tolist()
    assert factor == 1.0 or 2 * errors[1] < errors[0]
    assert contraction(COMMITTEE, first, first, ONE) == 1.0


def test_the_rate_falls_from_all_of_it_to_little():
    values = [cosine(number / 10) for number in range(11)]
    assert values[0] == pytest.approx(1.0)
    assert values[-1] == pytest.approx(0.02)
    assert values == sorted(values, reverse=True)
