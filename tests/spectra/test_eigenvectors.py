"""Angles of eigenvectors against dense algebra: bounds that hold, and that say something where something is known."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_points import stored_path
from test_krylov import PROBLEM, dense_hessian, ends_of, symmetric, weights
from torch import Tensor
from unhurried import unhurried

from ramble.spectra.eigenvectors import UNKNOWN, Eigenvectors, eigenvectors_of
from ramble.spectra.ends import Ends
from ramble.spectra.krylov import KrylovEngine
from ramble.spectra.settings import KrylovSettings
from ramble.spectra.vectors_along import write_eigenvectors
from ramble.store.artifacts import read_table
from ramble.store.points import write_points
from ramble.store.tensors import read_tensors

ROUNDING = 1e-13


def vectors_of(matrix: Tensor, found: Ends, dtype: torch.dtype = torch.float64) -> Eigenvectors:
    return eigenvectors_of(found, lambda v: matrix @ v, ROUNDING * float(matrix.norm()), dtype)


def largest_angle(span: Tensor, space: Tensor) -> float:
    """The largest principal angle between a span and a space of at least as many dimensions, both orthonormal."""
    outside = span - space @ (space.T @ span)
    return float(np.arcsin(min(1.0, float(torch.linalg.matrix_norm(outside, ord=2)))))


def assert_true(matrix: Tensor, found: Ends, vectors: Eigenvectors) -> None:
    """Every angle holds, to the eigenvectors of a dense decomposition that has the same places from either end."""
    _, exact = torch.linalg.eigh(matrix)
    stored = vectors.vectors.double()
    misses = matrix @ stored - stored * torch.as_tensor(found.top.copy())
    assert (misses.norm(dim=0).numpy() <= vectors.residuals).all()
    above, k = found.neighbours.from_above, len(vectors.angles)
    places = [*range(len(matrix) - 1, len(matrix) - 1 - above, -1), *range(k - above - 1, -1, -1)]
    span, _ = torch.linalg.qr(vectors.vectors.double())
    for i, angle in enumerate(vectors.angles):
        if angle < UNKNOWN:
            assert largest_angle(span[:, [i]], exact[:, [places[i]]]) <= angle + 1e-7
    for number in np.unique(vectors.clusters):
        own = np.flatnonzero(vectors.clusters == number)
        angle = vectors.cluster_angles[own[0]]
        if angle < UNKNOWN:
            together = torch.linalg.qr(span[:, own])[0]
            assert largest_angle(together, exact[:, [places[i] for i in own]]) <= angle + 1e-7


SPREAD = torch.cat([torch.tensor([5.0, 4.0, 3.0, -2.5]), torch.linspace(-0.5, 0.6, 100)])
DOUBLE = torch.cat([torch.tensor([5.0, 4.0, 4.0, 3.0]), torch.linspace(-0.5, 0.6, 100)])


@pytest.mark.parametrize("tolerance", [1e-2, 1e-4, 1e-8])
def test_single_eigenvalues_have_their_vectors(tolerance):
    matrix = symmetric(SPREAD.double())
    found = ends_of(matrix, 4, tolerance)
    vectors = vectors_of(matrix, found)
    assert_true(matrix, found, vectors)
    assert vectors.angles.max() <= 5 * tolerance**0.5
    assert vectors.clusters.tolist() == [1, 2, 3, 4]
    assert np.allclose(vectors.angles, vectors.cluster_angles, atol=1e-12)


def test_of_a_double_eigenvalue_only_the_plane_is_known():
    matrix = symmetric(DOUBLE.double())
    found = ends_of(matrix, 4, 1e-6)
    vectors = vectors_of(matrix, found)
    assert_true(matrix, found, vectors)
    assert vectors.clusters.tolist() == [1, 2, 2, 3]
    assert (vectors.angles[1:3] == UNKNOWN).all()
    assert vectors.cluster_angles.max() <= 1e-2


def test_what_lies_beyond_the_top_is_a_neighbour_too():
    matrix = symmetric(torch.cat([torch.tensor([5.0, 1.0 + 1e-9, 1.0, 1.0]), torch.linspace(-0.5, 0.6, 60)]).double())
    found = ends_of(matrix, 2, 1e-4)  # the second of the top is one of three that are equal
    vectors = vectors_of(matrix, found)
    assert vectors.angles[1] == vectors.cluster_angles[1] == UNKNOWN
    assert vectors.angles[0] < 0.05


def test_ends_of_both_signs_are_not_one_cluster():
    matrix = symmetric(torch.cat([torch.tensor([3.0, -3.0 + 1e-3]), torch.linspace(-0.5, 0.6, 60)]).double())
    found = ends_of(matrix, 2, 1e-6)
    vectors = vectors_of(matrix, found)
    assert_true(matrix, found, vectors)
    assert vectors.clusters.tolist() == [1, 2]
    assert vectors.angles.max() < 0.01


def test_the_whole_space_has_no_others():
    matrix = symmetric(torch.tensor([3.0, 2.0, -1.0, 0.5]).double())
    found = ends_of(matrix, 4)
    vectors = vectors_of(matrix, found)
    assert found.neighbours.others is None
    assert_true(matrix, found, vectors)
    assert vectors.angles.max() < 1e-6


def test_the_dtype_that_vectors_are_stored_in_is_in_their_angles():
    matrix = symmetric(SPREAD.double())
    found = ends_of(matrix, 4, 1e-12)
    single, double = (vectors_of(matrix, found, dtype) for dtype in (torch.float32, torch.float64))
    assert double.angles.max() < 1e-5
    assert single.angles.min() > 1e-8
    assert (single.residuals > double.residuals).all()
    assert single.residuals.max() < 1e-5
    assert_true(matrix, found, single)
    assert single.vectors.dtype == torch.float32


@unhurried
@given(st.data())
def test_any_spectrum(data):
    several = st.tuples(st.floats(-10, 10), st.integers(1, 4))
    groups = data.draw(st.lists(several, min_size=1, max_size=8))
    width = data.draw(st.sampled_from([0.0, 1e-9, 1e-5, 1e-2]))
    values = torch.cat([torch.full((count,), value) + width * torch.arange(count) for value, count in groups])
    matrix = symmetric(values.double(), data.draw(st.integers(0, 1000)))
    top = data.draw(st.integers(1, len(values)))
    found = ends_of(matrix, top, 1e-4, budget=max(top, data.draw(st.integers(1, 40))))
    exact = torch.linalg.eigvalsh(matrix)
    gaps = exact.diff()
    if len(gaps) and float(gaps.min()) < 1e-7 * float(exact.abs().max()) + 1e-100:
        return  # dense algebra does not know these vectors either
    assert_true(matrix, found, vectors_of(matrix, found))


def engine(group: str | None = None, tolerance: float = 1e-6) -> KrylovEngine:
    return KrylovEngine(
        KrylovSettings(top=3, tolerance=tolerance, budget=31, trace_samples=2, batch=5, group=group), seed=1
    )


@pytest.mark.parametrize("tolerance", [1e-3, 1e-8], ids=["float32", "float64"])
def test_eigenvectors_of_a_network(tolerance):
    spectrum, found = engine(tolerance=tolerance).eigenvectors(PROBLEM, weights(), "x")
    values, exact = torch.linalg.eigh(dense_hessian())
    vectors = found.vectors.double() / found.vectors.double().norm(dim=0)
    assert found.vectors.dtype == torch.float32
    assert found.angles.max() < 0.3
    for i, (value, angle) in enumerate(zip(spectrum.eigenvalues, found.angles, strict=True)):
        place = int((values - value).abs().argmin())
        assert largest_angle(vectors[:, [i]], exact[:, [place]]) <= angle
    plain = engine(tolerance=tolerance).spectrum(PROBLEM, weights(), 0, "x")
    assert np.array_equal(plain.eigenvalues, spectrum.eigenvalues)


def test_the_file_of_vectors_has_the_names_and_shapes_of_the_network(tmp_path):
    write_points(tmp_path / "0-0-1.safetensors", stored_path(torch.stack([weights(5), weights(6), weights(7)])))
    files = [str(tmp_path / name) for name in ("0-0-1.safetensors", "out.csv", "out.safetensors")]
    write_eigenvectors(engine(), PROBLEM, "s", 2, *files, {})
    tensors, header = read_tensors(files[2])
    assert {name: tuple(value.shape) for name, value in tensors.items()} == {
        name: (2, 3, *shape) for name, shape in PROBLEM.shapes.items()
    }
    assert header["points"] == "[0, 2]"
    rows = read_table(files[1])
    assert rows.point.tolist() == [0, 2]
    flat = torch.cat([tensors[name].flatten(2) for name in PROBLEM.shapes], 2)
    vector = flat[0, 0].double()
    assert float(vector @ dense_hessian(5) @ vector) == pytest.approx(rows.eig_1[0], rel=1e-4)
    assert rows.angle_1.max() < 0.1
    write_eigenvectors(engine("second"), PROBLEM, "s", 2, *files, {})
    assert sorted(read_tensors(files[2])[0]) == ["second.bias", "second.weight"]


def test_a_run_that_was_killed_ends_with_the_same_files(tmp_path, monkeypatch):
    write_points(tmp_path / "0-0-1.safetensors", stored_path(torch.stack([weights(5), weights(6), weights(7)])))
    files = [str(tmp_path / name) for name in ("0-0-1.safetensors", "out.csv", "out.safetensors")]
    write_eigenvectors(engine(), PROBLEM, "s", 3, *files, {})
    expected = [(tmp_path / name).read_bytes() for name in ("out.csv", "out.safetensors")]
    monkeypatch.setattr("ramble.store.checkpoints.EVERY", 0.0)
    monkeypatch.setattr("ramble.store.checkpoints.Checkpoint.due", property(lambda self: True))
    whole, seen = KrylovEngine.eigenvectors, []

    def stopping(self, problem, point, label):
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(label)
        return whole(self, problem, point, label)

    monkeypatch.setattr(KrylovEngine, "eigenvectors", stopping)
    with pytest.raises(KeyboardInterrupt):
        write_eigenvectors(engine(), PROBLEM, "s", 3, *files, {})
    seen.clear()
    write_eigenvectors(engine(), PROBLEM, "s", 3, *files, {})
    assert seen == ["s/0-0-1/2"]
    assert [(tmp_path / name).read_bytes() for name in ("out.csv", "out.safetensors")] == expected
