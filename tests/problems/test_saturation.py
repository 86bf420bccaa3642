"""First and second derivatives of tanh and sigmoid where torch's own have lost their digits."""

import math

import pytest
import torch
from small_batch_norm import Given
from torch import Tensor, nn
from torch.nn import functional

from ramble.errors import RambleError
from ramble.problems.saturation import ExactSaturation
from ramble.spectra.exact import ExactEngine, hessian_of_network
from ramble.spectra.krylov import KrylovEngine
from ramble.spectra.settings import KrylovSettings

PLACES = (0.0, 1e-9, -1e-9, 0.3, -0.3, 2.0, -2.0, 7.0, -7.0, 15.0, -15.0, 40.0, -40.0, 300.0, -300.0)


def bump(place: float) -> float:
    small = math.exp(-abs(place))
    return small / (1 + small) ** 2


CALLS = {
    "torch.tanh": torch.tanh, "Tensor.tanh": Tensor.tanh, "nn.Tanh": nn.Tanh(),
    "torch.sigmoid": torch.sigmoid, "Tensor.sigmoid": Tensor.sigmoid, "nn.Sigmoid": nn.Sigmoid(),
    "functional.sigmoid": functional.sigmoid, "expit": torch.special.expit, "by name": lambda a: torch.tanh(input=a),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_values_are_torch_s_and_derivatives_are_the_formulas(name):
    inputs = torch.tensor(PLACES, dtype=torch.float64, requires_grad=True)
    with ExactSaturation():
        found = CALLS[name](inputs)
    assert torch.equal(found, CALLS[name](inputs))
    (first,) = torch.autograd.grad(found.sum(), inputs, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), inputs)
    if "tanh" in name.lower() or name == "by name":
        wanted = [(4 * bump(2 * place), -8 * bump(2 * place) * math.tanh(place)) for place in PLACES]
    else:
        wanted = [(bump(place), -bump(place) * math.tanh(place / 2)) for place in PLACES]
    both = torch.tensor(wanted, dtype=torch.float64)
    torch.testing.assert_close(torch.stack([first.detach(), second], 1), both, rtol=1e-13, atol=0)


def test_derivatives_are_those_of_differences():
    inputs = torch.linspace(-2, 2, 9, dtype=torch.float64, requires_grad=True)
    for call in (torch.tanh, torch.sigmoid):

        def exact(values: Tensor, call=call) -> Tensor:
            with ExactSaturation():
                return call(values)

        assert torch.autograd.gradcheck(exact, inputs)
        assert torch.autograd.gradgradcheck(exact, inputs)


class Written(nn.Module):
    """The same function of exponentials, whose derivatives torch itself takes without a difference."""

    def __init__(self, steepness: float) -> None:
        super().__init__()
        self.steepness = steepness

    def forward(self, inputs: Tensor) -> Tensor:
        sign = inputs.sign().detach()
        upper = 1 / (1 + torch.exp(-self.steepness * sign * inputs))
        return sign * (2 * upper - 1) if self.steepness == 2 else torch.where(sign > 0, upper, 1 - upper)


@pytest.mark.parametrize(("unit", "steepness"), [(nn.Tanh, 2), (nn.Sigmoid, 1)])
def test_eigenvalues_of_saturated_networks_are_within_their_bars(unit, steepness):
    random = torch.Generator().manual_seed(1)
    inputs, labels = torch.randn(6, 2, generator=random), torch.tensor([0, 1, 2, 0, 1, 2])
    problem = Given(lambda: nn.Sequential(nn.Linear(2, 3), unit(), nn.Linear(3, 3)), inputs, labels, None)
    other = Given(lambda: nn.Sequential(nn.Linear(2, 3), Written(steepness), nn.Linear(3, 3)), inputs, labels, None)
    weights = 300 * problem.initial_weights(torch.Generator().manual_seed(0)).double()
    true = torch.linalg.eigvalsh(hessian_of_network(other, weights, "x"))
    top = true[true.abs().argsort(descending=True)[:4]].sort(descending=True).values
    for engine in (KrylovEngine(KrylovSettings(top=4, bottom=1)), ExactEngine()):
        found = engine.spectrum(problem, weights, 0, "x")
        values, errors = (torch.from_numpy(part[:4].copy()) for part in (found.eigenvalues, found.errors))
        if isinstance(engine, ExactEngine):
            order = torch.from_numpy(found.eigenvalues.copy()).abs().argsort(descending=True)[:4]
            values = torch.from_numpy(found.eigenvalues.copy())[order].sort(descending=True).values
        assert bool(((values - top).abs() <= errors).all()), (values, top, errors)


class SliceWritten(nn.Module):
    """Writes a unit's outputs over its inputs."""

    def forward(self, inputs: Tensor) -> Tensor:
        found = inputs * 1
        found[:, 1:3] = found[:, 1:3].tanh()
        return found


class Mapped(nn.Module):
    """Takes a unit one by one, by vmap."""

    def forward(self, inputs: Tensor) -> Tensor:
        return torch.func.vmap(torch.tanh)(inputs)


@pytest.mark.parametrize("unit", [SliceWritten, Mapped])
def test_units_that_are_called_in_other_ways_have_the_same_derivatives(unit):
    inputs = torch.randn(6, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    problem = Given(lambda: nn.Sequential(nn.Linear(2, 3), unit(), nn.Linear(3, 3)).double(), inputs, labels, None)
    weights = problem.initial_weights(torch.Generator().manual_seed(0))

    def loss(values: Tensor) -> Tensor:
        return problem.loss.mean(
            torch.func.functional_call(problem.build_network(), problem.unflatten(values), inputs), labels
        )

    expected = torch.autograd.functional.hessian(loss, weights)
    assert torch.allclose(hessian_of_network(problem, weights, "x"), expected, rtol=0, atol=1e-13)


def test_a_compiled_network_is_refused():
    inputs, labels = torch.randn(6, 2), torch.tensor([0, 1, 2, 0, 1, 2])
    with pytest.raises(RambleError, match=r"the network is compiled by torch\.compile; return what was compiled"):
        Given(lambda: torch.compile(nn.Sequential(nn.Linear(2, 3)), backend="eager"), inputs, labels, None)
