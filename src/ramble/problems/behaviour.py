"""What must be true of a network's outputs, tried on a few inputs when a problem is built.

Margins decide whether weights are a solution, so they must be a function of the weights and of one input: not of the
inputs beside it (batch statistics), of chance (dropout), of evaluations before (counters, caches), or of the way in
which the module is called. Each is tried at initial weights and at weights away from them, where a head that begins at
zero shows what comes before it. Comparisons are made in float64, in which rounding is nine digits smaller than what
is looked for.
"""

import logging
import random
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import grad, vmap

from ramble.errors import RambleError
from ramble.problems.logits import as_logits, inputs_in
from ramble.problems.problem import DOUBTFUL, Split
from ramble.problems.skeleton import Skeleton, constants, numbers, same

if TYPE_CHECKING:
    from ramble.problems.network import NetworkProblem

logger = logging.getLogger("ramble")

FEW, MANY = 3, 6  # inputs looked at one by one, and in company: float64 takes ten times as long for convolutions
# Of the largest logit: what an input's float64 logits may change by in other company. Other kernels for other sizes of
# a batch round differently, by 1e-16 times what cancels inside; batch statistics change logits by their own size.
ROUNDING = 1e-7

NO_CASTS = "take casts out of the forward pass (x.to(self.weight.dtype) instead of x.float())"
# What is wrong where logits differ that must not, and what to do.
WITH_TIME = ("change from one evaluation to the next", "take chance, counters and caches out of the forward pass")
WITH_COMPANY = (
    "change with the other inputs of the batch",
    "take GroupNorm or LayerNorm instead of batch statistics, and mix no inputs",
)
WITH_THE_CALL = (
    "are others where torch.func.functional_call replaces the weights",
    "keep weights, and what is computed from them, nowhere but in parameters",
)
WITH_THE_BUILD = (
    "differ between two calls for equal weights",
    "make what does not move once, outside of this method, and keep it in buffers",
)


def refuse_misbehaviour(
    problem: "NetworkProblem", where: str, skeleton: Skeleton, inputs: Mapping[Split, Tensor]
) -> tuple[int, bool]:
    """Try the network on a few inputs.

    Args:
        problem: whose network it is, without data yet.
        where: names the network in errors.
        skeleton: of the network.
        inputs: (M, ...) of every split, as they are stored.

    Returns:
        The number of outputs for one input, and whether vmap gives them too (looked at where it would be used).

    Raises:
        RambleError: see the module's text; also where outputs are no logits, do not follow the weights, or are left to
            the rounding of float32.
    """
    trial = _Trial(problem, where, skeleton, inputs["train"])
    device = problem.device
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []), torch.no_grad():
        initial = problem.initial_weights(torch.Generator().manual_seed(0)).to(device)
        count = trial.outputs(initial, inputs)
        shaken = _shaken(initial, problem)
        for weights in (initial, shaken):
            trial.refuse_dependence(weights.double())
        trial.refuse_dependence_on_many(shaken)
        trial.refuse_rounding(initial)
        trial.refuse_no_gradient(initial)
        trial.refuse_statistics(initial)
        return count, not problem._batches_chains or trial.can_be_batched(initial)


