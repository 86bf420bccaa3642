"""The graph of joined pairs, and the table it is made from."""

import math
from pathlib import Path as FilePath

import pandas as pd
import pytest
import torch
from small_problems import committee_on, pattern_sets, torn_problem
from small_training import RECIPE, TRACKER, solutions

from ramble.certificates.segments import certify_segments
from ramble.problems.problem import Problem
from ramble.store.headers import Status
from ramble.studies.connectivity.components import component_sizes, components_table
from ramble.studies.connectivity.drawing import Graph, draw_connectivity
from ramble.studies.connectivity.joining import track_all_pairs
from ramble.studies.paths.drawing.style import save
from ramble.studies.paths.solutions import pair_table
from ramble.tracking.path import Path
from ramble.training.descent import Solution, errors_on_lines, find_solutions

SETS = pattern_sets(5, 2, 24, 30)


def committees(count: int = 4) -> tuple[Problem, torch.Tensor]:
    """A committee machine and different solutions (n, P) of its data set 1."""
    problem = committee_on(SETS, hidden=3, input_scale=0.5)
    found = find_solutions(problem, 2, "graph", RECIPE.model_copy(update={"count": count}), [1])
    return problem, torch.stack([solution.weights for solution in found])


def graph(edges: list[tuple[int, int]], count: int, dataset: int = 0) -> pd.DataFrame:
    """All pairs of `count` solutions, those in `edges` joined."""
    pairs = [(a, b) for a in range(count) for b in range(a + 1, count)]
    return pd.DataFrame([{"dataset": dataset, "a": a, "b": b, "joined": (a, b) in edges} for a, b in pairs])


@pytest.mark.parametrize(
    ("edges", "count", "sizes"),
    [
        ([], 3, [1, 1, 1]),
        ([(0, 1)], 2, [2]),
        ([], 2, [1, 1]),
        ([(0, 2), (2, 4), (1, 3)], 6, [3, 2, 1]),
        ([(0, 5), (1, 5), (2, 5), (3, 5), (4, 5)], 6, [6]),
        ([(3, 4)], 5, [2, 1, 1, 1]),
    ],
)
def test_components_of_a_known_graph(edges, count, sizes):
    assert component_sizes(graph(edges, count)) == sizes


def test_solutions_are_joined_through_others_but_not_across_data_sets():
    table = components_table(pd.concat([graph([(0, 1), (1, 2)], 3), graph([(0, 2)], 3, dataset=4)]))
    assert table.to_dict("records") == [
        {"dataset": 0, "solutions": 3, "pairs": 3, "joined": 2, "components": 1, "largest": 3},
        {"dataset": 4, "solutions": 3, "pairs": 3, "joined": 1, "components": 2, "largest": 2},
    ]


def test_the_table_has_one_row_per_pair_that_says_what_its_path_is():
    problem, weights = committees()
    table = track_all_pairs(problem, "graph", TRACKER, weights, 1, pairs_at_once=6, line_points=11)
    assert list(zip(table.a, table.b, strict=True)) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    assert (table.dataset == 1).all()
    for row in table.itertuples():
        start, end = weights[row.a].double(), weights[row.b].double()
        assert row.distance == pytest.approx(float((start - end).norm()))
        assert row.cosine == pytest.approx(float(start @ end / start.norm() / end.norm()))
        assert row.joined == (row.status == "arrived" and row.certificate == "exact")
        if row.joined:
            assert row.min_margin > 0
            assert row.length_ratio >= 1 - 1e-6
        else:
            assert math.isnan(row.length_ratio)
        if row.line_errors:
            assert row.gradients > 0  # the straight line was not enough


def test_how_many_pairs_are_tracked_at_once_changes_nothing():
    problem, weights = committees()
    whole, single = (
        track_all_pairs(problem, "graph", TRACKER, weights, 1, pairs_at_once=size, line_points=5) for size in (6, 1)
    )
    # sums of another batch are rounded otherwise
    pd.testing.assert_frame_equal(whole, single, rtol=1e-4)


def test_a_pair_that_no_path_joins_stays_apart():
    problem, start, end = torn_problem()
    table = track_all_pairs(problem, "torn", TRACKER, torch.cat([start, end, start * 1.1]), 0, 2, line_points=5)
    assert table.joined.tolist() == [False, True, False]
    assert table.line_errors.tolist() == [1, 0, 1]
    assert math.isnan(table.length_ratio[0])
    assert component_sizes(table) == [2, 1]


def test_errors_on_lines_are_those_of_the_worst_point():
    problem, weights = committees()
    found = errors_on_lines(problem, weights[:2], weights[2:], 1, points=7)
    for start, end, most in zip(weights[:2], weights[2:], found, strict=True):
        by_hand = [
            int(problem.evaluate(torch.lerp(start, end, share / 6).unsqueeze(0), torch.tensor([1])).errors)
            for share in range(7)
        ]
        assert most == max(by_hand)
    crosses = ~certify_segments(problem, weights[:2], weights[2:], torch.tensor([1, 1]), 0.125).hold
    assert all(crosses[row] for row, most in enumerate(found) if most)


def test_the_table_of_pairs_says_what_lies_between():
    problem, start, end = torn_problem()
    found = [
        Solution(0, weights[0], 0, 1, 0, True, problem.evaluate(weights, torch.tensor([0])), None)
        for weights in (start, end, start * 1.1)
    ]
    table = pair_table(problem, found)
    assert table[["dataset", "a", "b"]].to_numpy().tolist() == [[0, 0, 1], [0, 0, 2], [0, 1, 2]]
    assert table.line_errors.tolist() == [1, 0, 1]
    distances = [float((one - other).norm()) for one, other in ((start, end), (start, start * 1.1), (end, start * 1.1))]
    assert table.distance.tolist() == pytest.approx(distances)


def test_the_length_of_a_polygon():
    corner = torch.tensor([[0.0, 0.0], [3.0, 0.0], [3.0, 4.0]])
    for points, expected in ((corner, 7 / 5), (corner[:2], 1.0)):
        path = Path(points, torch.zeros(len(points)), Status.ARRIVED, "", [])
        assert path.relative_length == pytest.approx(expected)


def test_solutions_of_one_data_set_are_those_found_beside_others():
    problem = committee_on(SETS, hidden=3, input_scale=0.5)
    both = find_solutions(problem, 2, "graph", RECIPE)
    alone = find_solutions(problem, 2, "graph", RECIPE, [1])
    for one, other in zip(alone, both[3:], strict=True):
        assert (one.dataset, one.restart) == (1, other.restart)
        torch.testing.assert_close(one.weights, other.weights, rtol=1e-4, atol=1e-5)


def test_seeds_are_those_of_the_study_and_change_no_other():
    before = solutions(name="tcm")
    other = solutions(name="tcm_graph")
    again = solutions(name="tcm")
    assert all(torch.equal(a.weights, b.weights) for a, b in zip(before, again, strict=True))
    assert not any(torch.equal(a.weights, b.weights) for a, b in zip(before, other, strict=True))


def test_the_figure_shows_graphs_with_and_without_joined_pairs(tmp_path):
    tables = [graph([(0, 1), (1, 2)], 3), graph([], 4)]
    for table in tables:
        table["distance"], table["length_ratio"] = 2.0 + table.a, 1.2
    graphs = [Graph(f"study{n}", table, components_table(table)) for n, table in enumerate(tables)]
    outputs = [str(tmp_path / f"connectivity.{suffix}") for suffix in ("svg", "png", "pdf")]
    save(draw_connectivity(graphs), outputs)
    assert all(FilePath(output).stat().st_size > 5000 for output in outputs)
