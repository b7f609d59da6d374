"""A model in a folder, opened without running anything that lies in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from sentence_transformers.util import batch_to_device

from anysense.embed.encoders.revision import digest_parts
from anysense.embed.encoders.sentence.folder import (
    TEXT_MODULES,
    check_classes,
    check_folder,
    check_parts,
    damaged,
    open_model,
    read_json,
)
from anysense.embed.encoders.sentence_transformers.inputs import Inputs, settle
from anysense.embed.encoders.sentence_transformers.names import (
    MODEL_CONFIGS,
    ROUTERS,
    module_folders,
    weight_files,
)
from anysense.embed.encoders.sentence_transformers.prompts import tasks
from anysense.embed.encoders.weights.checkpoint import file_digest
from anysense.embed.errors import CheckpointError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["check_model", "describe", "load_model", "own_prompts"]

_MODULES = (*TEXT_MODULES, "CLIPModel", "Router", "Asym")
_WITH_CODE = (
    "config.json",
    "tokenizer_config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "video_preprocessor_config.json",
)
"""The files that can name code of a model's own."""
_NOT_IN_VECTORS = frozenset(
    {"_name_or_path", "transformers_version", "__version__", "dtype", "torch_dtype"}
)


def load_model(folder: Path, device: torch.device) -> Any:
    """The model in a folder, in full precision on the CPU, and on CUDA in that of its weights.

    Raises:
        CheckpointError: it is damaged, could run code, or needs code of its own.
    """
    check_model(folder)
    on_cpu = {"dtype": torch.float32} if device.type == "cpu" else None
    before = torch.get_rng_state()
    model = open_model(folder, device, on_cpu).eval().requires_grad_(False)
    if not torch.equal(before, torch.get_rng_state()):
        _check_absent(folder, model, open_model(folder, device, on_cpu).eval())
    return model


def _check_absent(folder: Path, model: Any, other: Any) -> None:
    """Refuse a model that lacks weights by which vectors are made.

    Transformers draws weights that a folder lacks at random, and says so to its log alone. Some
    need not be there, such as those of a pooling that is not used: with no number in place of each
    that differs from loading to loading, vectors show whether they depend on it.

    Args:
        folder: that it lies in.
        model: as it was loaded.
        other: the same, loaded once more; of no use afterwards.

    Raises:
        CheckpointError: vectors depend on it.
    """
    weights = dict(other.named_parameters())
    absent = [name for name, one in model.named_parameters() if not one.equal(weights[name])]
    with torch.no_grad():
        for name in absent:
            weights[name].fill_(torch.nan)
        settle(other)
        inputs = Inputs(other)
        for task in tasks(own_prompts(folder)).values():
            for content in inputs.probes():
                values = dict(inputs.prepare(content, task).values)
                values = batch_to_device(values, other.device)
                if not other(values)["sentence_embedding"].isfinite().all():
                    raise CheckpointError(
                        f"{folder}: lacks {len(absent)} weights of the model, such as "
                        f"{absent[0].partition('.model.')[2] or absent[0]}; fetch it again."
                    )


def check_model(folder: Path) -> None:
    """Refuse a model from which code could be run, or that would not be itself without its own.

    Transformers would take its own code for a model that brings some; their vectors may differ.

    Raises:
        CheckpointError: it is such a model, or an adapter without the model it belongs to.
    """
    check_folder(folder, _MODULES)
    if (folder / "adapter_config.json").is_file():
        raise CheckpointError(
            f"{folder}: is an adapter of another model; merge it into that one and save the two "
            "together."
        )
    for place in module_folders(folder):
        for file in (place / name for name in _WITH_CODE):
            if any(key == "auto_map" for key, _ in _entries(read_json(file, {}))):
                raise CheckpointError(
                    f"{file}: was refused, because the model needs code of its own, which is not "
                    "run; choose a model that transformers itself knows."
                )
        for router in (place / name for name in ROUTERS):
            content = read_json(router, {})
            types = content.get("types", {}) if isinstance(content, dict) else None
            if not isinstance(types, dict):
                raise damaged(router)
            check_classes(router, map(str, types.values()), _MODULES)
            check_parts(router, types)


def own_prompts(folder: Path) -> dict[str, str]:
    """The prompts that a model's files name; the library adds empty ones of its own.

    It reads them where a model's modules are named; others are models of transformers alone.
    """
    if not (folder / "modules.json").is_file():
        return {}
    prompts = read_json(folder / "config_sentence_transformers.json", {}).get("prompts") or {}
    return {str(name): str(prompt) for name, prompt in prompts.items() if prompt is not None}


def describe(folder: Path) -> str:
    """A hash of a model's weights, and of what its files say of how it makes a vector."""
    parts: dict[str, Any] = {
        path.relative_to(folder).as_posix(): file_digest(path) for path in weight_files(folder)
    }
    for place in module_folders(folder):
        named = {place / name for name in MODEL_CONFIGS}
        for file in sorted(named | set(place.glob("sentence_*_config.json"))):
            if file.suffix == ".json" and file.is_file():
                parts[file.relative_to(folder).as_posix()] = _told(read_json(file, {}))
            elif file.is_file():
                parts[file.relative_to(folder).as_posix()] = file_digest(file)
    return digest_parts(parts)


def _told(content: Any) -> Any:
    """What is said, without what makes no vector."""
    if isinstance(content, dict):
        return {key: _told(value) for key, value in content.items() if key not in _NOT_IN_VECTORS}
    return [_told(value) for value in content] if isinstance(content, list) else content


def _entries(content: Any) -> Iterator[tuple[str, Any]]:
    """Every entry of nested mappings."""
    if isinstance(content, dict):
        yield from content.items()
    inner = content.values() if isinstance(content, dict) else content
    for value in inner if isinstance(content, dict | list) else ():
        yield from _entries(value)
