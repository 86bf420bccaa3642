"""Two networks trained by plain PyTorch, and a module that names them, as a stranger has them."""

from pathlib import Path

import torch
from torch import Tensor, nn

SOURCE = """
import torch
from torch import nn

DRAWN = torch.Generator().manual_seed(0)
INPUTS, LABELS = torch.randn(15, 3, generator=DRAWN), torch.randint(0, 3, (15,), generator=DRAWN)


def network():
    return nn.Sequential(nn.Linear(3, 40), nn.ReLU(), nn.Linear(40, 3))


def narrow():
    return nn.Sequential(nn.Linear(3, 20), nn.ReLU(), nn.Linear(20, 3))


def train():
    return INPUTS, LABELS


def test():
    return INPUTS + 0.1, LABELS


def other():
    return -INPUTS, LABELS


def out_of_range():
    return INPUTS, LABELS + 3


def other_shape():
    return INPUTS[:, :2], LABELS


def nothing():
    return {"inputs": INPUTS}


def raises():
    raise OSError("the disk is gone")


def needs(size):
    return network()
"""


def samples() -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    return torch.randn(15, 3, generator=random), torch.randint(0, 3, (15,), generator=random)


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 40), nn.ReLU(), nn.Linear(40, 3))


def trained(seed: int, steps: int = 300) -> nn.Module:
    """A network after Adam; the caller asserts what it needs of its errors."""
    inputs, labels = samples()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        found = network()
    adam = torch.optim.Adam(found.parameters(), 0.02)
    for _ in range(steps):
        adam.zero_grad()
        nn.functional.cross_entropy(found(inputs), labels).backward()  # type: ignore[no-untyped-call]
        adam.step()
    return found


def errors(found: nn.Module) -> int:
    inputs, labels = samples()
    return int((found(inputs).argmax(1) != labels).sum())


def folder_of(place: Path) -> Path:
    """Fill a folder with a module `mine.py` and checkpoints of both networks."""
    (place / "mine.py").write_text(SOURCE)
    for name, seed in (("a", 1), ("b", 2)):
        found = trained(seed)
        assert errors(found) == 0
        torch.save(found.state_dict(), place / f"{name}.pt")
    torch.save(trained(3, steps=5).state_dict(), place / "early.pt")
    return place
