"""What must be true of a network's outputs, tried on a few inputs when a problem is built.

Margins decide whether weights are a solution, so they must be a function of the weights and of one input: not of the
inputs beside it (batch statistics), of chance (dropout), of evaluations before (counters, caches), or of the way in
which the module is called. Each is tried at initial weights and at weights away from them, where a head that begins at
zero shows what comes before it. Comparisons are made in float64, in which rounding is nine digits smaller than what
is looked for.
"""

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn.modules.batchnorm import _BatchNorm

from ramble.errors import RambleError, kind_of
from ramble.problems.contents import constants, numbers, same
from ramble.problems.logits import as_logits, inputs_in
from ramble.problems.problem import DOUBTFUL, Split
from ramble.problems.skeleton import Skeleton
from ramble.problems.trial import Trial, first_line, shaken

if TYPE_CHECKING:
    from ramble.problems.network import NetworkProblem

logger = logging.getLogger("ramble")

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
WITH_THE_DERIVATIVES = (
    "have other derivatives where torch.func.functional_call replaces the weights",
    "let the backward pass compute nothing anew: leave torch.utils.checkpoint out (gradient_checkpointing_disable(), "
    "memory_efficient=False)",
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
    trial = _Checks(problem, where, skeleton, inputs["train"])
    device = problem.device
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []), torch.no_grad():
        initial = problem.initial_weights(torch.Generator().manual_seed(0)).to(device)
        count = trial.outputs(initial, inputs)
        trial.refuse_foreign_weights(problem.network(initial))
        away = shaken(initial, problem)
        for weights in (initial, away):
            trial.refuse_dependence(weights.double())
        trial.refuse_dependence_on_many(away)
        trial.refuse_rounding(initial)
        trial.refuse_no_gradient(initial)
        trial.refuse_other_derivatives(away.double())
        trial.refuse_statistics(initial)
        return count, not problem._batches_chains or trial.can_be_batched(initial)


