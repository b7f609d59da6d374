"""What lies in a folder of sentence-transformers, and whether code could be run from it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sentence_transformers import SentenceTransformer
from transformers.utils import logging

from anysense.embed.encoders.names import is_part
from anysense.embed.encoders.weights.checkpoint import read_checkpoint
from anysense.embed.encoders.weights.hub import offline
from anysense.embed.errors import CheckpointError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import torch

__all__ = [
    "TEXT_MODULES",
    "check_classes",
    "check_folder",
    "check_parts",
    "damaged",
    "open_model",
    "read_json",
]

# Of what the library hands on to transformers as the files of a model say: what runs nothing, and
# leaves it to transformers which weights are loaded, and how.
_LOADING_KEYS = frozenset({"dtype", "torch_dtype", "attn_implementation", "trust_remote_code"})
_ATTENTIONS = frozenset({None, "eager", "sdpa", "flash_attention_2"})
_PROCESSING_KEYS = frozenset(
    {
        *("do_lower_case", "model_max_length", "padding_side", "truncation_side", "use_fast"),
        *("add_bos_token", "add_eos_token", "clean_up_tokenization_spaces", "fix_mistral_regex"),
        *("min_pixels", "max_pixels", "size", "do_resize", "fps", "max_frames"),
        "trust_remote_code",  # which the library itself takes out
    }
)
_SETTINGS = {
    "model_args": _LOADING_KEYS,
    "model_kwargs": _LOADING_KEYS,
    "config_args": _LOADING_KEYS,
    "config_kwargs": _LOADING_KEYS,
    "tokenizer_args": _PROCESSING_KEYS,
    "processor_kwargs": _PROCESSING_KEYS,
}

TEXT_MODULES = ("Transformer", "Pooling", "Normalize", "Dense", "LayerNorm", "Dropout")
"""The library's own modules of which models of texts are made."""


def check_folder(folder: Path, allowed: Sequence[str] = TEXT_MODULES) -> None:
    """Refuse a model's folder from which code could be run, by whatever version of the library.

    Its `modules.json` names classes, which older versions import and call as they are named, and
    older modules keep their weights in pickles; by its settings they would be read as such.

    Raises:
        CheckpointError: it names a class that is not one of those allowed or a folder that cannot
            be one of its modules', asks for more than is known to be safe, or has such a pickle.
    """
    file = folder / "modules.json"
    try:
        # Where there is none it is a model of transformers, to which the library adds its pooling.
        modules = [(str(m["type"]), str(m.get("path", ""))) for m in read_json(file, [])]
    except (TypeError, KeyError, AttributeError) as error:
        raise damaged(file) from error
    check_classes(file, [kind for kind, _ in modules], allowed)
    check_parts(file, [part for _, part in modules if part])
    for settings in sorted(folder.glob("**/sentence_*_config.json")):
        _check_settings(settings)
    for weights in sorted(folder.glob("**/*.bin")):
        if weights.is_file() and not weights.with_name("model.safetensors").is_file():
            read_checkpoint(weights)


def check_classes(file: Path, classes: Iterable[str], allowed: Sequence[str]) -> None:
    """Refuse a file that names a class which is not one of the library's own that are allowed.

    Raises:
        CheckpointError: so it does.
    """
    for name in classes:
        parts = name.split(".")
        if parts[0] != "sentence_transformers" or parts[-1] not in allowed:
            raise CheckpointError(
                f"{file}: was refused, because it names {name[:100]!r}, which "
                f"is none of the library's {', '.join(allowed)} and could run code."
            )


def check_parts(file: Path, parts: Iterable[str]) -> None:
    """Refuse a file that names folders of modules in another way than by their plain names.

    What they hold would be loaded, and be left out of the revision of the model's space.

    Raises:
        CheckpointError: so it does.
    """
    for part in parts:
        if not is_part(part):
            raise CheckpointError(
                f"{file}: was refused, because it names {part[:100]!r}, which is no plain name of "
                "a folder in it."
            )


def _check_settings(file: Path) -> None:
    content = read_json(file, {})
    if not isinstance(content, dict):
        raise damaged(file)
    for name, allowed in _SETTINGS.items():
        settings = content.get(name) or {}
        if not isinstance(settings, dict):
            raise damaged(file)
        odd = sorted(map(str, settings.keys() - allowed))
        if settings.get("attn_implementation") not in _ATTENTIONS:
            odd.append("attn_implementation")
        if odd:
            raise CheckpointError(
                f"{file}: was refused, because its {name} ask for {odd[0][:100]!r}, which is not "
                "known to be safe; take it out, if vectors do not need it."
            )


def read_json(file: Path, missing: Any) -> Any:
    """What a file of a model says; `missing` where there is none.

    Raises:
        CheckpointError: it cannot be read.
    """
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return missing
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(file) from error


def open_model(
    folder: Path, device: torch.device, model_kwargs: Mapping[str, Any] | None = None
) -> Any:
    """Load a model of sentence-transformers; code that comes with it is not run.

    Args:
        folder: where it is.
        device: where it is to run.
        model_kwargs: what transformers is given as well.

    Raises:
        CheckpointError: it is damaged, or the library cannot load it.
    """
    try:
        with offline(), _without_bars():
            return SentenceTransformer(
                str(folder),
                device=str(device),
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs=dict(model_kwargs or {}),
            )
    except Exception as error:  # whatever the library and its loaders raise for a damaged folder
        raise CheckpointError(
            f"{folder}: cannot be loaded as a sentence-transformers model "
            f"({type(error).__name__}: {' '.join(str(error).split())[:200]})."
        ) from error


@contextmanager
def _without_bars() -> Iterator[None]:
    """Keep transformers from drawing its progress."""
    bars: Any = logging
    had_bars = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        if had_bars:
            bars.enable_progress_bar()


def damaged(file: Path) -> CheckpointError:
    """The error for a file of a model that does not say what it should."""
    return CheckpointError(f"{file}: is damaged; fetch it again.")
