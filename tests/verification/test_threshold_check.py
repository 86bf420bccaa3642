"""The independent check of paths on which some errors are allowed."""

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_problems import committee_on, consistent_patterns, pattern_sets, silent, smooth_problem, trained
from torch import Tensor
from unhurried import unhurried

from ramble.__main__ import main
from ramble.problems.tree_committee import TreeCommittee
from ramble.store.headers import Status
from ramble.store.points import read_path
from ramble.store.tensors import read_tensors, write_tensors
from ramble.studies.paths.tracked import read_sources, write_paths
from ramble.tracking.certified import certified
from ramble.tracking.path import Path as Walked
from ramble.tracking.path import Step, normalised_distance
from ramble.verification.committee import CommitteeCheck
from ramble.verification.network import NetworkCheck

PARAMS = Path(__file__).parents[2] / "params.yaml"
ZERO = torch.tensor([0])
DENSE = torch.linspace(0, 1, 401, dtype=torch.float64)[:, None]


def dense_errors(problem, start: Tensor, end: Tensor) -> int:
    """The most errors at many points of a segment."""
    weights = torch.lerp(start.double(), end.double(), DENSE)
    margins = problem.sample_margins(weights, torch.zeros(len(DENSE), dtype=torch.long))
    return int((~(margins > 0)).sum(1).max())


@settings(unhurried, max_examples=60)
@given(st.integers(0, 10_000), st.integers(0, 5))
def test_a_committees_segment_holds_where_dense_samples_see_no_more_errors(seed, allowed):
    random = torch.Generator().manual_seed(seed)
    tensors = consistent_patterns(random, 7, 6)
    start, end = torch.randn(2, 6, generator=random)
    problem = committee_on([tensors])
    problem.allow_errors(allowed)
    found = CommitteeCheck(tensors["patterns"], tensors["labels"], 3, 1.0, allowed).segments(torch.stack([start, end]))
    bound = float(problem.segment_min_margins(start[None], end[None], ZERO))
    assert (found.failure is None) == (bound > 0)
    assert found.min_margin >= bound
    if found.failure is None:
        assert dense_errors(problem, start, end) <= allowed
    else:
        assert found.failure.errors > allowed


@pytest.mark.parametrize("allowed", [0, 1, 3])
def test_samples_of_a_network_see_what_dense_samples_see(allowed):
    problem = smooth_problem(samples=9)
    check, random = NetworkCheck(problem, allowed), torch.Generator().manual_seed(3)
    outcomes = set()
    for distance in (0.05, 1.0) * 8:
        start = torch.randn(31, generator=random)
        end = start + distance * torch.randn(31, generator=random)
        found, most = check.segments(torch.stack([start, end]).double()), dense_errors(problem, start, end)
        assert (found.failure is None) == (most <= allowed)
        assert (found.min_margin > 0) == (most <= allowed)
        outcomes.add(found.failure is None)
    assert allowed < 3 or outcomes == {True, False}


def noisy_patterns() -> dict[str, Tensor]:
    """Patterns that a network solves, with one label turned afterwards."""
    (patterns,) = pattern_sets(31, 1, 10, 30)
    return patterns | {"labels": torch.cat([-patterns["labels"][:1], patterns["labels"][1:]])}


def stored_path(folder: Path, allowed: int) -> Path:
    """A path on which the one wrong pattern is misclassified everywhere, written as the workflow does."""
    (patterns,) = pattern_sets(31, 1, 10, 30)
    start = trained(committee_on([patterns]), ZERO, 1)[0].float()
    problem = TreeCommittee([noisy_patterns()], hidden=3, input_scale=1.0, initial_sigma=0.06)
    problem.allow_errors(allowed)
    points = start * (1 + torch.linspace(0, 1, 9).unsqueeze(1))
    assert problem.evaluate(points, torch.zeros(9, dtype=torch.long)).errors.tolist() == [1] * 9
    of_data = folder / "tcm" / "data" / "0.safetensors"
    write_tensors(of_data, noisy_patterns(), {"study": "tcm", "dataset": 0})
    solutions = [folder / "tcm" / "solutions" / f"0-{seed}.safetensors" for seed in (0, 1)]
    for seed, weights in enumerate((points[0], points[-1])):
        write_tensors(solutions[seed], problem.unflatten(weights), {"study": "tcm", "dataset": 0, "seed": seed})
    file = folder / "tcm" / "paths" / "paper" / "0-0-1.safetensors"
    times, steps = (
        normalised_distance(points, points[:1], points[-1:]),
        [Step(1, 1.0, 0.0, 1, 1.0, True, 0.1, 0.1, 5, 2)],
    )
    walked = Walked(points, times.double(), Status.ARRIVED, "there", steps)
    path = certified(problem, walked, 0, 1 / 64, silent())
    sources = read_sources([str(of_data)], [str(each) for each in solutions])
    write_paths(problem, "tcm", "paper", [path], sources, [str(file)], [str(file.with_suffix(".csv"))])
    return file


def params_with(folder: Path, max_errors: float) -> Path:
    text, head = PARAMS.read_text(), "  tcm:\n    kind: paths\n"
    assert head in text
    file = folder / "params.yaml"
    file.write_text(text.replace(head, f"{head}    max_errors: {max_errors}\n"))
    return file


def verify(file: Path, params: Path) -> int:
    return main(["verify", str(file), "--params", str(params)])


@pytest.mark.parametrize("max_errors", [1, 0.15])
def test_a_path_holds_with_the_errors_that_its_study_allows(tmp_path, capsys, max_errors):
    file = stored_path(tmp_path, 1)
    header = read_path(file).header
    assert (header.max_errors, header.certificate, header.certified_segments) == (1, "exact", 8)
    code, said = verify(file, params_with(tmp_path, max_errors)), capsys.readouterr().out
    assert code == 0, said
    assert ", 1 error PERMITTED at every point, smallest margin but for as many " in said


def test_a_path_of_another_threshold_is_not_judged(tmp_path, capsys):
    file = stored_path(tmp_path, 1)
    assert verify(file, PARAMS) == 2
    assert "made with max_errors = '1', the parameters say 0" in capsys.readouterr().err


def test_a_header_that_allows_less_than_it_needs_fails(tmp_path, capsys):
    file = stored_path(tmp_path, 1)
    tensors, header = read_tensors(file)
    write_tensors(file, tensors, header | {"max_errors": "0"})
    assert verify(file, PARAMS) == 1
    assert "segment 0 has 1 error at t = 0.000000" in capsys.readouterr().out


def test_more_errors_than_allowed_fail_with_both_numbers(tmp_path, capsys):
    file = stored_path(tmp_path, 1)
    tensors, header = read_tensors(file)
    tensors["points"][4] *= -1  # now all but the wrong pattern are misclassified
    write_tensors(file, tensors, header)
    assert verify(file, params_with(tmp_path, 1)) == 1
    said = capsys.readouterr().out
    assert "where 1 are allowed, at t =" in said
    assert "recomputed it is none" in said


def test_a_header_that_says_nothing_of_it_allows_none(tmp_path):
    file = stored_path(tmp_path, 1)
    tensors, header = read_tensors(file)
    write_tensors(file, tensors, {name: text for name, text in header.items() if name != "max_errors"})
    assert read_path(file).header.max_errors == 0
