"""Where and how torch computes: device and determinism."""

import re

import torch

from ramble.errors import RambleError

NAMES = re.compile(r"auto|cpu|cuda(:[0-9]{1,4})?")


def choose_device(name: str) -> torch.device:
    """Return the device called `name`: `auto` (CUDA where there is one), `cpu`, `cuda` or `cuda:N`.

    From here on algorithms are forbidden whose result depends on scheduling. Raises RambleError when a device is asked
    for that is not there.
    """
    if not NAMES.fullmatch(name):
        raise RambleError(f"device: '{name}' is none; give auto, cpu, cuda or cuda:N.")
    torch.set_deterministic_debug_mode("warn")
    # in that mode torch fills what `empty` returns, to show who reads it unwritten: a tenth of an evaluation's time
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise RambleError(f"device: '{name}' is asked for but torch sees no CUDA device; set device to auto or cpu.")
    device = torch.device(name)
    if device.index is not None and device.index >= torch.cuda.device_count():
        raise RambleError(
            f"device: '{name}' is asked for but torch sees {torch.cuda.device_count()} CUDA devices, the first of them "
            "cuda:0; name one that is there."
        )
    return device
