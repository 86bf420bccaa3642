"""Float32 follows float64 in which units are active, and in nothing else."""

import torch
from torch import Tensor, nn

from ramble.problems.pieces import on_the_piece_of


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 8), nn.ReLU(inplace=True), nn.Linear(8, 8), nn.LeakyReLU(), nn.Linear(8, 3))


def test_where_no_unit_is_in_doubt_nothing_changes():
    single = network()
    double = network().double()
    inputs = torch.randn(20, 5)
    assert torch.equal(on_the_piece_of(double, single, inputs), single(inputs))


def test_units_have_the_sides_of_the_finer_network_and_hardly_other_values():
    single, double = network(), network().double()
    inputs = torch.randn(4, 5)
    first = single[0].weight @ inputs[0]
    single[0].bias.data = -first.detach() - 1e-7  # all units of one input are inactive, by next to nothing
    double[0].bias.data = (-first.detach() + 1e-7).double()
    found = on_the_piece_of(double, single, inputs)
    assert torch.allclose(found, single(inputs), atol=1e-5)
    (slopes,) = torch.autograd.grad(found[0].sum(), single[0].bias)
    assert slopes.count_nonzero() == len(slopes)
    (before,) = torch.autograd.grad(single(inputs)[0].sum(), single[0].bias)
    assert before.count_nonzero() == 0


def test_another_way_through_the_network_is_gone_as_it_is():
    single, double = network(), nn.Sequential(*network()[:2], nn.ReLU(), *network()[2:]).double()
    inputs = torch.randn(20, 5)

    def shorter(inputs: Tensor) -> Tensor:
        return single[4](torch.relu(inputs @ torch.ones(5, 8)))

    assert torch.equal(on_the_piece_of(lambda inputs: double(inputs[:7]), shorter, inputs), shorter(inputs))
