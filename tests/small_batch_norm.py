"""Small networks with batch norm, and problems about them."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from ramble.problems.network import NetworkProblem

ZERO = torch.tensor([0])


class Given(NetworkProblem):
    """The network that a function makes."""

    def __init__(
        self,
        make,
        inputs: Tensor,
        labels: Tensor,
        batch_norm: str | None = "reestimate",
        loss: str = "cross-entropy",
        **others,
    ) -> None:
        self._make = make
        super().__init__({"train": (inputs, labels), **others}, batch_norm=batch_norm, loss=loss)

    def build_network(self) -> nn.Module:
        return self._make()


def images(count: int = 30, seed: int = 0) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(seed)
    return torch.randn(count, 1, 6, 6, generator=random), torch.randint(0, 3, (count,), generator=random)


X, Y = images()


class Block(nn.Module):
    """A residual block with a batch norm before and one after the convolution, the latter without weights."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.before, self.after = nn.BatchNorm2d(width), nn.BatchNorm2d(width, affine=False)
        self.convolution = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, maps: Tensor) -> Tensor:
        return maps + functional.relu(self.after(self.convolution(functional.relu(self.before(maps)))))


def residual(momentum: float | None = 0.1) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, bias=False),
        nn.BatchNorm2d(4, momentum=momentum),
        nn.ReLU(),
        Block(4),
        nn.Dropout(0.5),
        nn.AvgPool2d(4),
        nn.Flatten(),
        nn.Linear(4, 6),
        nn.BatchNorm1d(6),
        nn.Tanh(),
        nn.Linear(6, 3),
    )


def norms(network: nn.Module) -> list[nn.Module]:
    return [module for module in network.modules() if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)]


def some_weights(problem: NetworkProblem, seed: int = 1, dtype: torch.dtype = torch.float64) -> Tensor:
    start = problem.initial_weights(torch.Generator().manual_seed(seed)).double()
    noise = torch.randn(len(start), generator=torch.Generator().manual_seed(seed + 1), dtype=torch.float64)
    return (start + 0.1 * noise).to(dtype)


class Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear, self.norm = nn.Linear(36, 3), nn.BatchNorm1d(3)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.norm(self.norm(self.linear(inputs.flatten(1))) + 1)


class Functional(nn.Module):
    """Normalises by a function, and holds a layer beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.norm = nn.Linear(36, 3), nn.BatchNorm1d(3)

    def forward(self, inputs: Tensor) -> Tensor:
        norm = self.norm
        maps = self.linear(inputs.flatten(1))
        return functional.batch_norm(maps, norm.running_mean, norm.running_var, norm.weight, norm.bias, self.training)


def linear_and(norm: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(36, 3), norm)
