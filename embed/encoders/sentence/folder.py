"""What lies in a folder of sentence-transformers, and whether code could be run from it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sentence_transformers import SentenceTransformer
from transformers.utils import logging

from anysense.embed.encoders.weights.checkpoint import read_checkpoint
from anysense.embed.encoders.weights.hub import offline
from anysense.embed.errors import CheckpointError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import torch

__all__ = ["TEXT_MODULES", "check_classes", "check_folder", "open_model", "read_json"]

TEXT_MODULES = ("Transformer", "Pooling", "Normalize", "Dense", "LayerNorm", "Dropout")
"""The library's own modules of which models of texts are made."""


def check_folder(folder: Path, allowed: Sequence[str] = TEXT_MODULES) -> None:
    """Refuse a model's folder from which code could be run, by whatever version of the library.

    Its `modules.json` names classes, which older versions import and call as they are named, and
    older modules keep their weights in pickles.

    Raises:
        CheckpointError: it names a class that is not one of those allowed, or has such a pickle.
    """
    file = folder / "modules.json"
    try:
        # Where there is none it is a model of transformers, to which the library adds its pooling.
        classes = [str(module["type"]) for module in read_json(file, [])]
    except (TypeError, KeyError) as error:
        raise _damaged(file) from error
    check_classes(file, classes, allowed)
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


def read_json(file: Path, missing: Any) -> Any:
    """What a file of a model says; `missing` where there is none.

    Raises:
        CheckpointError: it cannot be read.
    """
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return missing
    except (OSError, ValueError) as error:
        raise _damaged(file) from error


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


def _damaged(file: Path) -> CheckpointError:
    return CheckpointError(f"{file}: is damaged; fetch it again.")
