"""What must be true of a problem's data, looked at once, where they come in.

Every refusal is a sentence that names the problem's class, the tensor and the remedy. Data that no network can solve
are counted here: `Problem.refuse_unavoidable` refuses them before a search.
"""

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor

from ramble.errors import RambleError
from ramble.problems.problem import Split, Unavoidable

# Rows looked at together: their copy stays small beside the data.
ROWS = 1000


def tensor_called(where: str, tensors: Mapping[str, Tensor], name: str) -> Tensor:
    """Return a tensor of a data set; raises RambleError where there is none of that name."""
    if name not in tensors:
        raise RambleError(
            f"{where}: the data set has no tensor '{name}' (it has {', '.join(tensors) or 'none'}); let the data maker "
            "return one."
        )
    return tensors[name]


def stored_inputs(where: str, split: str, inputs: Tensor, dtype: torch.dtype) -> Tensor:
    """Return inputs (M, ...) as the network sees them.

    Numbers are rounded once to the network's dtype, and networks are meant on the rounded ones from then on; whole
    numbers, as an embedding takes them, stay as they are.

    Raises:
        RambleError: no inputs, none of them real numbers, or some not finite in `dtype`.
    """
    name = f"{where}: the inputs of '{split}'"
    _refuse_no_tensor(name, inputs)
    if not inputs.dim() or not len(inputs):
        raise RambleError(f"{name} are none (shape {tuple(inputs.shape)}); give at least one, or leave the split out.")
    if inputs.is_complex():
        raise RambleError(f"{name} are complex; give real numbers, such as torch.view_as_real of them.")
    inputs = inputs.detach()
    if not inputs.is_floating_point():
        return inputs.clone()
    stored = inputs.to(dtype, copy=True)  # later changes to the given tensor are none of ours
    if not stored.isfinite().all():
        index = tuple((~stored.isfinite()).nonzero()[0].tolist())
        raise RambleError(
            f"{name} hold {float(inputs[index])} at index {index}, which is not finite in "
            f"{dtype}; remove that input, or mend the data."
        )
    return stored


def whole_labels(where: str, split: str, labels: Tensor, count: int) -> Tensor:
    """Return labels (M,) as int64, of the dtype bool, of any whole numbers, or of floats that are whole.

    Raises:
        RambleError: labels are not one number for each of the `count` inputs, or are not whole.
    """
    name = f"{where}: the labels of '{split}'"
    _refuse_no_tensor(name, labels)
    shape = tuple(labels.shape)
    if len(shape) == 2 and shape[1] > 1:
        raise RambleError(f"{name} have the shape {shape}, as one-hot rows have; give class numbers, labels.argmax(1).")
    if len(shape) != 1:
        remedy = "labels.flatten()" if labels.numel() == count else "one class number for each input"
        raise RambleError(f"{name} have the shape {shape} and not ({count},); give {remedy}.")
    if len(labels) != count:
        raise RambleError(f"{name} are {len(labels)} and its inputs {count}; give one label for each input.")
    if labels.is_complex():
        raise RambleError(f"{name} are complex; give class numbers.")
    if labels.is_floating_point():
        broken = (labels != labels.round()) | ~labels.isfinite()
        if broken.any():
            index = int(broken.nonzero()[0])
            raise RambleError(f"{name} hold {float(labels[index])} at index {index}; give whole class numbers.")
    return labels.detach().to(torch.int64, copy=True)


def class_numbers(where: str, labels: Mapping[Split, Tensor], outputs: int) -> dict[Split, Tensor]:
    """Return whole labels (M,) of every split as classes 0..C-1; those of a single logit, +-1 or 0 and 1, as 0 and 1.

    Raises:
        RambleError: a label is no class of a network with so many outputs.
    """
    if outputs == 1:
        _refuse_others(where, labels, (-1, 0, 1), "a network with one logit takes the labels 0 and 1, or -1 and +1")
        both = [any(bool((own == value).any()) for own in labels.values()) for value in (-1, 0)]
        if all(both):
            raise RambleError(
                f"{where}: the labels of {_splits(labels)} hold both -1 and 0; with one logit give 0 and 1, or -1 "
                "and +1, in all splits alike."
            )
        return {split: own.clamp(min=0) for split, own in labels.items()}
    remedy = f"the network has {outputs} logits, so give classes 0 to {outputs - 1}"
    if outputs == 2:
        remedy += " (or a network with one logit, for labels -1 and +1)"
    _refuse_others(where, labels, range(outputs), remedy)
    return dict(labels)


def _refuse_others(where: str, labels: Mapping[Split, Tensor], allowed: range | tuple[int, ...], remedy: str) -> None:
    for split, own in labels.items():
        others = (own < allowed[0]) | (own > allowed[-1])
        if others.any():
            index = int(others.nonzero()[0])
            raise RambleError(f"{where}: the labels of '{split}' hold {int(own[index])} at index {index}; {remedy}.")


def contradictions(where: str, inputs: Tensor, labels: Tensor) -> Unavoidable | None:
    """Return the errors that every network makes on training inputs (M, ...) with labels (M,), if there are some."""
    count, pair = unavoidable_errors(inputs, labels)
    if pair is None:
        return None
    one, other = pair
    return Unavoidable(
        count,
        f"{where}: the training inputs {one} and {other} are equal and their labels are not ({int(labels[one])} and "
        f"{int(labels[other])})",
    )


def unavoidable_errors(inputs: Tensor, labels: Tensor) -> tuple[int, tuple[int, int] | None]:
    """Return how many errors every network makes since equal inputs (M, ...) have different labels (M,), and two such.

    Of the samples with one input all but those with its most frequent label. Inputs are compared by what they are as
    numbers (-0.0 is 0.0), in time O(M) by their digests.
    """
    seen: dict[bytes, dict[int, int]] = {}  # how often an input has which label
    first: dict[bytes, int] = {}
    pair, classes = None, labels.tolist()
    for start in range(0, len(inputs), ROWS):
        rows = inputs[start : start + ROWS].flatten(1).cpu() if inputs.dim() > 1 else inputs[start : start + ROWS, None]
        rows = rows + 0.0 if rows.is_floating_point() else rows  # -0.0 + 0.0 is 0.0
        for index, row in enumerate(rows.contiguous().numpy(), start):
            digest = hashlib.blake2b(row, digest_size=16).digest()
            other = first.setdefault(digest, index)
            counts = seen.setdefault(digest, {})
            counts[classes[index]] = counts.get(classes[index], 0) + 1
            if pair is None and classes[other] != classes[index]:
                pair = other, index
    return sum(sum(counts.values()) - max(counts.values()) for counts in seen.values()), pair


def signs(where: str, name: str, values: Tensor) -> Tensor:
    """Return the values as int8; raises RambleError unless all of them are +1 or -1."""
    _refuse_no_tensor(f"{where}: {name}", values)
    others = (values != 1) & (values != -1)
    if others.any():
        index = tuple(others.nonzero()[0].tolist())
        raise RambleError(f"{where}: {name} hold {values[index].item()} at index {index}; give +1 and -1 only.")
    return values.detach().to(torch.int8)


def _refuse_no_tensor(name: str, values: object) -> None:
    if not isinstance(values, Tensor) or values.layout != torch.strided:
        what = f"of the layout {values.layout}" if isinstance(values, Tensor) else f"a {type(values).__name__}"
        raise RambleError(f"{name} are {what}; give a dense torch tensor.")


def _splits(labels: Mapping[Split, Tensor]) -> str:
    return ", ".join(f"'{split}'" for split in labels)
