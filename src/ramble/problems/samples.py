"""A data set as it is given, taken as two tensors: inputs (M, ...) and labels (M,).

What is the same whenever it is read is taken: tensors, arrays, and data sets that give the same samples each time. A
path is free of errors on the samples themselves, so what draws others on every reading (augmentation) is refused.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset, default_collate
from torch.utils.data.dataloader import default_convert

from ramble.errors import RambleError

PAIR = "return two tensors (inputs, labels)"
ARRAYS = (Tensor, np.ndarray)
AGAIN = 200  # samples read a second time, evenly spread


def whole_set(where: str, given: object) -> tuple[Tensor, Tensor]:
    """Return the inputs and labels of a data set; their values are looked at by the problem that takes them.

    Args:
        where: what it is called, for the sentence.
        given: (inputs, labels) as tensors or arrays; a data set with a length, whose samples are (input, label); a list
            of such samples; or a loader, of which the data set is taken.

    Raises:
        RambleError: it is none of these, or its samples are not the same when they are read again.
    """
    if isinstance(given, DataLoader):
        given = _set_of_loader(where, given)
    if isinstance(given, tuple | list) and len(given) == 2 and all(isinstance(one, ARRAYS) for one in given):
        inputs, labels = (_tensor(where, one) for one in given)
        if inputs.dim() and labels.dim() and len(inputs) == len(labels):
            return inputs, labels
        raise RambleError(
            f"{where}: its inputs have the shape {tuple(inputs.shape)} and its labels {tuple(labels.shape)}, which are "
            f"not equally many; {PAIR} of equal length."
        )
    if isinstance(given, TensorDataset) and len(given.tensors) == 2:
        return given.tensors[0], given.tensors[1]
    if isinstance(given, IterableDataset) or not _is_set(given):
        raise RambleError(f"{where}: is {_described(given)}, which is no data set that can be read again; {PAIR}.")
    return _read(where, given)  # type: ignore[arg-type]


def _described(given: object) -> str:
    if isinstance(given, Mapping):
        return f"a dictionary with {', '.join(map(repr, list(given)[:5])) or 'nothing'}"
    if isinstance(given, tuple | list):
        return f"a {type(given).__name__} of {len(given)} ({', '.join(type(one).__name__ for one in given[:3])}, ..)"
    return f"a {type(given).__name__}"


def _is_set(given: object) -> bool:
    if isinstance(given, Mapping | str | bytes | Tensor | np.ndarray):
        return False
    return hasattr(given, "__getitem__") and hasattr(given, "__len__")


def _set_of_loader(where: str, loader: "DataLoader[Any]") -> "Dataset[Any]":
    """Return the data set of a loader, whose order does not matter here, unless the loader changes its samples."""
    if loader.collate_fn not in (default_collate, default_convert):
        raise RambleError(
            f"{where}: is a DataLoader with a collate_fn of its own, which may change the samples; {PAIR}."
        )
    return loader.dataset


def _read(where: str, samples: Sequence[Any]) -> tuple[Tensor, Tensor]:
    count = len(samples)
    if not count:
        raise RambleError(f"{where}: is empty; {PAIR} with at least one sample.")
    read = [_sample(where, samples, number) for number in range(count)]
    for number in sorted({round(place) for place in np.linspace(0, count - 1, min(count, AGAIN))}):
        (once, label), (again, other) = read[number], _sample(where, samples, number)
        if once.shape != again.shape or not torch.equal(once, again) or not torch.equal(label, other):
            raise RambleError(
                f"{where}: sample {number} is another one when it is read again (augmentation?); give the samples that "
                "the path is to be free of errors on, without chance in them."
            )
    inputs, labels = zip(*read, strict=True)
    if len({one.shape for one in inputs}) > 1:
        raise RambleError(f"{where}: its inputs have several shapes; {PAIR} of one shape.")
    return torch.stack(inputs), torch.stack(labels)


def _sample(where: str, samples: Sequence[Any], number: int) -> tuple[Tensor, Tensor]:
    try:
        sample = samples[number]
    except Exception as error:  # of the user's own code
        raise RambleError(f"{where}: sample {number} raised {type(error).__name__}: {error}; {PAIR}.") from error
    if not isinstance(sample, tuple | list) or len(sample) != 2:
        raise RambleError(f"{where}: sample {number} is {_described(sample)}, not (input, label); {PAIR}.")
    first, second = (_tensor(f"{where}: sample {number}", part) for part in sample)
    return first, second.reshape(()) if second.numel() == 1 else second


def _tensor(where: str, part: object) -> Tensor:
    if isinstance(part, Tensor):
        return part.detach()
    try:
        array = np.asarray(part)
        if isinstance(part, np.ndarray | np.generic | int | float | bool | list) and array.dtype != object:
            return torch.from_numpy(np.array(array))  # a copy, which may be written to
    except (TypeError, ValueError):
        pass
    raise RambleError(f"{where}: has a {type(part).__name__} in it, which is no tensor and no array; {PAIR}.")
