"""Better networks from paths: what is averaged, what chooses, and what the test set is kept from."""

from itertools import pairwise
from math import comb

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_points import some_points, stored_path
from small_problems import WideProblem, silent, wide_problem
from torch import Tensor
from unhurried import unhurried

from ramble.errors import RambleError
from ramble.store.artifacts import read_table, write_table
from ramble.store.points import StoredPath
from ramble.studies.boosting.boost import boost, mcnemar
from ramble.studies.boosting.choice import Candidate, choose, score
from ramble.studies.boosting.methods import methods, windows
from ramble.studies.boosting.table import read_boosted, write_boosted

WIDTHS, MEMBERS = [0.2, 0.5], [3, 5]


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def problem_with(seed: int, test_seed: int = 0, samples: int = 40) -> WideProblem:
    """A problem with three splits; only the labels of the test split depend on `test_seed`."""
    splits = {}
    for number, split in enumerate(("train", "validation", "test")):
        labels = torch.Generator().manual_seed(1000 * seed + number + (10 + test_seed) * (split == "test"))
        splits[split] = drawn(100 * seed + number, samples, 3), torch.randint(0, 3, (samples,), generator=labels)
    return WideProblem(splits)


def polygon(seed: int, points: int = 9) -> StoredPath:
    return stored_path(drawn(seed, points, 283))


def mean_probabilities(problem: WideProblem, weights: Tensor, split: str) -> Tensor:
    """From the modules themselves, one after the other."""
    inputs, _ = problem.data(split)
    each = [torch.softmax(problem.network(row)(inputs).detach().double(), 1) for row in weights]
    return torch.stack(each).mean(0)


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("split", ["validation", "test"])
def test_networks_predict_together_by_the_mean_of_their_probabilities(count, split):
    problem, weights = problem_with(3), drawn(7, count, 283)
    predicted, (_, labels) = mean_probabilities(problem, weights, split), problem.data(split)
    found = score(problem, Candidate("them", weights), split)
    wrong = [int(row.argmax()) != int(label) for row, label in zip(predicted, labels, strict=True)]
    assert found.wrong.tolist() == wrong
    assert found.errors == sum(wrong)
    own = [float(row[label].log()) for row, label in zip(predicted, labels, strict=True)]
    assert found.loss == pytest.approx(-sum(own) / len(own), rel=1e-6)


def test_a_single_network_makes_the_errors_of_the_profiles():
    problem, weights = problem_with(4), drawn(8, 20, 283)
    expected = problem.evaluate(weights, torch.zeros(20, dtype=torch.long), "test").errors.tolist()
    assert [score(problem, Candidate("one", row[None]), "test").errors for row in weights] == expected


def test_a_tie_and_an_overflow_are_errors():
    problem = problem_with(5)
    for weights in (torch.zeros(1, 283), torch.full((1, 283), 1e30)):
        assert score(problem, Candidate("it", weights), "validation").errors == 40


def test_the_fewest_validation_errors_choose_and_among_equals_the_lowest_loss():
    problem, weights = problem_with(6), drawn(9, 30, 283)
    candidates = [Candidate(f"point {number}", row[None]) for number, row in enumerate(weights)]
    found = problem.evaluate(weights, torch.zeros(30, dtype=torch.long), "validation")
    order = sorted(range(30), key=lambda row: (int(found.errors[row]), float(found.losses[row])))
    assert int(found.errors[order[0]]) < int(found.errors.max())
    chosen = choose(problem, candidates, progress := silent())
    assert progress.done == 30
    assert (chosen.candidate.name, chosen.candidates) == (f"point {order[0]}", 30)
    # twice the outputs: the same errors, another loss
    scaled = weights[order[0]].clone()
    scaled[160:] *= 2  # of the last layer
    pair = [candidates[order[0]], Candidate("scaled", scaled[None])]
    losses = [score(problem, candidate, "validation").loss for candidate in pair]
    best = pair[losses.index(min(losses))]
    assert all(choose(problem, order, silent()).candidate is best for order in (pair, pair[::-1]))


@settings(unhurried, max_examples=5)
@given(st.integers(0, 50), st.integers(1, 1000))
def test_other_test_labels_change_no_choice(seed, test_seed):
    path, further = polygon(seed), some_points(drawn(seed + 1, 6, 283))
    found, again = (boost(problem_with(seed, labels), path, further, WIDTHS, MEMBERS) for labels in (0, test_seed))
    chosen = ["method", "choice", "candidates", "validation_errors", "validation_loss"]
    assert found[chosen].equals(again[chosen])
    assert not found.test_errors.equals(again.test_errors)


