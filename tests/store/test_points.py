"""Points in weight space: what makes them, what their files hold, and that everything measures any of them."""

import numpy as np
import pytest
import torch
from small_points import path_header, some_points, stored_path
from small_problems import committee_on, pattern_sets, silent, trained

from ramble.errors import RambleError
from ramble.measure.profile import profile
from ramble.measure.slices import direction, line, plane
from ramble.spectra.along import write_along
from ramble.spectra.exact import ExactEngine
from ramble.store.artifacts import read_header, read_table, write_arrays
from ramble.store.headers import Status
from ramble.store.points import Points, StoredPath, read_path, read_points, spread_points, write_points
from ramble.store.tensors import write_tensors
from ramble.training.descent import descend
from ramble.training.run import points_of_run, record_run

PROBLEM = committee_on(pattern_sets(51, 2, 8, 12), hidden=3, input_scale=0.6)
START = PROBLEM.initial_weights(torch.Generator().manual_seed(3))
END = trained(PROBLEM, torch.tensor([1]), 5)[0].float()


def steps_of_descent(weights: torch.Tensor) -> torch.Tensor:
    """One epoch: a few steps on data set 1."""
    moved, _ = descend(PROBLEM, weights[None], torch.tensor([1]), 0.5, 4)
    return moved[0]


def made() -> dict[str, Points]:
    """Points of every maker, on data set 1."""
    coordinates = torch.cartesian_prod(torch.linspace(-1, 1, 3), torch.linspace(-1, 1, 3))
    return {
        "line": line(START, END, 7, dataset=1),
        "direction": direction(END, START / START.norm(), [-1.0, -0.25, 0.0, 0.25, 1.0], dataset=1),
        "plane": plane(END, START, END, coordinates, dataset=1),
        "training": record_run(START, steps_of_descent, 6, dataset=1),
        "path": stored_path(torch.stack([START, END]), pair="1-0-1"),
    }


def same(found: Points, wanted: Points) -> None:
    assert (found.points.dtype, found.t.dtype) == (np.float32, np.float64)
    assert np.array_equal(found.points, wanted.points)
    assert np.array_equal(found.t, wanted.t)
    assert type(found) is type(wanted)


def test_a_line_has_both_ends_to_the_bit_and_even_steps():
    points = made()["line"]
    assert np.array_equal(points.points[[0, -1]], torch.stack([START, END]).numpy())
    assert points.t.tolist() == pytest.approx([number / 6 for number in range(7)])
    assert points.s == pytest.approx(points.t, abs=1e-6)


def test_a_direction_goes_both_ways_from_its_start():
    points = made()["direction"]
    assert np.array_equal(points.points[2], END.numpy())
    lengths = np.linalg.norm(points.points.astype(np.float64) - END.double().numpy(), axis=1)
    assert lengths == pytest.approx(np.abs(points.t), abs=1e-6)
    assert points.position is points.t


def test_a_plane_has_two_coordinates():
    points = made()["plane"]
    assert list(points.places) == ["u", "v"]
    for (u, v), point in zip(points.t, points.points, strict=True):
        assert point == pytest.approx((END + u * START + v * END).numpy(), abs=1e-6)
    assert spread_points(points.position, 3) == [0, 4, 8]


def test_a_training_run_has_a_point_an_epoch():
    points = made()["training"]
    assert points.t.tolist() == [0, 1, 2, 3, 4, 5, 6]
    after, _ = descend(PROBLEM, START[None], torch.tensor([1]), 0.5, 8)
    assert np.array_equal(points.points[2], after[0].numpy())


@pytest.mark.parametrize("maker", made())
def test_points_are_read_as_they_were_written(tmp_path, maker):
    points, file = made()[maker], tmp_path / "1-0-1.safetensors"
    write_points(file, points)
    found = read_points(file)
    same(found, points)
    assert (found.header.maker, found.dataset) == (maker, 1)
    assert found.name == "1-0-1"
    assert found.header.facts["provenance"].startswith("ramble provenance: ")


def test_points_are_the_same_bytes_from_numpy_as_from_torch(tmp_path):
    points = stored_path(torch.randn(4, 6, generator=torch.Generator().manual_seed(1)))
    write_points(tmp_path / "a.safetensors", points)
    tensors = {"points": torch.from_numpy(points.points), "t": torch.from_numpy(points.t)}
    write_tensors(tmp_path / "b.safetensors", tensors, points.header.text)
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_facts_of_the_network_go_with_the_points(tmp_path):
    facts = {"input_scale": 0.5, "pair": "0-0-1"}
    write_points(tmp_path / "a.safetensors", points_of_run(START[None], [0], study="tcm", facts=facts))
    header = read_points(tmp_path / "a.safetensors").header
    assert header.study == "tcm"
    assert {name: header.facts[name] for name in facts} == {"input_scale": "0.5", "pair": "0-0-1"}


