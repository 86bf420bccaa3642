"""Tensors on disk: safetensors files that are either whole or absent, and say where they come from."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save

from ramble.artifacts import open_tensors, write_whole
from ramble.stamps import stamp


def write_tensors(path: str | Path, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, object]) -> None:
    """Write tensors, their metadata (values as text) and where they come from; equal content gives equal bytes."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    texts = {key: str(value) for key, value in metadata.items()} | {"provenance": stamp(path)}
    content = _with_sorted_header(save(plain, metadata=texts))
    write_whole(path, lambda aside: aside.write_bytes(content))


def _with_sorted_header(content: bytes) -> bytes:
    """Sort the header's keys: safetensors writes its metadata in an order that changes between processes."""
    (length,) = struct.unpack("<Q", content[:8])
    header = json.dumps(json.loads(content[8 : 8 + length]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + content[8 + length :]


def read_tensors(path: str | Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Return the tensors and the metadata of a safetensors file; raises as `open_tensors` does."""
    with open_tensors(path, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
