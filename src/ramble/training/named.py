"""Optimisers, schedules and initialisations that torch has under a name, and sentences where it has none."""

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer, lr_scheduler
from torch.optim.lr_scheduler import LRScheduler

from ramble.errors import RambleError, printable
from ramble.training.run_settings import Drawing, Initialisation, Optimiser, RunSettings, Schedule

CLOSURES = ("LBFGS",)  # optimisers that look at the loss several times a step
METRICS = ("ReduceLROnPlateau",)  # schedules that need to be told of a loss


def check_named(where: str, settings: RunSettings) -> None:
    """Try the names and arguments of a run on a single weight, before any data are read.

    Args:
        where: of the settings in the parameters, for sentences.
        settings: of the run.

    Raises:
        RambleError: torch has no optimiser, schedule or initialisation of that name, or it does not take the arguments.
    """
    weight = nn.Parameter(torch.zeros(1))
    optimiser = named_optimiser(where, settings.optimiser, [weight])
    if settings.schedule:
        named_schedule(where, settings.schedule, optimiser)
    if settings.initialisation.weights:
        _drawing(where, settings.initialisation.weights)


def named_optimiser(where: str, wanted: Optimiser, weights: Iterable[nn.Parameter]) -> Optimizer:
    """Return an optimiser of torch.optim on some weights; raises RambleError as `check_named` does."""
    key = f"{where}: optimiser"
    found = _found(key, torch.optim, wanted.name, lambda one: isinstance(one, type) and issubclass(one, Optimizer))
    if wanted.name in CLOSURES or wanted.name == "Optimizer":
        raise RambleError(f"{key}.name: torch.optim.{wanted.name} takes no steps by one gradient each; name another.")
    made: Optimizer = _called(key, f"torch.optim.{wanted.name}", found, wanted.arguments, list(weights))
    return made


def named_schedule(where: str, wanted: Schedule, optimiser: Optimizer) -> LRScheduler:
    """Return a schedule of torch.optim.lr_scheduler; raises RambleError as `check_named` does."""
    key = f"{where}: schedule"
    found = _found(key, lr_scheduler, wanted.name, lambda one: isinstance(one, type) and issubclass(one, LRScheduler))
    if wanted.name in METRICS or wanted.name == "LRScheduler":
        raise RambleError(f"{key}.name: torch.optim.lr_scheduler.{wanted.name} needs more than steps; name another.")
    made: LRScheduler = _called(key, f"torch.optim.lr_scheduler.{wanted.name}", found, wanted.arguments, optimiser)
    return made


@torch.no_grad()
def initialise(where: str, network: nn.Module, wanted: Initialisation) -> None:
    """Draw the weights of a network anew, from torch's global generator.

    Args:
        where: of the settings in the parameters, for sentences.
        network: as its own code draws it; changed.
        wanted: see `Initialisation`.

    Raises:
        RambleError: as `check_named`; or the function cannot draw one of the tensors.
    """
    draw = _drawing(where, wanted.weights) if wanted.weights else None
    for name, layer in network.named_modules():
        weight, bias = (getattr(layer, part, None) for part in ("weight", "bias"))
        if not isinstance(weight, nn.Parameter) or weight.dim() < 2:
            continue
        if draw is not None:
            try:
                draw(weight)
            except (TypeError, ValueError, RuntimeError) as error:
                raise RambleError(
                    f"{where}: initialisation.weights: cannot draw {name}.weight of the shape {tuple(weight.shape)} "
                    f"({printable(str(error))}); name another function."
                ) from error
        if isinstance(bias, nn.Parameter) and wanted.biases == "zero":
            nn.init.zeros_(bias)
        elif isinstance(bias, nn.Parameter) and wanted.biases == "uniform":
            bound = 1 / math.sqrt(weight[0].numel())
            nn.init.uniform_(bias, -bound, bound)


def _drawing(where: str, wanted: Drawing) -> Callable[[Tensor], Tensor]:
    """Return a function that fills a tensor; raises RambleError where there is none, or it takes other arguments."""
    key, name = f"{where}: initialisation.weights", f"torch.nn.init.{wanted.name}"
    fill = _found(key, nn.init, wanted.name, callable)
    _refuse_arguments(key, name, fill, wanted.arguments, torch.zeros(1))
    return lambda tensor: fill(tensor, **wanted.arguments)


def _found(key: str, module: ModuleType, name: str, fits: Callable[[Any], bool]) -> Any:
    found = getattr(module, name, None)
    if found is not None and fits(found) and not name.startswith("_"):
        return found
    known = [other for other in dir(module) if not other.startswith("_") and fits(getattr(module, other))]
    close = get_close_matches(name, known, n=3) or known[:5]
    raise RambleError(f"{key}.name: {module.__name__} has no '{name}'; it has {', '.join(close)} and others.")


def _called(key: str, name: str, maker: Any, arguments: Mapping[str, Any], first: Any) -> Any:
    _refuse_arguments(key, name, maker, arguments, first)
    try:
        return maker(first, **arguments)
    except (TypeError, ValueError, KeyError, RuntimeError, AttributeError, ZeroDivisionError) as error:
        raise RambleError(
            f"{key}.arguments: {name} does not take these values ({printable(str(error))}); correct them."
        ) from error


def _refuse_arguments(key: str, name: str, maker: Any, arguments: Mapping[str, Any], first: Any) -> None:
    """Raise RambleError where a function or class of torch has no arguments of such names, or needs more."""
    try:
        inspect.signature(maker).bind(first, **arguments)
    except TypeError as error:
        names = ", ".join(arguments) or "none"
        raise RambleError(f"{key}.arguments: {name} cannot be called with {names} ({error}); correct them.") from None
