"""Where and how torch computes: device and determinism."""

import torch

from ramble.errors import RambleError


def choose_device(name: str) -> torch.device:
    """Return the device called `name`: `auto` (CUDA where there is one), `cpu`, `cuda` or `cuda:N`.

    From here on algorithms are forbidden whose result depends on scheduling. Raises RambleError when CUDA is asked for
    and absent.
    """
    torch.set_deterministic_debug_mode("warn")
    # in that mode torch fills what `empty` returns, to show who reads it unwritten: a tenth of an evaluation's time
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise RambleError(f"device: '{name}' is asked for but torch sees no CUDA device; set device to auto or cpu.")
    return torch.device(name)