def test_the_header_of_a_path_is_typed_and_written_field_by_field(tmp_path):
    file = tmp_path / "0-0-1.safetensors"
    path = stored_path(np.zeros((2, 3)), status=Status.STUCK, min_margin=0.1, facts={"input_scale": "1.0"})
    write_points(file, path)
    texts = read_header(file)
    assert not {"maker", "dataset"} & texts.keys()
    assert (texts["status"], texts["min_margin"], texts["input_scale"]) == ("stuck", "0.1", "1.0")
    header = read_path(file).header
    assert (header.status, header.min_margin, header.gradients) == (Status.STUCK, 0.1, 40)
    assert not header.arrived


@pytest.mark.parametrize(
    ("status", "certificate", "joins"),
    [(Status.ARRIVED, "sampled", True), (Status.ARRIVED, "none", False), (Status.STUCK, "exact", False)],
)
def test_a_path_joins_its_ends_where_it_arrived_and_is_certified(status, certificate, joins):
    assert path_header(status=status, certificate=certificate).joins == joins


@pytest.mark.parametrize("field", [name for name in path_header().text if name != "max_errors"])
def test_a_field_that_is_missing_is_named(tmp_path, field):
    file, path = tmp_path / "0-0-1.safetensors", stored_path(np.zeros((2, 3)))
    texts = {name: text for name, text in path.header.text.items() if name != field}
    write_arrays(file, {"points": path.points, "t": path.t}, texts)
    with pytest.raises(RambleError, match=rf"0-0-1\.safetensors: its header says no {field}, as a path"):
        read_points(file)


@pytest.mark.parametrize(
    ("tensors", "says"),
    [
        ({"points": np.zeros((2, 3), np.float32)}, "the tensors of points are points and t, this file has 'points'"),
        ({"points": np.zeros((2, 3)), "t": np.zeros(2)}, "points are float64 of the shape"),
        ({"points": np.zeros((2, 3), np.float32), "t": np.zeros((2, 3))}, "t are float64 of the shape"),
        ({"points": np.zeros((2, 3), np.float32), "t": np.zeros(3)}, "holds 2 points and 3 of their t"),
    ],
)
def test_what_are_no_points_is_said(tmp_path, tensors, says):
    write_arrays(tmp_path / "a.safetensors", tensors, some_points(np.zeros((1, 1))).header.text)
    with pytest.raises(RambleError, match=says):
        read_points(tmp_path / "a.safetensors")


def test_points_of_another_maker_are_no_path(tmp_path):
    file = tmp_path / "0-0-1.safetensors"
    write_points(file, some_points(np.zeros((2, 3))))
    assert not isinstance(read_points(file), StoredPath)
    with pytest.raises(RambleError, match="says no tracker"):
        read_path(file)
    with pytest.raises(RambleError, match="is not called <dataset>-<a>-<b>"):
        read_path(file.rename(tmp_path / "b.safetensors"))


@pytest.mark.parametrize("maker", ["line", "direction", "plane", "training"])
def test_loss_error_and_spectrum_are_measured_at_any_points(tmp_path, maker):
    points, file, output = made()[maker], tmp_path / "points.safetensors", tmp_path / "spectra.csv"
    write_points(file, points)
    found = profile(PROBLEM, points, silent())
    assert list(found)[: 1 + len(points.places)] == ["point", *points.places]
    rows, datasets = torch.from_numpy(points.points), torch.full((len(points.points),), 1)
    assert found.train_errors.tolist() == PROBLEM.evaluate(rows, datasets).errors.tolist()
    write_along(ExactEngine().rows, PROBLEM, "s", "spectra", 3, [str(file)], [str(output)], {})
    spectra = read_table(output)
    assert list(spectra)[: 1 + len(points.places)] == ["point", *points.places]
    assert spectra.point.tolist() == spread_points(points.position, 3)
    for row in spectra.itertuples():
        (hessian,) = PROBLEM.hessians(rows[[row.point]].double(), torch.tensor([1]))
        assert row.eig_1 == pytest.approx(float(torch.linalg.eigvalsh(hessian)[-1]), abs=1e-6)


def test_a_training_run_is_measured_from_its_initial_weights_to_a_solution():
    points = record_run(START, steps_of_descent, 40, dataset=1)
    found = profile(PROBLEM, points, silent())
    assert found.t.tolist() == list(range(41))
    assert found.train_errors.iloc[0] > 0
    assert found.train_loss.iloc[-1] < found.train_loss.iloc[0]
    assert found.train_errors.iloc[-1] == 0
