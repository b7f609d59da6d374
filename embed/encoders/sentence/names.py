"""Which text model a name means, and what of it is on this machine or can be downloaded.

After ``text:`` a name is ``OWNER/NAME`` of the hub, or the path of a folder that begins with ``/``,
``./``, ``../`` or ``~``.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from anysense.embed.encoders.names import is_repository, user_path
from anysense.embed.encoders.weights.downloads import (
    TOKENIZER_FILES,
    WEIGHT_FILES,
    HubFile,
    optional_files,
)
from anysense.embed.encoders.weights.hub import cached_folder, missing_file, missing_model
from anysense.embed.errors import UnknownEncoderError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["downloads", "find_model", "named_downloads"]


def find_model(rest: str) -> tuple[str, Path]:
    """The encoder's name and its folder on this machine.

    Raises:
        UnknownEncoderError: the name is neither OWNER/NAME nor a path.
        MissingWeightsError: it is not here.
    """
    if (folder := user_path(rest)) is not None:
        if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
            raise missing_file(folder / "modules.json")
        return f"text:{folder}", folder
    if not is_repository(rest):
        raise UnknownEncoderError(
            f"There is no text model '{rest}': give OWNER/NAME of the hub, or an absolute path."
        )
    folder = cached_folder(rest, "modules.json") or cached_folder(rest)
    if folder is None or not any((folder / name).is_file() for name in WEIGHT_FILES):
        raise missing_model(f"text:{rest}")
    return f"text:{rest}", folder


def downloads(rest: str) -> list[HubFile]:
    """The files of a model, its weights first; none if it is not of the hub."""
    if not is_repository(rest):
        return []
    more = ("modules.json", "sentence_bert_config.json", "config_sentence_transformers.json")
    return [
        HubFile(rest, WEIGHT_FILES),
        HubFile(rest, ("config.json",)),
        *optional_files(rest, *more, *TOKENIZER_FILES),
    ]


def named_downloads(rest: str, folder: Path) -> list[HubFile]:
    """The files of the further modules that a model names, such as ``1_Pooling``."""
    file = folder / "modules.json"
    if not file.is_file():
        return []
    modules = json.loads(file.read_text(encoding="utf-8"))
    paths = [str(module.get("path", "")) for module in modules]
    return [
        part
        for path in paths
        if re.fullmatch(r"\w[\w.-]*", path)
        for part in optional_files(rest, *(f"{path}/{n}" for n in ("config.json", *WEIGHT_FILES)))
    ]