def test_every_way_has_the_networks_that_it_says():
    path, further = polygon(1), some_points(drawn(2, 4, 283))
    stored = torch.from_numpy(path.points)
    ways = methods(path, further, [0.3], [3])
    assert list(ways) == [
        "W_a", "W_b", "better end", "best point of the path", "best of further training", "averaged weights",
        "predictions of both ends", "predictions of 3 points",
    ]  # fmt: skip
    assert [len(candidates) for candidates in ways.values()][:5] == [1, 1, 2, 9, 4]
    assert torch.equal(ways["W_b"][0].weights, stored[8:])
    assert torch.equal(ways["best of further training"][3].weights, torch.from_numpy(further.points[3:]))
    for candidate in ways["averaged weights"]:
        _, first, _, last = candidate.name.split()
        points = stored[int(first) : int(last) + 1]
        assert torch.allclose(candidate.weights[0], sum(points) / len(points), atol=1e-6)
    assert torch.equal(ways["predictions of both ends"][0].weights, stored[[0, 8]])
    (together,) = ways["predictions of 3 points"]
    middle = int(np.abs(path.s - 0.5).argmin())
    assert torch.equal(together.weights, stored[[0, middle, 8]])
    assert together.name == f"points 0, {middle}, 8"


@unhurried
@given(st.lists(st.integers(1, 20), min_size=1, max_size=30), st.lists(st.integers(1, 100), min_size=1, max_size=4))
def test_windows_hold_the_points_that_their_width_covers(steps, percents):
    s = np.cumsum([0, *steps]) / sum(steps)
    places, widths = s.tolist(), [percent / 100 for percent in percents]
    found = windows(s, widths)
    assert len(set(found)) == len(found) > 0
    assert all(0 <= first < last < len(s) for first, last in found)
    for first, last in found:
        # as wide as a width, or two neighbours; and no further point would fit
        fits = [width for width in widths if places[last] <= places[first] + width + 1e-9]
        assert fits or last == first + 1
        ends = [*places, float("inf")]
        assert any(ends[last + 1] > places[first] + width for width in widths)
    for width in widths:
        assert {first for first, _ in found} >= {n for n, place in enumerate(places) if place + width <= 1}


def test_evenly_spread_points_give_the_windows_one_expects():
    s = torch.linspace(0, 1, 11, dtype=torch.float64)
    assert windows(s, [0.1]) == list(pairwise(range(11)))
    assert windows(s, [0.8, 0.8, 1.0]) == [(0, 8), (1, 9), (2, 10), (0, 10)]
    assert windows(torch.zeros(1, dtype=torch.float64), [0.5]) == [(0, 0)]


@given(st.integers(0, 30), st.integers(0, 30))
def test_p_is_the_share_of_tosses_that_are_no_more_even(fixed, broken):
    tosses, uneven = fixed + broken, abs(fixed - broken)
    share = sum(comb(tosses, heads) for heads in range(tosses + 1) if abs(2 * heads - tosses) >= uneven) / 2**tosses
    assert mcnemar(fixed, broken) == pytest.approx(share)


def test_without_validation_images_nothing_is_chosen():
    with pytest.raises(RambleError, match="no validation images, and the test set must not choose"):
        boost(wide_problem(), polygon(1), some_points(drawn(2, 4, 283)), WIDTHS, MEMBERS)


def test_the_table_counts_what_the_pairs_have(tmp_path):
    files = []
    for pair in range(3):
        files.append(str(tmp_path / f"{pair}.csv"))
        further = some_points(drawn(pair + 1, 4, 283))
        write_table(files[-1], boost(problem_with(pair), polygon(pair), further, WIDTHS, MEMBERS))
    table = read_boosted(files)
    end = table[table.method == "better end"].test_errors.repeat(9).to_numpy()
    assert (table.fewer == end - table.test_errors).all()
    both = table[table.method == "predictions of both ends"].test_errors.repeat(9).to_numpy()
    assert (table.ends_fewer == both - table.test_errors).all()
    assert (table.standard_error**2).tolist() == pytest.approx((table.fixed + table.broken).tolist())
    write_boosted("mine", table, str(tmp_path / "a.csv"), str(tmp_path / "a.md"))
    assert len(read_table(tmp_path / "a.csv")) == 27
    text, compared = (tmp_path / "a.md").read_text(), table.iloc[[n for n in range(27) if n % 9 in (3, 5, 7, 8)]]
    more, fewer = int((compared.fewer < 0).sum()), int((compared.fewer > 0).sum())
    told = f"Of 12 comparisons of the other ways with the better end {more} have more test errors and {fewer} fewer"
    assert told in text.replace("\n", " ")
    ensembles = table[table.method.str.fullmatch(r"predictions of \d+ points")]
    beyond = int((ensembles.ends_fewer > 0).sum())
    assert f"Of {len(ensembles)} ensembles of a path's points {beyond} have fewer test errors than both ends\n" in text
    assert len([line for line in text.splitlines() if line.startswith("| averaged weights |")]) == 1
    assert len([line for line in text.splitlines() if line.startswith("| 0-0-1 |")]) == 27
