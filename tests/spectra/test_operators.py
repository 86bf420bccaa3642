"""Operators with curvlinops' interface: ours under its estimators, its own under our Lanczos."""

import numpy as np
import pytest
import torch
from small_problems import smooth_problem
from test_krylov import PROBLEM, by_magnitude, dense_hessian, weights
from torch import Tensor, nn

from ramble.errors import RambleError

curvlinops = pytest.importorskip("curvlinops")

from ramble.spectra.operators import GaussNewtonOperator, HessianOperator, spectrum_of  # noqa: E402

# what curvlinops builds on still compiles by torch.jit
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:FutureWarning")

DOUBLE = weights().double()


def identity() -> Tensor:
    return torch.eye(31, dtype=torch.float64)


def data() -> list[tuple[Tensor, Tensor]]:
    inputs, labels = PROBLEM.data("train")
    return [(inputs.double(), labels)]


def theirs(kind: str, problem=PROBLEM, **others):
    network = problem.network(DOUBLE)
    parameters = [value for value in network.parameters() if value.requires_grad]
    return getattr(curvlinops, kind)(network, nn.CrossEntropyLoss(), parameters, data(), **others)


def test_an_operator_knows_its_shape_dtype_and_device():
    operator = HessianOperator(PROBLEM, DOUBLE)
    assert operator.shape == (31, 31)
    assert operator.dtype == torch.float64
    assert operator.device == torch.device("cpu")
    assert operator.SELF_ADJOINT
    assert operator.adjoint() is operator
    assert HessianOperator(PROBLEM, weights()).dtype == torch.float32


def test_it_multiplies_vectors_matrices_and_lists():
    operator = HessianOperator(PROBLEM, DOUBLE, batch=5)
    dense = operator @ identity()
    assert torch.allclose(dense, dense_hessian(), atol=1e-12)
    assert torch.allclose(operator @ identity()[3], dense_hessian()[3], atol=1e-12)
    parts = [part.movedim(0, -1) for part in PROBLEM.unflatten(identity()).values()]
    found = operator @ parts
    assert [tuple(part.shape) for part in found] == [(*shape, 31) for shape in PROBLEM.shapes.values()]
    assert torch.allclose(torch.cat([part.reshape(-1, 31) for part in found]), dense, atol=1e-12)
    one = operator @ [part[..., 7] for part in parts]
    assert torch.allclose(torch.cat([part.flatten() for part in one]), dense[:, 7], atol=1e-12)
    with pytest.raises(ValueError, match="31"):
        operator @ torch.zeros(30, dtype=torch.float64)


def test_ours_are_theirs():
    for ours, name in ((HessianOperator, "HessianLinearOperator"), (GaussNewtonOperator, "GGNLinearOperator")):
        expected = theirs(name) @ identity()
        assert torch.allclose(ours(PROBLEM, DOUBLE) @ identity(), expected, atol=1e-10)


def test_a_group_is_a_block():
    operator = HessianOperator(PROBLEM, DOUBLE, group="second")
    assert operator.shape == (15, 15)
    found = operator @ torch.eye(15, dtype=torch.float64)
    assert torch.allclose(found, dense_hessian()[16:, 16:], atol=1e-12)


def test_their_estimators_run_on_our_points():
    operator = HessianOperator(PROBLEM, DOUBLE)
    torch.manual_seed(0)
    trace = float(dense_hessian().trace())
    for estimate in (curvlinops.hutchpp_trace(operator, num_matvecs=30), curvlinops.xtrace(operator, num_matvecs=30)):
        assert float(estimate) == pytest.approx(trace, abs=0.3)
    frobenius = float(curvlinops.hutchinson_squared_fro(operator, num_matvecs=30))
    assert frobenius == pytest.approx(float(dense_hessian().square().sum()), rel=1.0)
    difference = operator - GaussNewtonOperator(PROBLEM, DOUBLE)
    assert (difference @ identity()[0]).shape == (31,)
    product = operator.to_scipy() @ np.eye(31)[0]
    assert np.allclose(product, dense_hessian()[0].numpy(), atol=1e-10)


def test_ends_of_their_operators_have_true_error_bars():
    dense = theirs("GGNLinearOperator") @ identity()
    values = torch.linalg.eigvalsh(dense).numpy()
    found = spectrum_of(theirs("GGNLinearOperator"), top=4, tolerance=1e-6, budget=31)
    assert found.converged
    assert (np.abs(found.eigenvalues - by_magnitude(values, 4)) <= found.errors).all()
    assert found.trace == pytest.approx(values.sum(), abs=10 * found.trace_error + 1e-9)


def test_kfac_on_our_points():
    kfac = theirs("KFACLinearOperator")
    values = torch.linalg.eigvalsh(kfac @ identity()).numpy()
    found = spectrum_of(kfac, top=3, tolerance=1e-5, budget=31)
    assert (np.abs(found.eigenvalues - by_magnitude(values, 3)) <= found.errors).all()


def test_rounding_is_measured_where_the_exact_operator_is_given():
    single, double = HessianOperator(PROBLEM, weights()), HessianOperator(PROBLEM, DOUBLE)
    values = torch.linalg.eigvalsh(dense_hessian()).numpy()
    found = spectrum_of(single, top=3, budget=31, exact=double)
    assert (np.abs(found.eigenvalues - by_magnitude(values, 3)) <= found.errors).all()
    # the bars follow what products are off, and hold what they are off by
    other = HessianOperator(PROBLEM, 1.001 * DOUBLE)
    apart = torch.stack([(other - double) @ unit for unit in torch.eye(31, dtype=torch.float64)])
    off = float(torch.linalg.matrix_norm(apart, 2))
    assert spectrum_of(single, top=3, budget=31, exact=other).errors.min() > off > found.errors.min()


class Slanted(curvlinops.HessianLinearOperator):
    """Says that it is symmetric, and is not."""

    def _matmat(self, columns):
        return [part * (1 + number) for number, part in enumerate(super()._matmat(columns))]


def test_operators_that_have_no_spectrum():
    network = PROBLEM.network(DOUBLE)
    parameters = list(network.parameters())
    slanted = Slanted(network, nn.CrossEntropyLoss(), parameters, data(), check_deterministic=False)
    with pytest.raises(RambleError, match="it is not symmetric"):
        spectrum_of(slanted, top=2, budget=31)
    with pytest.raises(RambleError, match=r"shape \(12, 31\)"):
        spectrum_of(
            curvlinops.SubmatrixLinearOperator(HessianOperator(PROBLEM, DOUBLE), list(range(12)), list(range(31)))
        )


def test_squared_errors_are_theirs_but_for_a_factor():
    inputs, labels = PROBLEM.data("train")
    problem = type(PROBLEM)({"train": (inputs, labels)}, loss="squared-error")
    network = problem.network(DOUBLE)
    targets = nn.functional.one_hot(labels, 3).double()
    expected = curvlinops.HessianLinearOperator(
        network, nn.MSELoss(), list(network.parameters()), [(inputs.double(), targets)]
    )
    assert torch.allclose(HessianOperator(problem, DOUBLE) @ identity(), 1.5 * (expected @ identity()), atol=1e-10)


def test_other_points_are_other_operators():
    other = smooth_problem(seed=4)
    assert not torch.allclose(HessianOperator(other, DOUBLE) @ identity(), dense_hessian())
