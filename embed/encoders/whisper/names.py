"""Which Whisper a name means, and what of it is on this machine or can be downloaded.

A name is ``whisper:OWNER/NAME``, a repository of the hub such as ``whisper:openai/whisper-small``,
or ``whisper:PATH``, a folder with such a model; ``whisper:`` may be left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.embed.encoders.names import is_repository, user_path
from anysense.embed.encoders.weights.downloads import TOKENIZER_FILES, HubFile, optional_files
from anysense.embed.encoders.weights.hub import cached_folder, missing_file, missing_model
from anysense.embed.errors import UnknownEncoderError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["KIND", "downloads", "find_folder", "full_name", "named_downloads"]

KIND = "whisper"
WEIGHTS = "model.safetensors"  # a pickle is refused
SETTINGS = ("config.json", "generation_config.json", "preprocessor_config.json")


def full_name(name: str) -> str:
    """A name with its kind, in which a path begins at the root.

    Raises:
        UnknownEncoderError: it is none.
    """
    rest = name.removeprefix(f"{KIND}:")
    path = user_path(rest)
    if path is None and not is_repository(rest):
        raise UnknownEncoderError(
            f"There is no model of speech '{name}': give OWNER/NAME of the hub, such as "
            "openai/whisper-small, or a path."
        )
    return f"{KIND}:{rest if path is None else path}"


def find_folder(name: str) -> Path:
    """The folder of a model on this machine.

    Raises:
        UnknownEncoderError: no such name.
        MissingWeightsError: the model is not here, or is not whole.
    """
    rest = full_name(name).partition(":")[2]
    folder = user_path(rest)
    if folder is None:
        folder = cached_folder(rest, WEIGHTS)
        if folder is None:
            raise missing_model(full_name(name))
    for file in (WEIGHTS, *SETTINGS):
        if not (folder / file).is_file():
            raise missing_file(folder / file)
    return folder


def downloads(rest: str) -> list[HubFile]:
    """The files of a model, its weights first; none if it is a path.

    Raises:
        UnknownEncoderError: no such name.
    """
    repository = full_name(rest).partition(":")[2]
    if user_path(repository) is not None:
        return []
    required = [HubFile(repository, (name,)) for name in (WEIGHTS, *SETTINGS)]
    return [*required, *optional_files(repository, *TOKENIZER_FILES, "normalizer.json")]


def named_downloads(rest: str, folder: Path) -> list[HubFile]:
    """Further files: none."""
    return []