class _Checks(Trial):
    """What is refused."""

    def outputs(self, initial: Tensor, inputs: Mapping[Split, Tensor]) -> int:
        """Return the number of outputs for one input, after a look at the form of those for all splits."""
        network = self.problem.network(initial)
        counts = [self._count(network, own[:1], initial.dtype) for own in inputs.values()]
        with suppress(torch.OutOfMemoryError):
            counts.append(self._count(network, self.few, initial.dtype))
        if len(set(counts)) > 1:
            raise RambleError(
                f"{self.where}: the network returns {counts[0]} outputs for one input and "
                f"{next(count for count in counts if count != counts[0])} for others; return logits (M, C)."
            )
        return counts[0]

    def _count(self, network: nn.Module, inputs: Tensor, dtype: torch.dtype) -> int:
        """Return the number of outputs for each of the inputs; raises RambleError where these are no logits."""
        found, seen = self.run(network, inputs, dtype), f"for inputs of the shape {tuple(inputs.shape)}"
        if not isinstance(found, Tensor):
            raise RambleError(f"{self.where}: the network returns {kind_of(found)}; return only the logits.")
        shape = tuple(found.shape)
        if len(shape) not in (1, 2) or shape[0] != len(inputs) or not found.numel():
            raise RambleError(
                f"{self.where}: the network returns outputs of the shape {shape} {seen}; return logits (M, C), or one "
                "logit for two classes (M, 1) (squeeze(1) instead of squeeze())."
            )
        if not found.isfinite().all():
            raise RambleError(
                f"{self.where}: outputs are not finite at initial weights, {seen}; look at the initialisation and the "
                "constants."
            )
        return 1 if len(shape) == 1 else shape[1]

    def refuse_dependence(self, weights: Tensor) -> None:
        """Refuse logits that are no function of the weights (P,), float64, and one input."""
        network = self.problem.network(weights)
        with self.no_chance():
            alone = self.one_by_one(network)
            before = _state(network)
            again = self.one_by_one(network)
        self.compare(alone, again, *WITH_TIME)
        self._refuse_change(network, before)
        for company, places in self._companies():
            with self.no_chance(), suppress(torch.OutOfMemoryError):
                self.compare(alone, self.logits(network, company)[places], *WITH_COMPANY)
        leaf = weights.clone().requires_grad_()
        with torch.enable_grad():
            rows = [self.problem._logits(leaf, inputs_in(one, leaf.dtype)) for one in self.each]
        self.compare(alone, torch.cat(rows).detach(), *WITH_THE_CALL)
        rebuilt = self.skeleton.rebuilt(self.problem.moving_state(weights))
        self.compare(alone, self.one_by_one(rebuilt), *WITH_THE_BUILD)

    def _companies(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield batches, and the places in them of the few inputs."""
        places, total = torch.arange(len(self.few)), len(self.all_inputs)
        yield self.few, places
        yield self.few.flip(0), places.flip(0)
        yield self.all_inputs, places
        yield self.all_inputs.flip(0), total - 1 - places

    def refuse_dependence_on_many(self, weights: Tensor) -> None:
        """Refuse logits that other inputs change only where there are as many as are evaluated at a time."""
        network = self.problem.network(weights)
        with self.no_chance(), suppress(torch.OutOfMemoryError):
            found = self.logits(network, self.most)[: len(self.few)]
            self.compare(self.one_by_one(network), found, *WITH_COMPANY, share=10 * DOUBTFUL)

    def refuse_rounding(self, initial: Tensor) -> None:
        """Refuse a float32 network of which rounding alone could decide the sign of a margin unseen."""
        plain, exact = (self.one_by_one(self.problem.network(each)) for each in (initial, initial.double()))
        off, largest = float((plain - exact).abs().max()), float(exact.abs().max())
        if off > DOUBTFUL * largest:
            remedy = "return a float64 network (.double())"
            if self.few.is_cuda and (torch.backends.cudnn.allow_tf32 or torch.backends.cuda.matmul.allow_tf32):
                remedy = f"switch TF32 off (ramble.problems.devices.choose_device), or {remedy}"
            raise RambleError(
                f"{self.where}: at initial weights float32 and float64 logits differ by {off:.2g} (the largest is "
                f"{largest:.2g}), so rounding would decide margins; {remedy}."
            )

    def refuse_no_gradient(self, initial: Tensor) -> None:
        """Refuse logits that no weight moves; name weights that move none."""
        network = self.problem.network(initial)
        own = {name: value for name, value in network.named_parameters() if value.requires_grad}
        with torch.enable_grad():
            found = torch.cat([self.logits(network, one) for one in torch.split(self.all_inputs, 1)])
            total = found.sum()
        if not found.requires_grad:
            raise RambleError(
                f"{self.where}: the logits have no gradient in any weight; take torch.no_grad() and .detach() out of "
                "the forward pass."
            )
        try:
            parts = torch.autograd.grad(total, list(own.values()), allow_unused=True)
        except RuntimeError as error:
            raise RambleError(
                f"{self.where}: the logits cannot be differentiated in the weights ({first_line(error)}); take other "
                "layers."
            ) from error
        for name, part in zip(own, parts, strict=True):
            if part is not None and part.is_sparse:
                raise RambleError(f"{self.where}: the gradient in '{name}' is sparse; build it with sparse=False.")
        idle = [name for name, part in zip(own, parts, strict=True) if part is None]
        if idle:
            logger.warning("%s: no gradient of the logits of some inputs reaches %s", self.where, ", ".join(idle))

    def refuse_other_derivatives(self, weights: Tensor) -> None:
        """Refuse logits whose backward pass reads weights that are no longer there: one that computes anew does."""
        network, inputs = self.problem.network(weights), inputs_in(self.few, weights.dtype)
        state = self.problem.moving_state(weights)
        leaves = {name: state[name].clone().requires_grad_() for name in self.problem.shapes}
        own = dict(network.named_parameters())
        with torch.enable_grad():
            expected = as_logits(network(inputs))
            found = as_logits(functional_call(self.skeleton.called(weights.dtype), {**state, **leaves}, (inputs,)))
        factors = torch.randn(found.shape, generator=torch.Generator().manual_seed(0), dtype=found.dtype).to(found)
        exact = self._derivatives(expected, factors, [own[name] for name in leaves])
        self.compare(exact, self._derivatives(found, factors, list(leaves.values())), *WITH_THE_DERIVATIVES)

    def _derivatives(self, logits: Tensor, factors: Tensor, weights: list[Tensor]) -> Tensor:
        try:
            parts = torch.autograd.grad(logits, weights, factors, allow_unused=True, materialize_grads=True)
        except Exception as error:  # what the backward pass of a user's layer may say
            wrong, remedy = WITH_THE_DERIVATIVES
            raise RambleError(f"{self.where}: an input's logits {wrong} ({first_line(error)}); {remedy}.") from error
        return torch.cat([part.flatten() for part in parts])

    def refuse_statistics(self, initial: Tensor) -> None:
        """Refuse constants that training changes: paths would not carry them."""
        network = self.problem.network(initial).train()
        before = {name: value.clone() for name, value in constants(network).items()}
        try:
            network(inputs_in(self.all_inputs, initial.dtype))
        except Exception:  # a network may be none that runs in training mode: then its names must tell
            changed = [name for name in before if name.endswith("running_mean")]
        else:
            after = constants(network)
            changed = [name for name, value in before.items() if name not in after or not same(value, after[name])]
        follow = self.problem.following
        changed = [name for name in changed if name not in follow]
        if changed:
            raise RambleError(
                f"{self.where}: '{changed[0]}' is kept beside the weights and changes in training, which no path "
                f"carries; {self._without(changed[0])}."
            )

    def _without(self, name: str) -> str:
        """Say what to do about what training changes."""
        owner = dict(self.skeleton.module.named_modules()).get(name.rpartition(".")[0])
        if isinstance(owner, _BatchNorm):
            return (
                "give batch_norm='reestimate' (statistics follow the weights) or batch_norm='fold' (they become "
                "weights), or use layers without such, as GroupNorm"
            )
        return "leave it out of the network: use layers that keep nothing, and count and note elsewhere"

    def can_be_batched(self, initial: Tensor) -> bool:
        """Tell whether vmap over networks gives what they give one by one."""
        rows, inputs = torch.stack([initial, 1.01 * initial]), inputs_in(self.few, initial.dtype)

        def squares(row: Tensor) -> Tensor:
            return self.problem._logits(row, inputs).square().sum()

        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("error", message=".*performance drop")  # a loop, and a slow one
                slopes = vmap(grad(squares))(rows)
                found = vmap(self.problem._logits, in_dims=(0, None))(rows, inputs)
        except Exception as error:  # what vmap cannot do it refuses in many ways
            logger.info("%s: networks are evaluated one by one (%s)", self.where, first_line(error))
            return False
        each = torch.stack([self.problem._logits(row, inputs) for row in rows])
        leaves = rows.clone().requires_grad_()
        with torch.enable_grad():
            (alone,) = torch.autograd.grad(torch.stack([squares(row) for row in leaves]).sum(), leaves)
        return all(
            bool((batched - own).abs().max() <= DOUBTFUL * own.abs().max())
            for batched, own in ((found, each), (slopes, alone))
        )

    def _refuse_change(self, network: nn.Module, before: Mapping[str, object]) -> None:
        """Refuse a network of which something is not as it was."""
        for name, value in _state(network).items():
            was = before.get(name)
            changed = not same(was, value) if isinstance(was, Tensor) and isinstance(value, Tensor) else was != value
            if changed:
                raise RambleError(
                    f"{self.where}: '{name}' changes from one evaluation to the next; {WITH_TIME[1]}, and keep it as "
                    "it was built."
                )


def _state(network: nn.Module) -> dict[str, object]:
    """Return all that a network holds, tensors copied."""
    tensors = {**dict(network.named_parameters()), **constants(network)}
    return {**numbers(network), **{name: value.detach().clone() for name, value in tensors.items()}}
