"""Which CLAP a name means, and what of it is on this machine or can be downloaded.

After ``clap:`` a name is one of

* an official checkpoint of LAION-CLAP, such as ``630k-audioset-best`` (see `OFFICIAL`);
* ``OWNER/NAME``: a port to transformers on the hub, such as ``laion/clap-htsat-unfused``;
* a path that begins with ``/``, ``./``, ``../`` or ``~``: a folder with such a port, or a
  checkpoint in LAION's format, ``.pt`` or ``.safetensors``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from anysense.embed.encoders.names import is_repository, user_path
from anysense.embed.encoders.weights.downloads import (
    TOKENIZER_FILES,
    WEIGHT_FILES,
    HubFile,
    optional_files,
)
from anysense.embed.encoders.weights.hub import cached_file, missing_file, missing_model
from anysense.embed.errors import UnknownEncoderError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "OFFICIAL",
    "TOKENIZER_REPOSITORIES",
    "ClapWeights",
    "downloads",
    "find_weights",
    "named_downloads",
    "parse_name",
]

OFFICIAL_REPOSITORY = "lukewys/laion_clap"
OFFICIAL = (
    "630k-best",
    "630k-audioset-best",
    "630k-fusion-best",
    "630k-audioset-fusion-best",
    "music_audioset_epoch_15_esc_90.14",
    "music_speech_epoch_15_esc_89.25",
    "music_speech_audioset_epoch_15_esc_89.98",
)
# Where RoBERTa's vocabulary may be in the hub's cache; LAION's checkpoints come without it.
TOKENIZER_REPOSITORIES = ("roberta-base", "FacebookAI/roberta-base", "laion/clap-htsat-unfused")
_VOCABULARY_FILES = ("tokenizer.json", "vocab.json", "merges.txt")


@dataclass(frozen=True)
class ClapWeights:
    """Which weights a name means.

    Attributes:
        name: the encoder's name, with paths made absolute.
        repository: the hub repository, where it has one.
        files: the names that its weights may have there.
        path: the user's own folder or file, where it has one.
    """

    name: str
    repository: str = ""
    files: tuple[str, ...] = ()
    path: Path | None = None


def parse_name(rest: str) -> ClapWeights:
    """What follows ``clap:``, understood; see the module's docstring.

    Raises:
        UnknownEncoderError: it is none of the three.
    """
    if (path := user_path(rest)) is not None:
        return ClapWeights(f"clap:{path}", path=path)
    name = rest.removesuffix(".pt")
    if name in OFFICIAL:
        return ClapWeights(f"clap:{name}", OFFICIAL_REPOSITORY, (f"{name}.pt",))
    if is_repository(rest):
        return ClapWeights(f"clap:{rest}", rest, WEIGHT_FILES)
    raise UnknownEncoderError(
        f"There is no CLAP checkpoint '{rest}': give OWNER/NAME of the hub, an absolute path, or "
        f"one of {', '.join(OFFICIAL)}."
    )


def find_weights(weights: ClapWeights) -> Path:
    """The weights on this machine.

    Raises:
        MissingWeightsError: they are not here.
    """
    if weights.path is None:
        file = cached_file(weights.repository, *weights.files)
        if file is None:
            raise missing_model(weights.name)
        return file
    if weights.path.is_dir():
        for name in WEIGHT_FILES:
            if (weights.path / name).is_file():
                return weights.path / name
        raise missing_file(weights.path / WEIGHT_FILES[0])
    if not weights.path.is_file():
        raise missing_file(weights.path)
    return weights.path


def downloads(rest: str) -> list[HubFile]:
    """The files of a model, its weights first; none if it is a path.

    Raises:
        UnknownEncoderError: no such model.
    """
    weights = parse_name(rest)
    if weights.path is not None:
        return []
    files = [HubFile(weights.repository, weights.files)]
    if weights.repository == OFFICIAL_REPOSITORY:
        return [*files, *optional_files(TOKENIZER_REPOSITORIES[0], *_VOCABULARY_FILES)]
    files.append(HubFile(weights.repository, ("config.json",)))
    more = ("preprocessor_config.json", *TOKENIZER_FILES)
    return [*files, *optional_files(weights.repository, *more)]


def named_downloads(rest: str, folder: Path) -> list[HubFile]:
    """None: the files of a CLAP name no others."""
    return []
