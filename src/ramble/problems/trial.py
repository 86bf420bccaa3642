"""A network on a few inputs: run as it may be called, its logits compared, its faults named."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ramble.errors import RambleError
from ramble.problems.contents import same, tensors_in
from ramble.problems.logits import as_logits, inputs_in
from ramble.problems.problem import DOUBTFUL
from ramble.problems.skeleton import Skeleton

if TYPE_CHECKING:
    from ramble.problems.network import NetworkProblem

FEW, MANY = 3, 6  # inputs looked at one by one, and in company: float64 takes ten times as long for convolutions
# Of the largest logit: what an input's float64 logits may change by in other company. Other kernels for other sizes of
# a batch round differently, by 1e-16 times what cancels inside; batch statistics change logits by their own size.
ROUNDING = 1e-7

NO_CASTS = "take casts out of the forward pass (x.to(self.weight.dtype) instead of x.float())"


class _Reached(TorchFunctionMode):
    """Keeps every nn.Parameter that an operation inside is given."""

    def __init__(self) -> None:
        super().__init__()
        self.weights: dict[int, nn.Parameter] = {}

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        given = tensors_in("", [*args, *kwargs.values()])
        self.weights |= {id(value): value for _, value in given if isinstance(value, nn.Parameter)}
        return func(*args, **kwargs)


class Trial:
    """A network and the inputs that it is tried on."""

    def __init__(self, problem: "NetworkProblem", where: str, skeleton: Skeleton, inputs: Tensor) -> None:
        self.problem, self.where, self.skeleton = problem, where, skeleton
        self.few = _spread(inputs, FEW)
        # the same values in other places: company also where there are few inputs, or all are alike
        turned = self.few.roll(1, -1) if inputs.dim() > 1 else self.few
        self.all_inputs = torch.cat([self.few, _spread(inputs, MANY), turned])
        self.most = torch.cat([self.few, inputs[: problem._chunk - len(self.few)]])

    @property
    def each(self) -> tuple[Tensor, ...]:
        """The few inputs, each as a batch of its own."""
        return torch.split(self.few, 1)

    def one_by_one(self, network: nn.Module) -> Tensor:
        """Return the logits of the few inputs, each alone."""
        return torch.cat([self.logits(network, one) for one in self.each])

    def logits(self, network: nn.Module, inputs: Tensor) -> Tensor:
        """Return the logits of inputs, in the dtype of the weights."""
        dtype = next(value.dtype for value in network.parameters() if value.requires_grad)
        found = self.run(network, inputs, dtype)
        assert isinstance(found, Tensor)
        return as_logits(found)

    def run(self, network: nn.Module, inputs: Tensor, dtype: torch.dtype) -> object:
        """Return what the network makes of inputs in a dtype; raises RambleError where it fails or writes to them."""
        given = inputs_in(inputs, dtype).clone()
        try:
            found: object = network(given)
        except torch.OutOfMemoryError:
            if len(inputs) > 1:
                raise
            raise RambleError(
                "The device has no memory to evaluate the network on a single input; take one with more (device)."
            ) from None
        except Exception as error:  # whatever a user's forward pass says
            raise RambleError(
                f"{self.where}: the network fails on inputs of the shape {tuple(given.shape)}, {given.dtype}, with "
                f"weights in {dtype}: {first_line(error)}; {self._hint(error, given, dtype)}."
            ) from error
        if isinstance(found, Tensor) and found.dtype != dtype:
            raise RambleError(
                f"{self.where}: the network returns {found.dtype} where its weights are {dtype}; {NO_CASTS}."
            )
        if not same(given, inputs_in(inputs, dtype)):
            raise RambleError(
                f"{self.where}: the network writes to its inputs; its first layers must not work in place."
            )
        return found

    def _hint(self, error: Exception, given: Tensor, dtype: torch.dtype) -> str:
        """Say what to do about an error: a guess, by what usually is the matter."""
        said = str(error)
        if isinstance(error, TypeError) and "argument" in said:
            return "its forward pass is given the inputs and nothing else: wrap what takes more"
        if dtype != self.skeleton.dtype and ("dtype" in said or "expected scalar type" in said):
            return (
                "margins near zero are decided in float64: make and cast tensors in the forward pass in the dtype of "
                "the weights (x.to(self.weight.dtype) instead of x.float(), torch.zeros(.., dtype=x.dtype))"
            )
        if not given.is_floating_point():
            if isinstance(error, IndexError):
                return "a number is beyond those that the network knows (the size of its embedding, or of a list)"
            return "whole numbers stay whole, as an embedding takes them: give the others as numbers (inputs.float())"
        if any(word in said for word in ("shape", "size", "dimension")) and "more than 1 value" not in said:
            return "inputs must have the shape that its layers take"
        if dtype != self.skeleton.dtype:
            return (
                "margins near zero are decided in float64: make tensors in the forward pass in the dtype of the weights"
            )
        if len(given) == 1:
            return "a single input must do, so take layers that need no others (GroupNorm instead of batch statistics)"
        return "it must take any number of inputs"

    def compare(self, expected: Tensor, found: Tensor, wrong: str, remedy: str, *, share: float = ROUNDING) -> None:
        """Refuse logits that differ by more than a share of the largest: `wrong` and `remedy` make the sentence."""
        allowed = share * float(expected.abs().nan_to_num(posinf=0).max())
        if not torch.allclose(expected, found, rtol=0, atol=allowed, equal_nan=True):
            off, largest = (float(each.abs().max()) for each in (expected - found, expected))
            if off < DOUBTFUL * largest:
                remedy = f"where that is the rounding of float32, {NO_CASTS}; else {remedy}"
            raise RambleError(
                f"{self.where}: an input's logits {wrong}, by {off:.2g} where the largest is {largest:.2g}; {remedy}."
            )

    def refuse_foreign_weights(self, network: nn.Module) -> None:
        """Refuse a network that uses another one's weights: a closure leads a copy to what it was copied from."""
        own = {id(value) for value in network.parameters()}
        with _Reached() as reached:
            self.logits(network, self.few[:1])
        foreign = [tuple(value.shape) for key, value in reached.weights.items() if key not in own]
        if foreign:
            raise RambleError(
                f"{self.where}: the forward pass of a copy of the network uses a weight of the shape {foreign[0]} that "
                "is none of its own, so it would not follow a path; reach all modules through self, and not through a "
                "closure (lambda), a weak reference or a global name."
            )

    @contextmanager
    def no_chance(self) -> Iterator[None]:
        """Refuse random numbers drawn inside, though no logit may show them."""
        before = _random_states(self.problem.device)
        yield
        if _random_states(self.problem.device) != before:
            raise RambleError(
                f"{self.where}: the network draws random numbers in evaluation mode; make them depend on "
                "self.training (nn.functional.dropout(x, p, self.training))."
            )


def _spread(inputs: Tensor, count: int) -> Tensor:
    """Return at most `count` of the inputs, the first and the last among them."""
    return inputs[torch.linspace(0, len(inputs) - 1, min(count, len(inputs))).round().long()]


def _random_states(device: torch.device) -> list[object]:
    """Return the states of the generators that a forward pass may draw from."""
    states = [torch.get_rng_state()] + ([torch.cuda.get_rng_state(device)] if device.type == "cuda" else [])
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    return [*(state.tolist() for state in states), random.getstate(), name, np.asarray(keys).tolist(), rest]


def first_line(error: Exception) -> str:
    """Return an exception\'s type and the first line of what it says."""
    return f"{type(error).__name__}: {str(error).strip()}".splitlines()[0].rstrip(".")


def shaken(weights: Tensor, problem: "NetworkProblem") -> Tensor:
    """Return weights (P,) moved at random, by a standard deviation of 0.1, or of 1 / sqrt(fan-in) for matrices."""
    noise = torch.randn(weights.shape, generator=torch.Generator().manual_seed(1)).to(weights)
    for value in problem.unflatten(noise).values():
        value *= (value.shape[0] / value.numel()) ** 0.5 if value.dim() > 1 and value.numel() else 0.1
    return weights + noise