class _Trial:
    """A network and the inputs that it is tried on."""

    def __init__(self, problem: "NetworkProblem", where: str, skeleton: Skeleton, inputs: Tensor) -> None:
        self._problem, self._where, self._skeleton = problem, where, skeleton
        self._few = _spread(inputs, FEW)
        # the same values in other places: company also where there are few inputs, or all are alike
        turned = self._few.roll(1, -1) if inputs.dim() > 1 else self._few
        self._all = torch.cat([self._few, _spread(inputs, MANY), turned])
        self._most = torch.cat([self._few, inputs[: problem._chunk - len(self._few)]])

    def outputs(self, initial: Tensor, inputs: Mapping[Split, Tensor]) -> int:
        """Return the number of outputs for one input, after a look at the form of those for all splits."""
        network = self._problem.network(initial)
        counts = [self._count(network, own[:1], initial.dtype) for own in inputs.values()]
        with suppress(torch.OutOfMemoryError):
            counts.append(self._count(network, self._few, initial.dtype))
        if len(set(counts)) > 1:
            raise RambleError(
                f"{self._where}: the network returns {counts[0]} outputs for one input and "
                f"{next(count for count in counts if count != counts[0])} for others; return logits (M, C)."
            )
        return counts[0]

    def _count(self, network: nn.Module, inputs: Tensor, dtype: torch.dtype) -> int:
        """Return the number of outputs for each of the inputs; raises RambleError where these are no logits."""
        found, seen = self._run(network, inputs, dtype), f"for inputs of the shape {tuple(inputs.shape)}"
        if not isinstance(found, Tensor):
            raise RambleError(f"{self._where}: the network returns a {type(found).__name__}; return only the logits.")
        shape = tuple(found.shape)
        if len(shape) not in (1, 2) or shape[0] != len(inputs) or not found.numel():
            raise RambleError(
                f"{self._where}: the network returns outputs of the shape {shape} {seen}; return logits (M, C), or one "
                "logit for two classes (M, 1) (squeeze(1) instead of squeeze())."
            )
        if not found.isfinite().all():
            raise RambleError(
                f"{self._where}: outputs are not finite at initial weights, {seen}; look at the initialisation and the "
                "constants."
            )
        return 1 if len(shape) == 1 else shape[1]

    def refuse_dependence(self, weights: Tensor) -> None:
        """Refuse logits that are no function of the weights (P,), float64, and one input."""
        network = self._problem.network(weights)
        with self._no_chance():
            alone = self._one_by_one(network)
            before = _state(network)
            again = self._one_by_one(network)
        self._compare(alone, again, *WITH_TIME)
        self._refuse_change(network, before)
        for company, places in self._companies():
            with self._no_chance(), suppress(torch.OutOfMemoryError):
                self._compare(alone, self._logits(network, company)[places], *WITH_COMPANY)
        leaf = weights.clone().requires_grad_()
        with torch.enable_grad():
            rows = [self._problem._logits(leaf, inputs_in(one, leaf.dtype)) for one in self._each]
        self._compare(alone, torch.cat(rows).detach(), *WITH_THE_CALL)
        rebuilt = self._skeleton.rebuilt(self._problem.unflatten(weights))
        self._compare(alone, self._one_by_one(rebuilt), *WITH_THE_BUILD)

    def _companies(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield batches, and the places in them of the few inputs."""
        places, total = torch.arange(len(self._few)), len(self._all)
        yield self._few, places
        yield self._few.flip(0), places.flip(0)
        yield self._all, places
        yield self._all.flip(0), total - 1 - places

    def refuse_dependence_on_many(self, weights: Tensor) -> None:
        """Refuse logits that other inputs change only where there are as many as are evaluated at a time."""
        network = self._problem.network(weights)
        with self._no_chance(), suppress(torch.OutOfMemoryError):
            found = self._logits(network, self._most)[: len(self._few)]
            self._compare(self._one_by_one(network), found, *WITH_COMPANY, share=10 * DOUBTFUL)

    def refuse_rounding(self, initial: Tensor) -> None:
        """Refuse a float32 network of which rounding alone could decide the sign of a margin unseen."""
        plain, exact = (self._one_by_one(self._problem.network(each)) for each in (initial, initial.double()))
        off, largest = float((plain - exact).abs().max()), float(exact.abs().max())
        if off > DOUBTFUL * largest:
            remedy = "return a float64 network (.double())"
            if self._few.is_cuda and (torch.backends.cudnn.allow_tf32 or torch.backends.cuda.matmul.allow_tf32):
                remedy = f"switch TF32 off (ramble.problems.devices.choose_device), or {remedy}"
            raise RambleError(
                f"{self._where}: at initial weights float32 and float64 logits differ by {off:.2g} (the largest is "
                f"{largest:.2g}), so rounding would decide margins; {remedy}."
            )

    def refuse_no_gradient(self, initial: Tensor) -> None:
        """Refuse logits that no weight moves; name weights that move none."""
        network = self._problem.network(initial)
        own = {name: value for name, value in network.named_parameters() if value.requires_grad}
        with torch.enable_grad():
            found = self._logits(network, self._few[:1])
            total = found.sum()
        if not found.requires_grad:
            raise RambleError(
                f"{self._where}: the logits have no gradient in any weight; take torch.no_grad() and .detach() out of "
                "the forward pass."
            )
        try:
            parts = torch.autograd.grad(total, list(own.values()), allow_unused=True)
        except RuntimeError as error:
            raise RambleError(
                f"{self._where}: the logits cannot be differentiated in the weights ({_first_line(error)}); take other "
                "layers."
            ) from error
        for name, part in zip(own, parts, strict=True):
            if part is not None and part.is_sparse:
                raise RambleError(f"{self._where}: the gradient in '{name}' is sparse; build it with sparse=False.")
        idle = [name for name, part in zip(own, parts, strict=True) if part is None]
        if idle:
            logger.warning("%s: no gradient of the logits reaches %s", self._where, ", ".join(idle))

    def refuse_statistics(self, initial: Tensor) -> None:
        """Refuse constants that training changes: paths would not carry them."""
        network = self._problem.network(initial).train()
        before = {name: value.clone() for name, value in constants(network).items()}
        try:
            network(inputs_in(self._all, initial.dtype))
        except Exception:  # a network may be none that runs in training mode: then its names must tell
            changed = [name for name in before if name.endswith("running_mean")]
        else:
            after = constants(network)
            changed = [name for name, value in before.items() if name not in after or not same(value, after[name])]
        if changed:
            raise RambleError(
                f"{self._where}: '{changed[0]}' is kept beside the weights and changes in training (running statistics "
                "of batch norm, a counter), which no path carries; fold batch norm into the layer before it "
                "(torch.nn.utils.fusion), or use layers without such, as GroupNorm."
            )

    def can_be_batched(self, initial: Tensor) -> bool:
        """Tell whether vmap over networks gives what they give one by one."""
        rows, inputs = torch.stack([initial, 1.01 * initial]), inputs_in(self._few, initial.dtype)

        def squares(row: Tensor) -> Tensor:
            return self._problem._logits(row, inputs).square().sum()

        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("error", message=".*performance drop")  # a loop, and a slow one
                vmap(grad(squares))(rows)
                found = vmap(self._problem._logits, in_dims=(0, None))(rows, inputs)
        except Exception as error:  # what vmap cannot do it refuses in many ways
            logger.info("%s: networks are evaluated one by one (%s)", self._where, _first_line(error))
            return False
        each = torch.stack([self._problem._logits(row, inputs) for row in rows])
        return bool((found - each).abs().max() <= DOUBTFUL * each.abs().max())

    @property
    def _each(self) -> tuple[Tensor, ...]:
        """The few inputs, each as a batch of its own."""
        return torch.split(self._few, 1)

    def _one_by_one(self, network: nn.Module) -> Tensor:
        """Return the logits of the few inputs, each alone."""
        return torch.cat([self._logits(network, one) for one in self._each])

    def _logits(self, network: nn.Module, inputs: Tensor) -> Tensor:
        dtype = next(value.dtype for value in network.parameters() if value.requires_grad)
        found = self._run(network, inputs, dtype)
        assert isinstance(found, Tensor)
        return as_logits(found)

    def _run(self, network: nn.Module, inputs: Tensor, dtype: torch.dtype) -> object:
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
                f"{self._where}: the network fails on inputs of the shape {tuple(given.shape)}, {given.dtype}, with "
                f"weights in {dtype}: {_first_line(error)}; {self._hint(given, dtype)}."
            ) from error
        if isinstance(found, Tensor) and found.dtype != dtype:
            raise RambleError(
                f"{self._where}: the network returns {found.dtype} where its weights are {dtype}; {NO_CASTS}."
            )
        if not same(given, inputs_in(inputs, dtype)):
            raise RambleError(
                f"{self._where}: the network writes to its inputs; its first layers must not work in place."
            )
        return found

    def _hint(self, given: Tensor, dtype: torch.dtype) -> str:
        if not given.is_floating_point():
            return "whole numbers stay whole, as an embedding takes them: give the others as numbers (inputs.float())"
        if dtype != self._skeleton.dtype:
            return (
                "margins near zero are decided in float64: make tensors in the forward pass in the dtype of the weights"
            )
        if len(given) == 1:
            return "a single input must do, so take layers that need no others (GroupNorm instead of batch statistics)"
        return "it must take any number of inputs"

    def _compare(self, expected: Tensor, found: Tensor, wrong: str, remedy: str, *, share: float = ROUNDING) -> None:
        allowed = share * float(expected.abs().nan_to_num(posinf=0).max())
        if not torch.allclose(expected, found, rtol=0, atol=allowed, equal_nan=True):
            off, largest = (float(each.abs().max()) for each in (expected - found, expected))
            if off < DOUBTFUL * largest:
                remedy = f"where that is the rounding of float32, {NO_CASTS}; else {remedy}"
            raise RambleError(
                f"{self._where}: an input's logits {wrong}, by {off:.2g} where the largest is {largest:.2g}; {remedy}."
            )

    def _refuse_change(self, network: nn.Module, before: Mapping[str, object]) -> None:
        """Refuse a network of which something is not as it was."""
        for name, value in _state(network).items():
            was = before.get(name)
            changed = not same(was, value) if isinstance(was, Tensor) and isinstance(value, Tensor) else was != value
            if changed:
                raise RambleError(
                    f"{self._where}: '{name}' changes from one evaluation to the next; {WITH_TIME[1]}, and keep it as "
                    "it was built."
                )

    @contextmanager
    def _no_chance(self) -> Iterator[None]:
        """Refuse random numbers drawn inside, though no logit may show them."""
        before = _random_states(self._problem.device)
        yield
        if _random_states(self._problem.device) != before:
            raise RambleError(
                f"{self._where}: the network draws random numbers in evaluation mode; make them depend on "
                "self.training (nn.functional.dropout(x, p, self.training))."
            )


def _spread(inputs: Tensor, count: int) -> Tensor:
    """Return at most `count` of the inputs, the first and the last among them."""
    return inputs[torch.linspace(0, len(inputs) - 1, min(count, len(inputs))).round().long()]


def _shaken(weights: Tensor, problem: "NetworkProblem") -> Tensor:
    """Return weights (P,) moved at random, by a standard deviation of 0.1, or of 1 / sqrt(fan-in) for matrices."""
    noise = torch.randn(weights.shape, generator=torch.Generator().manual_seed(1)).to(weights)
    for value in problem.unflatten(noise).values():
        value *= (value.shape[0] / value.numel()) ** 0.5 if value.dim() > 1 and value.numel() else 0.1
    return weights + noise


def _state(network: nn.Module) -> dict[str, object]:
    """Return all that a network holds, tensors copied."""
    tensors = {**dict(network.named_parameters()), **constants(network)}
    return {**numbers(network), **{name: value.detach().clone() for name, value in tensors.items()}}


def _random_states(device: torch.device) -> list[object]:
    """Return the states of the generators that a forward pass may draw from."""
    states = [torch.get_rng_state()] + ([torch.cuda.get_rng_state(device)] if device.type == "cuda" else [])
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    return [*(state.tolist() for state in states), random.getstate(), name, np.asarray(keys).tolist(), rest]


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip()}".splitlines()[0].rstrip(".")
