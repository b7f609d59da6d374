"""Reading weights from disk without running what they contain.

Safetensors files hold tensors and nothing else. Older checkpoints are pickles, which can run any
code when they are opened: they are read by torch's restricted unpickler with a short list of
allowed types, and of what it yields only tensors are kept.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from anysense.embed.cache import user_cache, write_aside
from anysense.embed.errors import CheckpointError, MissingWeightsError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["file_digest", "read_checkpoint", "read_tensors", "reading"]

_CHUNK = 8 * 1024 * 1024


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """The state dict of a ``.safetensors`` file or of a pickled checkpoint, on the CPU.

    A checkpoint saved while training may nest it under ``state_dict`` or ``model`` beside other
    things, and may prefix its names with ``module.``; the rest is dropped, and so is the prefix.

    Raises:
        MissingWeightsError: no file there.
        CheckpointError: damaged, without weights, or refused as unsafe.
    """
    content = read_checkpoint(path)
    for key in ("state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
            break
    tensors = {
        str(name): value for name, value in content.items() if isinstance(value, torch.Tensor)
    }
    if not tensors:
        raise CheckpointError(f"{path}: holds no weights.")
    if all(name.startswith("module.") for name in tensors):
        tensors = {name[len("module.") :]: value for name, value in tensors.items()}
    return tensors


def read_checkpoint(path: Path) -> Mapping[str, Any]:
    """Everything in a checkpoint that torch's restricted unpickler yields, on the CPU.

    Raises:
        MissingWeightsError: no file there.
        CheckpointError: damaged, not a dictionary, or refused as unsafe.
    """
    if not path.is_file():
        raise MissingWeightsError(f"{path}: there is no such checkpoint.")
    content = _read_safetensors(path) if path.suffix == ".safetensors" else _read_pickle(path)
    if not isinstance(content, Mapping):
        raise CheckpointError(f"{path}: holds a {type(content).__name__}, not a state dict.")
    return content


def file_digest(path: Path) -> str:
    """The SHA-256 of a file's content, in hex; remembered for as long as the file is unchanged.

    A file counts as unchanged while its resolved path, size and time of change are the same.
    """
    real_path = path.resolve()
    status = real_path.stat()
    key = f"{real_path}|{status.st_size}|{status.st_mtime_ns}"
    cache = user_cache("digests.json")
    digests = _read_digests(cache)
    if key not in digests:
        digests = {k: v for k, v in digests.items() if not k.startswith(f"{real_path}|")}
        digests[key] = _sha256(real_path)
        content = json.dumps(digests, indent=1).encode()
        write_aside(cache, lambda file: file.write(content))
    return digests[key]


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _read_digests(cache: Path) -> dict[str, str]:
    try:
        content = json.loads(cache.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    with reading(path):
        return load_file(path)


def _read_pickle(path: Path) -> Any:
    # Archives are mapped, so that what is not used is not read either.
    is_archive = zipfile.is_zipfile(path)
    try:
        with reading(path), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of unusual protocols; what matters is raised
            return torch.load(path, map_location="cpu", weights_only=True, mmap=is_archive)
    except CheckpointError:
        raise
    except Exception as error:  # on bytes that are no pickle, the unpickler can raise anything
        raise _damage(path) from error


def _damage(path: Path) -> CheckpointError:
    return CheckpointError(f"{path}: is damaged, or is no checkpoint; fetch it again.")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Read a checkpoint in this block, by torch's restricted unpickler, with clear errors.

    For libraries that call `torch.load(..., weights_only=True)` themselves as well.

    Raises:
        CheckpointError: damaged, or refused as unsafe.
    """
    from safetensors import SafetensorError

    try:
        with torch.serialization.safe_globals(_allowed_types()):
            yield
    except pickle.UnpicklingError as error:
        if "global" not in str(error).lower():
            raise _damage(path) from error
        raise CheckpointError(
            f"{path}: was refused, because it holds more than weights and could run code; "
            "use a safetensors file, or a checkpoint with nothing but tensors."
        ) from error
    except (SafetensorError, EOFError, zipfile.BadZipFile) as error:
        raise _damage(path) from error
    except RuntimeError as error:
        if "TorchScript" in str(error):
            raise CheckpointError(
                f"{path}: is a TorchScript archive, which holds code; use the model's tag, "
                "or a file of its state dict."
            ) from error
        if "PytorchStreamReader" in str(error) or "storage" in str(error):
            raise _damage(path) from error
        raise


def _allowed_types() -> list[Any]:
    """What training scripts leave in checkpoints beside tensors: numbers of NumPy.

    Building one of these runs nothing but NumPy's own constructor of a number.
    """
    import numpy as np

    scalar = np.float32(0).__reduce__()[0]
    kinds = (np.float64, np.float32, np.int64, np.int32, np.bool_)
    # Files name the function by where it lived in the NumPy that wrote them.
    places = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar")
    return [
        *[(scalar, place) for place in places],
        np.dtype,
        *[type(np.dtype(kind)) for kind in kinds],
    ]
