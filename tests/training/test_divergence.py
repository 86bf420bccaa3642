"""Rates that are too large: runs end at once, with a sentence that names the rate."""

import math

import pytest
import torch
from small_problems import ProductProblem, silent, wide_problem

from ramble.errors import RambleError
from ramble.problems.minibatches import Hardest
from ramble.store.checkpoints import Checkpoint
from ramble.store.headers import Status
from ramble.store.tensors import write_tensors
from ramble.studies.paths.tracked import track_pairs
from ramble.tracking.band import BandTracker
from ramble.tracking.band_settings import BandSettings
from ramble.tracking.connect import connect
from ramble.tracking.curve import CurveTracker
from ramble.tracking.curve_settings import CurveSettings
from ramble.tracking.guarded import GuardedTracker
from ramble.tracking.guarded_settings import GuardedSettings
from ramble.tracking.line import LineTracker
from ramble.tracking.line_settings import LineSettings
from ramble.tracking.paper import PaperTracker
from ramble.tracking.paper_settings import PaperSettings
from ramble.tracking.path import NormRule, normalised_distance
from ramble.tracking.polyline import with_middles
from ramble.tracking.stochastic_paper import StochasticPaperTracker
from ramble.tracking.stochastic_paper_settings import StochasticPaperSettings
from ramble.training.descent import find_solutions, search_solutions
from ramble.training.descent_settings import Recipe, Settling
from ramble.training.divergence import refuse_divergence
from ramble.training.further import train_further
from ramble.training.stochastic import find_stochastic_solutions
from ramble.training.stochastic_settings import StochasticRecipe

PROBLEM = wide_problem(seed=1)
ZERO = torch.tensor([0])
SETTLING = Settling(window=20, max_steps=100)
RECIPE = Recipe(count=2, rate=0.5, batch=4, rounds=1, max_cosine=0.99, settling=SETTLING)
ONE = RECIPE.model_copy(update={"count": 1})
FAR = 1e300
WALK = {"gamma": 0.01, "gradient_steps": 5, "near": 0.99, "max_steps": 20, "stall_steps": 20, "stall_gain": 1e-300,
        "stored_points": 10, "resolution": 0.5}  # fmt: skip
POLYGON = {"bends": 3, "contraction": 1.0, "gain": 1.0, "spring": 0.0, "round_steps": 5, "doubling_rounds": 2,
           "max_bends": 3, "max_rounds": 5, "stored_points": 9, "resolution": 0.25}  # fmt: skip
