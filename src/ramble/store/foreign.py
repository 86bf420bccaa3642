"""Checkpoints of others: a network's state_dict in a .pt, .pth or .safetensors file that this package did not write.

Nothing in such a file is run: pickles are read with torch's `weights_only`, which builds tensors and plain containers
only.
"""

import io
import pickle
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from ramble.errors import RambleError, printable
from ramble.store.places import expanded
from ramble.store.untrusted import quoted, read_regular

# where training scripts put the state_dict among what else they keep
NESTED = ("state_dict", "model_state_dict", "model")
WRAPPER, COMPILED = "module.", "_orig_mod."  # put before names by DataParallel, and by torch.compile
COUNT = "num_batches_tracked"
SHOWN = 3  # names in a sentence


def read_state(file: str | Path) -> dict[str, Tensor]:
    """Return the state_dict in a file, its names as they stand there, on the CPU.

    Args:
        file: .safetensors, or what torch.save wrote: a state_dict, or a dictionary that has one under "state_dict",
            "model_state_dict" or "model".

    Raises:
        RambleError: the file is missing, of another format, or holds anything but one state_dict.
    """
    place = expanded(file)
    content = read_regular(place, "give a checkpoint that is there")
    if place.suffix == ".safetensors":
        try:
            return load(content)
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise RambleError(f"{file}: is no safetensors file that can be read ({error}); save it again.") from error
    return _state_in(str(file), _unpickled(file, content))


def _unpickled(file: str | Path, content: bytes) -> Any:
    try:
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except (
        pickle.UnpicklingError, RuntimeError, ValueError, TypeError, KeyError, IndexError, AttributeError, EOFError,
        OSError, zipfile.BadZipFile,
    ) as error:  # fmt: skip
        text = str(error)
        if "Unsupported global" in text or "Unsupported class" in text or "TorchScript" in text:
            raise RambleError(
                f"{file}: holds more than tensors in plain containers, and to read that would run code from the file; "
                "save the network's state_dict alone: torch.save(network.state_dict(), file)."
            ) from error
        raise RambleError(
            f"{file}: is nothing that torch.save wrote, or damaged ({type(error).__name__}); give a .pt, .pth or "
            ".safetensors file with a state_dict."
        ) from error


def _state_in(file: str, found: Any) -> dict[str, Tensor]:
    """Return the one state_dict in what was saved."""
    if not isinstance(found, Mapping) or not found:
        what = "nothing" if isinstance(found, Mapping) else f"a {type(found).__name__}"
        raise RambleError(f"{file}: holds {what}, not a state_dict; save network.state_dict().")
    if all(isinstance(value, Tensor) for value in found.values()):
        return {str(name): value.detach() for name, value in found.items()}
    nested = [name for name in NESTED if isinstance(found.get(name), Mapping)]
    if len(nested) == 1:
        return _state_in(f"{file} under '{nested[0]}'", found[nested[0]])
    if nested:
        raise RambleError(
            f"{file}: holds {' and '.join(map(repr, nested))}, each perhaps the network; save the one that is meant."
        )
    other = next(str(name) for name, value in found.items() if not isinstance(value, Tensor))
    raise RambleError(
        f"{file}: holds {quoted(other)}, which is no tensor, and nothing under {', '.join(map(repr, NESTED))}; save "
        "network.state_dict()."
    )


def fitted(where: str, state: Mapping[str, Tensor], wanted: Mapping[str, Tensor], network: str) -> dict[str, Tensor]:
    """Return a state_dict under the names of a network, in their order.

    What DataParallel and torch.compile put before the names is taken off where the names do not fit as they are.

    Args:
        where: the checkpoint, for the sentence.
        state: as it was read.
        wanted: the network's own state_dict.
        network: what the network is called, for the sentence.

    Raises:
        RambleError: a name is missing or too many, or a tensor has another shape or dtype.
    """
    own = dict(state) if state.keys() == wanted.keys() else without_prefixes(state)
    # batch norm's count of batches, on which nothing depends in evaluation mode, and without which torch's loading does
    counts = {
        name: value
        for name, value in wanted.items()
        if name.endswith(COUNT) and f"{name.removesuffix(COUNT)}running_mean" in wanted
    }
    own = counts | own
    missing, surplus = ([n for n in one if n not in other] for one, other in ((wanted, own), (own, wanted)))
    wrong = [f"lacks {_listed(missing)}"] if missing else []
    wrong += [f"has {_listed(surplus)}, which the network has not"] if surplus else []
    if wrong:
        raise RambleError(
            f"{where}: {' and '.join(wrong)}, so it is a checkpoint of another architecture than {network}; give the "
            "network that it was saved from."
        )
    for name, value in wanted.items():
        if own[name].shape != value.shape:
            raise RambleError(
                f"{where}: '{name}' has the shape {tuple(own[name].shape)}, in {network} it has {tuple(value.shape)}; "
                "give the network that it was saved from."
            )
        if own[name].dtype != value.dtype:
            raise RambleError(
                f"{where}: '{name}' is {own[name].dtype}, in {network} it is {value.dtype}; save both alike."
            )
    return {name: own[name].detach().cpu() for name in wanted}


def without_prefixes(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Take off what wrappers put before names: of all names alike, and of compiled parts wherever they stand."""
    own = {name.replace(f".{COMPILED}", "."): value for name, value in state.items()}
    while own:
        prefix = next((each for each in (WRAPPER, COMPILED) if all(name.startswith(each) for name in own)), None)
        if prefix is None:
            break
        own = {name.removeprefix(prefix): value for name, value in own.items()}
    return own


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{printable(name)}'" for name in names[:SHOWN])
    return shown + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
