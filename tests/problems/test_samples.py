"""What is taken for a data set, and what is not."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from ramble.errors import RambleError
from ramble.problems.samples import whole_set

X, Y = torch.randn(6, 2, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 0, 1, 1, 0])


class Listed(Dataset):
    def __len__(self) -> int:
        return len(X)

    def __getitem__(self, number: int) -> tuple[Tensor, int]:
        return X[number], int(Y[number])


class Augmented(Listed):
    def __getitem__(self, number: int) -> tuple[Tensor, int]:
        return X[number] + torch.randn(2), int(Y[number])


class Stream(IterableDataset):
    def __iter__(self):
        return iter(zip(X, Y, strict=True))


class Raising(Listed):
    def __getitem__(self, number: int) -> tuple[Tensor, int]:
        raise OSError("no disk")


TAKEN = [
    (X, Y),
    [X, Y],
    (X.numpy(), Y.numpy()),
    TensorDataset(X, Y),
    DataLoader(TensorDataset(X, Y), batch_size=4, shuffle=True),
    Listed(),
    DataLoader(Listed(), batch_size=2, shuffle=True),
    [(one, int(label)) for one, label in zip(X, Y, strict=True)],
    [(one.numpy(), label.numpy()) for one, label in zip(X, Y, strict=True)],
]
REFUSED = [
    ((X, Y[:5]), r"not equally many"),
    ({"x": X, "y": Y}, r"a dictionary with 'x', 'y', which is no data set"),
    (X, r"is a Tensor, which is no data set"),
    (None, r"is a NoneType"),
    ("train", r"is a str"),
    (Stream(), r"is a Stream, which is no data set that can be read again"),
    (DataLoader(Stream()), r"is a Stream"),
    (Augmented(), r"sample 0 is another one when it is read again \(augmentation\?\)"),
    (DataLoader(Augmented(), shuffle=True), r"another one when it is read again"),
    (DataLoader(Listed(), collate_fn=lambda some: some), r"a collate_fn of its own"),
    (Raising(), r"sample 0 raised OSError: no disk"),
    ([], r"is empty"),
    ([(X[0], 0), (X[1, :1], 1)], r"several shapes"),
    ([(X[0], 0, 1)], r"sample 0 is a tuple of 3"),
    ([("text", 0)], r"has a str in it, which is no tensor and no array"),
]


@pytest.mark.parametrize("given", TAKEN)
def test_what_is_the_same_whenever_it_is_read_is_taken(given):
    inputs, labels = whole_set("data", given)
    assert torch.equal(inputs, X)
    assert torch.equal(labels.long(), Y)


@pytest.mark.parametrize(("given", "sentence"), REFUSED)
def test_everything_else_is_refused_with_a_sentence(given, sentence):
    with pytest.raises(RambleError, match=sentence):
        whole_set("data", given)


def test_arrays_are_copied():
    inputs = np.zeros((2, 3), dtype=np.float32)
    taken, _ = whole_set("data", (inputs, np.array([0, 1])))
    inputs += 1
    assert not taken.any()
