"""Tensors on disk: safetensors files that are either whole or absent, and say where they come from."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from ramble.errors import RambleError, printable
from ramble.store.artifacts import header_texts, write_whole
from ramble.store.content import check_tensors, remedy, sealed_tensors
from ramble.store.untrusted import FETCH, read_regular


def write_tensors(path: str | Path, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, object]) -> None:
    """Write tensors, their metadata (values as text), where they come from, and the digest of all that.

    Equal content gives equal bytes.
    """
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    content = sealed_tensors(save(plain, metadata=header_texts(metadata)))
    write_whole(path, lambda aside: aside.write_bytes(content))


def read_tensors(
    path: str | Path, missing: str = FETCH, cure: str = ""
) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Return the tensors and the metadata of a safetensors file.

    Args:
        path: of the file.
        missing: what to do where it is missing, for the sentence.
        cure: what to do where it is damaged, likewise.

    Raises:
        RambleError: the file is missing, not a whole safetensors file, or its content is not what its digest says.
    """
    content = read_regular(path, missing)
    header = check_tensors(path, content, cure).header
    try:
        return load(content), header
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise RambleError(
            f"{path}: holds no tensors that can be read ({printable(str(error))}); {cure or remedy(path)}."
        ) from error


def tensors_digest(path: str | Path, missing: str = FETCH) -> str:
    """Return the digest of a file's tensors, whatever its header says; raises as `read_tensors` does."""
    return check_tensors(path, read_regular(path, missing)).digest


def digest_of(tensors: Mapping[str, torch.Tensor]) -> str:
    """Return a SHA-256 of tensors by their names, in any order of these: of names, types, shapes and values."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        plain = tensor.detach().cpu().contiguous()
        digest.update(f"{name!r} {plain.dtype} {tuple(plain.shape)}\n".encode())
        digest.update(plain.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