TRACKERS = {
    "eta": [
        PaperTracker(PaperSettings(eta=FAR, **WALK)),
        StochasticPaperTracker(StochasticPaperSettings(eta=FAR, **WALK, batch=4), seed=1),
    ],
    "rate": [
        GuardedTracker(GuardedSettings(rate=FAR, margin_share=0.99, **POLYGON), seed=1),
        CurveTracker(CurveSettings(rate=FAR, draws=2, round_steps=5, max_rounds=5, stored_points=9, resolution=0.25)),
        BandTracker(BandSettings(max_pivots=5, rate=FAR, cycle_steps=5, max_cycles=3, between=1, resolution=0.25)),
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def ends() -> tuple[torch.Tensor, torch.Tensor]:
    first, second = find_solutions(PROBLEM, 3, "ends", RECIPE)
    return first.weights[None], second.weights[None]


@pytest.mark.parametrize(("key", "tracker"), [(key, each) for key, several in TRACKERS.items() for each in several])
def test_a_tracker_that_diverges_ends_and_names_its_rate(ends, key, tracker):
    with pytest.raises(
        RambleError, match=rf"^{key} = 1e\+300 is too large: the weights are no longer finite .*; lower"
    ):
        connect(PROBLEM, tracker, *ends, ZERO, silent())


def test_a_study_names_the_key_of_the_rate(ends, tmp_path):
    files = [str(tmp_path / f"0-{seed}.safetensors") for seed in (0, 1)]
    for file, end in zip(files, ends, strict=True):
        write_tensors(file, PROBLEM.unflatten(end[0]), {})
    data = str(tmp_path / "0.safetensors")
    write_tensors(data, {"any": torch.zeros(1)}, {})
    outputs = [[str(tmp_path / f"0-0-1.{kind}")] for kind in ("safetensors", "csv")]
    with pytest.raises(RambleError, match=r"^studies.mine.trackers.paper.eta = 1e\+300 is too large"):
        track_pairs(PROBLEM, "mine", "paper", TRACKERS["eta"][0], [data], files, *outputs)
    assert not any((tmp_path / f"0-0-1.{kind}").exists() for kind in ("safetensors", "csv"))


def test_a_rate_that_solves_nothing_is_no_divergence():
    refuse_divergence(torch.full((2, 3), 3e38), "rate", 1.0, "in step 1")
    with pytest.raises(RambleError, match="rate = 2 is too large"):
        refuse_divergence(torch.tensor([1.0, math.inf]), "rate", 2.0, "in step 1")


def test_all_restarts_that_diverge_name_the_rate():
    recipe = Recipe(rate=1e38, max_steps=100, batch=4)
    with pytest.raises(RambleError, match=r"studies.mine.solutions: .*all 4 restarts.*rate = 1e\+38 is too large"):
        search_solutions(PROBLEM, 1, "mine", recipe)


def test_networks_that_diverge_while_settling_name_the_rate(monkeypatch):
    descend = "ramble.training.descent.descend"

    def broken(problem, weights, datasets, rate, steps, output_gain=1.0):
        return (weights * math.inf if steps == 20 and output_gain == 1.0 else weights), torch.zeros(len(weights))

    solved = find_solutions(PROBLEM, 3, "ends", ONE)[0].weights.expand(4, -1)
    monkeypatch.setattr(descend, broken)
    monkeypatch.setattr("ramble.training.descent.train_to_zero_errors", lambda *_: (solved, torch.ones(4)))
    with pytest.raises(RambleError, match=r"4 of 4 restarts ended with weights that are not finite: rate = 0.5"):
        find_solutions(PROBLEM, 3, "ends", ONE)


def test_a_restart_that_diverges_leaves_the_others_alone(monkeypatch):
    gradients = type(PROBLEM).gradients
    calls = []

    def first_breaks(self, weights, datasets, output_gain=1.0):
        losses, found = gradients(self, weights, datasets, output_gain)
        if not calls:
            found[0] = math.nan
        calls.append(len(weights))
        return losses, found

    monkeypatch.setattr(type(PROBLEM), "gradients", first_breaks)
    found = search_solutions(PROBLEM, 3, "ends", RECIPE)
    assert found.diverged == 1
    assert len(found.solutions) == 2
    assert calls[0] == 4
    assert max(calls[20:]) <= 3  # after the first look the broken one is trained no further


def test_minibatch_training_that_diverges_names_its_rate(tmp_path):
    recipe = StochasticRecipe(count=1, rate=1e38, batch=4, epochs=3)
    with pytest.raises(RambleError, match=r"studies.mine.solutions.rate = 1e\+38 is too large.* in epoch 1"):
        find_stochastic_solutions(PROBLEM, 1, "mine", recipe, Checkpoint(tmp_path / "a.safetensors", "k", 1e9))


def test_rounds_that_diverge_name_the_rate_they_began_with(tmp_path):
    recipe = StochasticRecipe(count=1, rate=0.1, fine_rate=1e38, batch=4, epochs=1)
    with pytest.raises(RambleError, match=r"studies.mine.solutions.fine_rate = 1e\+38 is too large.* in round 1"):
        find_stochastic_solutions(PROBLEM, 1, "mine", recipe, Checkpoint(tmp_path / "a.safetensors", "k", 1e9))


def test_further_training_that_diverges_names_its_rate(ends, tmp_path):
    with pytest.raises(RambleError, match=r"rate = 1e\+38 is too large"):
        train_further(PROBLEM, ends[0][0], 20, 3, 1e38, 4, 1, Checkpoint(tmp_path / "a.safetensors", "k", 1e9))


def test_margins_that_are_no_numbers_are_errors():
    assert Hardest(torch.tensor([1.0, math.nan, 0.0])).errors == 2


def test_large_weights_have_a_finite_t_and_finite_norms():
    starts, ends = torch.full((1, 243), 1e30), torch.full((1, 243), -1e30)
    t = normalised_distance(torch.zeros(1, 243), starts, ends)
    assert t.dtype == torch.float64
    assert t.tolist() == [pytest.approx(0.5)]
    ruled = NormRule(PROBLEM, starts, 2 * starts)(1.5 * starts)
    assert torch.allclose(ruled, 1.5 * starts)
    huge = torch.full((2, 1), 3e38)
    assert with_middles(huge).tolist() == [[pytest.approx(3e38)]] * 3


def test_ends_too_far_apart_for_their_number_format_are_refused():
    problem = ProductProblem({"train": (torch.ones(1, 1), ZERO)})
    starts, ends = torch.tensor([[3e38, 1e-30]]), torch.tensor([[-3e38, -1e-30]])
    with pytest.raises(RambleError, match="so far apart that their difference overflows"):
        connect(problem, LineTracker(LineSettings(points=3, resolution=0.5)), starts, ends, ZERO, silent())


def test_a_path_that_only_misses_the_margin_asked_for_arrives_and_says_so(ends):
    settings = GuardedSettings(rate=0.1, **(POLYGON | {"max_rounds": 40, "max_bends": 15}))
    settings = settings.model_copy(update={"margin_share": 1e9})  # beyond the bounds: more than any path has
    tracker = GuardedTracker(settings, seed=1)
    (path,) = connect(PROBLEM, tracker, *ends, ZERO, silent())
    assert path.status is Status.ARRIVED
    assert path.joins
    of_ends = float(PROBLEM.evaluate(torch.cat(ends), ZERO.repeat(2)).min_margins.min())
    smallest, wanted = path.min_margin, 1e9 * of_ends
    assert f"less than the {wanted:.3g} asked for (margin_share)" in path.reason
    assert "errors" not in path.reason
    assert smallest > 0
