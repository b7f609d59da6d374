"""Which PE-AV model a name means, and what of it is on this machine or can be downloaded.

After ``peav:`` a name is ``OWNER/NAME`` of the hub, such as ``facebook/pe-av-small``, or the path
of a folder that begins with ``/``, ``./``, ``../`` or ``~``. Weights are safetensors and nothing
else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.embed.encoders.names import is_repository, user_path
from anysense.embed.encoders.weights.downloads import TOKENIZER_FILES, HubFile, optional_files
from anysense.embed.encoders.weights.hub import cached_file, missing_file, missing_model
from anysense.embed.errors import UnknownEncoderError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["downloads", "find_model", "named_downloads", "weight_files"]

_WEIGHTS = "model.safetensors"
# The processor's settings: in one file, or in one for sounds and one for frames.
_SETTINGS = ("processor_config.json", "preprocessor_config.json", "video_preprocessor_config.json")


def find_model(rest: str) -> tuple[str, Path]:
    """The encoder's name and its folder on this machine.

    Raises:
        UnknownEncoderError: the name is neither OWNER/NAME nor a path.
        MissingWeightsError: it is not here.
    """
    if (folder := user_path(rest)) is not None:
        if not (folder / "config.json").is_file():
            raise missing_file(folder / "config.json")
        if not weight_files(folder):
            raise missing_file(folder / _WEIGHTS)
        return f"peav:{folder}", folder
    if not is_repository(rest):
        raise UnknownEncoderError(
            f"There is no PE-AV model '{rest}': give OWNER/NAME of the hub, such as "
            "facebook/pe-av-small, or a folder, such as ./model."
        )
    file = cached_file(rest, _WEIGHTS)
    if file is None or not (file.parent / "config.json").is_file():
        raise missing_model(f"peav:{rest}")
    return f"peav:{rest}", file.parent


def weight_files(folder: Path) -> list[Path]:
    """The weights in a folder: one file, or several if they were saved in parts."""
    return sorted(path for path in folder.glob("model*.safetensors") if path.is_file())


def downloads(rest: str) -> list[HubFile]:
    """The files of a model, its weights first; none if it is a path.

    Raises:
        UnknownEncoderError: the name is neither OWNER/NAME nor a path.
    """
    if user_path(rest) is not None:
        return []
    if not is_repository(rest):
        find_model(rest)
    return [
        HubFile(rest, (_WEIGHTS,)),
        HubFile(rest, ("config.json",)),
        *optional_files(rest, *_SETTINGS, *TOKENIZER_FILES),
    ]


def named_downloads(rest: str, folder: Path) -> list[HubFile]:
    """None: the files of a PE-AV model name no others."""
    return []
