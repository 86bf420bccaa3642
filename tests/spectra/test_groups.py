"""Diagonal blocks of the Hessian against slices of the dense one."""

import numpy as np
import pytest
import torch
from small_points import stored_path
from small_problems import small_lenet, smooth_problem
from test_krylov import PROBLEM, by_magnitude, dense_hessian, weights

from ramble.errors import RambleError
from ramble.spectra.along import write_along
from ramble.spectra.density import DensityEngine
from ramble.spectra.gauss_newton import GaussNewtonEngine
from ramble.spectra.groups import group_of
from ramble.spectra.krylov import KrylovEngine
from ramble.spectra.layers import LayersEngine
from ramble.spectra.products import Curvature
from ramble.spectra.settings import DensitySettings, GaussNewtonSettings, KrylovSettings, LayersSettings
from ramble.store.artifacts import read_table
from ramble.store.points import write_points

SPANS = {"first": (0, 16), "first.weight": (0, 12), "second.bias": (28, 31), "second": (16, 31)}


def settings(group: str | None, **others: float) -> KrylovSettings:
    given = {"top": 3, "bottom": 1, "tolerance": 1e-5, "budget": 31, "trace_samples": 2, "batch": 5} | others
    return KrylovSettings(group=group, **given)


@pytest.mark.parametrize("group", SPANS)
def test_the_spectrum_of_a_group_is_that_of_its_block(group):
    block = dense_hessian()[slice(*SPANS[group]), slice(*SPANS[group])]
    values = torch.linalg.eigvalsh(block).numpy()
    for tolerance in (1e-3, 1e-7):
        found = KrylovEngine(settings(group, tolerance=tolerance), seed=2).spectrum(PROBLEM, weights(), 0, "x")
        assert found.converged
        assert (np.abs(found.eigenvalues - by_magnitude(values, 3)) <= found.errors).all()
        assert abs(found.lowest[0] - values[0]) <= found.lowest_errors[0]
        assert found.errors.max() <= 1.1 * tolerance * np.abs(found.eigenvalues).max()
        assert found.trace == pytest.approx(values.sum(), abs=20 * found.trace_error + 1e-4)


def test_a_group_of_several_names_is_in_state_dict_order():
    group = group_of(PROBLEM, ["second.bias", "first.weight"], "x")
    assert list(group.shapes) == ["first.weight", "second.bias"]
    assert group.columns.tolist() == [*range(12), 28, 29, 30]
    values = torch.arange(15.0).expand(2, -1)
    assert group.unflatten(values)["second.bias"].tolist() == [[12.0, 13.0, 14.0]] * 2
    dense = dense_hessian()[group.columns][:, group.columns]
    product = group.block(Curvature(PROBLEM, weights().double(), "x", 100).hessian())
    found = torch.stack([product(row) for row in torch.eye(15, dtype=torch.float64)])
    assert torch.allclose(found, dense, atol=1e-12)


def test_a_name_that_is_only_a_beginning_of_another_is_no_group():
    with pytest.raises(RambleError, match=r"s/p/3: 'fir' is no layer.*\(first, second\)"):
        KrylovEngine(settings("fir")).spectrum(PROBLEM, weights(), 0, "s/p/3")


def test_more_eigenvalues_than_a_group_has_weights():
    with pytest.raises(RambleError, match="asked of a 3 x 3 matrix"):
        KrylovEngine(settings("second.bias", top=4)).spectrum(PROBLEM, weights(), 0, "x")


def test_the_gauss_newton_part_and_the_density_of_a_group():
    size = torch.arange(16)
    engine = GaussNewtonEngine(
        GaussNewtonSettings(top=2, tolerance=1e-5, budget=31, trace_samples=2, batch=5, group="first"), seed=1
    )
    (row,) = engine.rows(PROBLEM, weights(), 0, "x").to_dict("records")
    whole = Curvature(PROBLEM, weights().double(), "x", 100).gauss_newton()
    dense = torch.stack([whole(unit)[size] for unit in torch.eye(31, dtype=torch.float64)[size]])
    assert abs(row["gn_1"] - float(torch.linalg.eigvalsh(dense)[-1])) <= row["gn_error_1"]
    rest = torch.linalg.matrix_norm(dense_hessian()[:16, :16] - dense, ord=2)
    assert abs(row["rest_norm"] - float(rest)) <= row["rest_error"]
    rows = DensityEngine(DensitySettings(probes=2, steps=16, group="first"), seed=1).rows(PROBLEM, weights(), 0, "x")
    assert rows.node.max() == pytest.approx(float(torch.linalg.eigvalsh(dense_hessian()[:16, :16])[-1]), rel=1e-4)


def test_a_table_of_layers_has_a_row_for_each(tmp_path):
    engine = LayersEngine(LayersSettings(top=5, tolerance=1e-5, budget=31, trace_samples=2), seed=1)
    write_points(tmp_path / "0-0-1.safetensors", stored_path(torch.stack([weights(5), weights(6), weights(7)])))
    files = [str(tmp_path / "0-0-1.safetensors")], [str(tmp_path / "out.csv")]
    write_along(engine.rows, PROBLEM, "s", engine.what, 2, *files, {})
    found = read_table(tmp_path / "out.csv")
    assert found.group.tolist() == ["first", "second"] * 2
    assert found.weights.tolist() == [16, 15] * 2
    assert found.point.tolist() == [0, 0, 2, 2]
    expected = torch.linalg.eigvalsh(dense_hessian()[16:, 16:])
    assert found.eig_1[1] == pytest.approx(float(expected[-1]), rel=1e-6)


def test_a_group_of_fewer_weights_than_eigenvalues_has_as_many_as_it_can():
    engine = LayersEngine(LayersSettings(top=5, groups=["second.bias", "first"], tolerance=1e-5, budget=31))
    rows = engine.rows(PROBLEM, weights(), 0, "x")
    assert rows.filter(regex=r"^eig_").notna().sum(axis=1).tolist() == [3, 5]
    assert rows.converged.tolist() == [1, 1]


def test_blocks_of_derivatives_that_are_written_out():
    problem = small_lenet()
    point = problem.initial_weights(torch.Generator().manual_seed(1)).double()
    group = group_of(problem, "fc3", "x")
    vector = torch.randn(850, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    whole = torch.zeros(len(point), dtype=torch.float64)
    whole[-850:] = vector
    product = Curvature(problem, point, "x", 100).hessian()
    assert torch.equal(group.block(product)(vector), product(whole)[-850:])


def test_all_weights_are_a_group_too():
    group = group_of(smooth_problem(), None, "x")
    assert len(group.columns) == group.size == 31
