"""Some of a network's weights, by name: the Hessian restricted to them is a diagonal block of the whole one."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ramble.errors import RambleError
from ramble.problems.curvature import Product
from ramble.problems.problem import Problem


@dataclass(frozen=True, eq=False)
class Group:
    """The weights of some tensors of a network.

    Attributes:
        shapes: of the tensors, in state_dict order.
        columns: (p,) where their p values stand among the P flat weights, ascending.
        size: P.
    """

    shapes: dict[str, tuple[int, ...]]
    columns: Tensor
    size: int

    def of(self, weights: Tensor) -> Tensor:
        """Return these (..., p) of all flat weights (..., P)."""
        return weights[..., self.columns.to(weights.device)]

    def block(self, product: Product) -> Product:
        """Return v (p,) -> A_gg v (p,) for v (P,) -> A v (P,): the weights outside of the group stand still."""
        if len(self.columns) == self.size:
            return product

        def within(vector: Tensor) -> Tensor:
            whole = vector.new_zeros(self.size)
            whole[self.columns.to(vector.device)] = vector
            return self.of(product(whole))

        return within

    def unflatten(self, values: Tensor) -> dict[str, Tensor]:
        """Return values (..., p) as tensors (..., *shape) by their names."""
        parts = torch.split(values, [torch.Size(shape).numel() for shape in self.shapes.values()], dim=-1)
        return {
            name: part.reshape((*values.shape[:-1], *shape))
            for part, (name, shape) in zip(parts, self.shapes.items(), strict=True)
        }


def group_of(problem: Problem, names: str | Sequence[str] | None, label: str) -> Group:
    """Return the weights of one name or of several; None stands for all of them.

    A name is that of a tensor in the state_dict, such as fc1.weight, or of a module, such as fc1 or layer1.0, which
    stands for all trainable tensors in it.

    Raises RambleError where a name is none of the network's; `label` names the point in it.
    """
    if names is None:
        return Group(problem.shapes, torch.arange(problem.n_weights), problem.n_weights)
    wanted = [names] if isinstance(names, str) else list(names)
    chosen = {tensor for name in wanted for tensor in _tensors_called(problem, name, label)}
    shapes, columns, start = {}, [], 0
    for tensor, shape in problem.shapes.items():
        stop = start + torch.Size(shape).numel()
        if tensor in chosen:
            shapes[tensor] = shape
            columns.append(torch.arange(start, stop))
        start = stop
    return Group(shapes, torch.cat(columns), start)


def _tensors_called(problem: Problem, name: str, label: str) -> list[str]:
    found = [tensor for tensor in problem.shapes if tensor == name or tensor.startswith(f"{name}.")]
    if not found:
        known = ", ".join(layer.name for layer in problem.layers)
        raise RambleError(
            f"{label}: '{name}' is no layer and no trainable tensor of the network; name one of its layers ({known}), "
            "or a tensor as the state_dict calls it."
        )
    return found
